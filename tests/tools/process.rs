//! What becomes of a tool, whatever it does and whoever dies.

use std::process::{Command, Stdio};
use std::time::Duration;

use scaler::adapters::process::{Cancel, Run, Status, StoppedBy, Stream};
use scaler::model::failure::Kind;
use scaler::ops::interrupts::channel;
use scaler::ops::lease::Standing;

use super::support::{Fake, alive, boot, kill, lease, program, wait_until, wait_until_gone};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(200);

/// Ends gracefully at the first SIGINT, and writes down each one.
const GRACEFUL: &str =
    "trap 'echo int >> ints; echo bye; done=1' INT; echo $$ > pid; while [ -z \"$done\" ]; do sleep 0.02; done; exit 0";

/// Ends at SIGKILL only.
const STUBBORN: &str = "trap '' INT TERM; echo $$ > pid; while :; do sleep 0.02; done";

#[tokio::test]
async fn output_and_input_and_the_exit_code_come_through() {
    let fake = Fake::new("cat; echo \"$1,$OWN\" >&2; exit 7");
    let run = Run::new(&fake.program()).args(["a b"]).env("OWN", "x'y").stdin("in\n");
    let finished = run.output().await.unwrap();
    assert_eq!(finished.status, Status::Exited(7));
    assert_eq!(finished.stdout, b"in\n");
    assert_eq!(finished.stderr(), "a b,x'y\n");
    let failure = finished.ok().unwrap_err();
    assert_eq!(failure.to_string(), "`tool a b` failed with exit code 7: a b,x'y");
}

#[tokio::test]
async fn standard_input_is_empty_and_large_input_may_stay_unread() {
    let finished = Run::new(&Fake::new("cat").program()).output().await.unwrap();
    assert_eq!((finished.status, finished.stdout.len()), (Status::Exited(0), 0));
    let finished = Run::new(&Fake::new("exit 3").program()).stdin(vec![b'x'; 1 << 20]).output().await.unwrap();
    assert_eq!(finished.status, Status::Exited(3));
}

#[tokio::test]
async fn a_death_by_signal_is_not_an_exit_code() {
    let finished = Run::new(&Fake::new("kill -SEGV $$").program()).output().await.unwrap();
    assert_eq!(finished.status, Status::Signalled(11));
    assert_eq!(finished.failure().what, "`tool` was ended by SIGSEGV");
    let finished = Run::new(&Fake::new("exit 139").program()).output().await.unwrap();
    assert_eq!(finished.status, Status::Exited(139));
}

#[tokio::test]
async fn what_cannot_start_says_so() {
    let fake = Fake::new("");
    fake.rewrite("#!/no/such/interpreter\n");
    let failure = Run::new(&fake.program()).output().await.unwrap_err();
    assert_eq!(failure.what, "`tool` could not be started");
    assert!(failure.causes[0].contains("No such file"), "{failure}");

    let failure = Run::new(&Fake::new("").program()).dir("/no/such/folder").output().await.unwrap_err();
    assert!(failure.what.contains("/no/such/folder"), "{failure}");
}

#[tokio::test]
async fn a_flood_of_output_is_bounded() {
    let fake = Fake::new("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; echo end >&2; exit 1");
    let failure = Run::new(&fake.program()).output_limit(1_000_000).output().await.unwrap_err();
    assert_eq!(failure.what, "`tool` wrote 2000000 bytes more than the 1000000 that can be read");

    let mut length = 0;
    let finished = Run::new(&fake.program()).lines(|_, line| length += line.len()).await.unwrap();
    assert_eq!(length, 6_000_003);
    assert!(finished.stderr().ends_with("end\n"));
    assert!(finished.stderr().len() < 1_000_000);
}

#[tokio::test]
async fn lines_come_while_the_tool_runs() {
    let fake = Fake::new("echo one; echo two >&2; until [ -e go ]; do sleep 0.02; done; printf last");
    let mut seen = Vec::new();
    let go = fake.path("go");
    Run::new(&fake.program())
        .lines(|stream, line| {
            seen.push((stream, line.to_owned()));
            if seen.len() == 2 {
                std::fs::write(&go, "").unwrap();
            }
        })
        .await
        .unwrap();
    seen[..2].sort_by_key(|(stream, _)| *stream == Stream::Err);
    let expected = [(Stream::Out, "one"), (Stream::Err, "two"), (Stream::Out, "last")];
    assert_eq!(seen, expected.map(|(stream, line)| (stream, line.to_owned())));
}

#[tokio::test]
async fn what_a_tool_leaves_behind_goes_with_it() {
    let stray =
        "sh -c 'trap \"\" TERM INT HUP; echo $$ > NAME; while :; do sleep 0.02; done' </dev/null >/dev/null 2>&1 &";
    let script = format!(
        "{}\nsetsid {}\n(setsid {})\nwhile ! [ -s a ] || ! [ -s b ] || ! [ -s c ]; do sleep 0.02; done; exit 4",
        stray.replace("NAME", "a"),
        stray.replace("NAME", "b"),
        stray.replace("NAME", "c"),
    );
    let fake = Fake::new(&script);
    let finished = Run::new(&fake.program()).output().await.unwrap();
    assert_eq!((finished.status, finished.stopped), (Status::Exited(4), None));
    for name in ["a", "b", "c"] {
        assert!(!alive(fake.pid(name)), "{name} is still there");
    }
}

#[tokio::test]
async fn a_tool_is_in_no_terminals_session() {
    let fake = Fake::new("echo $$; cut -d ' ' -f 5,6,7 /proc/$$/stat");
    let stdout = Run::new(&fake.program()).output().await.unwrap().stdout;
    let text = String::from_utf8(stdout).unwrap();
    let (pid, rest) = text.trim().split_once('\n').unwrap();
    assert_eq!(rest, format!("{pid} {pid} 0"), "group, session and terminal");
}

#[tokio::test]
async fn the_first_signal_stops_a_tool_that_heeds_it() {
    let fake = Fake::new(GRACEFUL);
    let (interrupter, interrupts) = channel();
    let run = Run::new(&fake.program()).stop_time(LONG).cancel(&interrupts, Cancel::First);
    let (finished, ()) = tokio::join!(run.output(), async {
        tokio::task::spawn_blocking(move || (fake.wait_for("pid"), fake)).await.unwrap();
        interrupter.interrupt();
    });
    let finished = finished.unwrap();
    assert_eq!((finished.status, finished.stopped), (Status::Exited(0), Some(StoppedBy::Interrupt)));
    assert_eq!(finished.failure().kind, Kind::Interrupted);
}

#[tokio::test]
async fn a_tool_that_ignores_signals_is_killed_after_its_stop_time() {
    let fake = Fake::new(STUBBORN);
    let (interrupter, interrupts) = channel();
    let run = Run::new(&fake.program()).stop_time(SHORT).cancel(&interrupts, Cancel::First);
    let task = tokio::spawn(run.output());
    let pid = blocking(move || fake.pid("pid")).await;
    interrupter.interrupt();
    let finished = task.await.unwrap().unwrap();
    assert_eq!((finished.status, finished.stopped), (Status::Signalled(9), Some(StoppedBy::Interrupt)));
    assert!(!alive(pid));
}

#[tokio::test]
async fn an_apply_heeds_the_second_signal_once_and_takes_its_time() {
    // It needs far longer than its stop time to end, and must be let.
    let script = "trap 'echo int >> ints' INT; echo $$ > pid; until [ -e go ]; do sleep 0.02; done; exit 0";
    let fake = Fake::new(script);
    let (interrupter, interrupts) = channel();
    let run = Run::new(&fake.program()).stop_time(Duration::ZERO).cancel(&interrupts, Cancel::Second);
    let task = tokio::spawn(run.output());
    let fake = blocking(move || (fake.pid("pid"), fake).1).await;
    interrupter.interrupt();
    tokio::task::yield_now().await;
    assert!(!fake.path("ints").exists());
    interrupter.interrupt();
    let fake = blocking(move || (fake.wait_for("ints"), fake).1).await;
    interrupter.interrupt();
    std::fs::write(fake.path("go"), "").unwrap();
    let finished = task.await.unwrap().unwrap();
    assert_eq!((finished.status, finished.stopped), (Status::Exited(0), Some(StoppedBy::Interrupt)));
    assert_eq!(fake.wait_for("ints"), "int\n");
}

#[tokio::test]
async fn nothing_starts_after_the_signal_or_without_the_lease() {
    let fake = Fake::new("echo ran > ran");
    let (interrupter, interrupts) = channel();
    interrupter.interrupt();
    let failure = Run::new(&fake.program()).cancel(&interrupts, Cancel::First).output().await.unwrap_err();
    assert_eq!(failure.kind, Kind::Interrupted);
    let (lease, _hand) = lease(boot());
    let failure = Run::new(&fake.program()).lease(Some(&lease)).output().await.unwrap_err();
    assert_eq!(failure.kind, Kind::Partial);
    assert!(!fake.path("ran").exists());
    Run::new(&fake.program()).cancel(&interrupts, Cancel::Second).output().await.unwrap();
    assert!(fake.path("ran").exists());
}

#[tokio::test]
async fn a_tool_ends_with_its_lease() {
    let fake = Fake::new(STUBBORN);
    let (lease, _hand) = lease(boot().after(SHORT));
    let finished = Run::new(&fake.program()).stop_time(SHORT).lease(Some(&lease)).output().await.unwrap();
    assert_eq!((finished.status, finished.stopped), (Status::Signalled(9), Some(StoppedBy::LostLease)));
    assert_eq!(finished.failure().kind, Kind::Partial);
}

#[tokio::test]
async fn a_renewed_lease_lets_a_tool_run_on_and_a_lost_one_stops_it() {
    let fake = Fake::new(GRACEFUL);
    let first = boot().after(Duration::from_secs(2));
    let (lease, hand) = lease(first);
    let task = tokio::spawn(Run::new(&fake.program()).stop_time(LONG).lease(Some(&lease)).output());
    hand.send_replace(Standing::Held { deadline: boot().after(LONG) });
    let pid = blocking(move || {
        wait_until(|| (boot() > first.after(SHORT)).then_some(()));
        (fake.pid("pid"), fake)
    })
    .await;
    assert!(alive(pid.0));
    hand.send_replace(Standing::Lost { why: "taken over".into() });
    let finished = task.await.unwrap().unwrap();
    assert_eq!((finished.status, finished.stopped), (Status::Exited(0), Some(StoppedBy::LostLease)));
}

#[tokio::test]
async fn a_dropped_run_stops_its_tool() {
    let fake = Fake::new(GRACEFUL);
    let task = tokio::spawn(Run::new(&fake.program()).stop_time(LONG).output());
    let (pid, fake) = blocking(move || (fake.pid("pid"), fake)).await;
    task.abort();
    blocking(move || wait_until_gone(pid)).await;
    assert_eq!(fake.wait_for("ints"), "int\n");
}

#[tokio::test]
async fn a_child_beside_is_heard_and_stopped() {
    let fake = Fake::new("echo starting; echo ready on 7; exec sleep 1000");
    let mut child = Run::new(&fake.program()).spawn().await.unwrap();
    let port = child.wait_line(|_, line| line.strip_prefix("ready on ").map(str::to_owned)).await.unwrap();
    assert_eq!(port, "7");
    let finished = child.stop().await.unwrap();
    assert_eq!((finished.status, finished.stopped), (Status::Signalled(2), Some(StoppedBy::Interrupt)));

    let fake = Fake::new("echo 'no such cluster' >&2; exit 1");
    let mut child = Run::new(&fake.program()).spawn().await.unwrap();
    let failure = child.wait_line(|_, line| line.contains("ready").then_some(())).await.unwrap_err();
    assert_eq!(failure.to_string(), "`tool` ended too early: `tool` failed with exit code 1: no such cluster");
}

#[tokio::test]
async fn a_dropped_child_goes() {
    let fake = Fake::new(STUBBORN);
    let child = Run::new(&fake.program()).stop_time(SHORT).spawn().await.unwrap();
    let pid = blocking(move || fake.pid("pid")).await;
    drop(child);
    blocking(move || wait_until_gone(pid)).await;
}

#[tokio::test]
async fn a_killed_supervisor_takes_the_tool_with_it() {
    let script = format!(
        "echo $PPID > supervisor; sh -c '{}' &\n{STUBBORN}",
        STUBBORN.replace("''", "\"\"").replace("> pid", "> child")
    );
    let fake = Fake::new(&script);
    let task = tokio::spawn(Run::new(&fake.program()).output());
    let (supervisor, pid, child) = blocking(move || (fake.pid("supervisor"), fake.pid("pid"), fake.pid("child"))).await;
    kill("-KILL", supervisor);
    let failure = task.await.unwrap().unwrap_err();
    assert!(failure.what.contains("was cut off"), "{failure}");
    blocking(move || [pid, child].into_iter().for_each(wait_until_gone)).await;
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// The variable that makes [`play_scaler`] run a tool, and names it.
const PLAY: &str = "SCALER_TEST_PLAYS_WITH";

/// Not a test by itself: the process that the next tests kill. It runs a tool as `scaler` would.
#[tokio::test]
async fn play_scaler() {
    let Some(tool) = std::env::var_os(PLAY) else { return };
    let stop_time = if std::env::var_os("LONG").is_some() { LONG } else { SHORT };
    let _ = Run::new(&program(tool.as_ref())).stop_time(stop_time).lines(|_, _| ()).await;
}

fn start_player(fake: &Fake, shell_prefix: &str, stop_time: &str) -> std::process::Child {
    let this = std::env::current_exe().unwrap();
    let script = format!("{shell_prefix} exec {} --exact process::play_scaler", this.display());
    let mut command = Command::new("sh");
    command.args(["-c", &script]).env(PLAY, fake.path("tool")).env(stop_time, "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn after_kill_9_a_graceful_tool_may_still_say_a_lot_and_save_its_work() {
    // `echo` is the shell's own: without a reader, it is the shell that a broken pipe would end.
    let script = "say() { n=0; while [ $n -lt 2000 ]; do echo \"$n: 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\"; n=$((n+1)); done; }
        trap 'echo int >> ints; say; say >&2; echo saved > saved; exit' INT
        echo $$ > pid; while :; do sleep 0.02; done";
    let fake = Fake::new(script);
    let mut player = start_player(&fake, "", "LONG");
    let pid = fake.pid("pid");
    player.kill().unwrap();
    player.wait().unwrap();
    wait_until_gone(pid);
    assert_eq!(fake.wait_for("saved"), "saved\n");
    assert_eq!(fake.wait_for("ints"), "int\n");
}

#[test]
fn after_kill_9_nothing_stays_however_stubborn() {
    let stubborn = STUBBORN.replace("''", "\"\"");
    let script = format!(
        "sh -c '{}' &\nsetsid sh -c '{}' &\n{STUBBORN}",
        stubborn.replace("> pid", "> child"),
        stubborn.replace("> pid", "> stray")
    );
    let fake = Fake::new(&script);
    let mut player = start_player(&fake, "", "SHORT");
    let pids = ["pid", "child", "stray"].map(|name| fake.pid(name));
    player.kill().unwrap();
    player.wait().unwrap();
    pids.into_iter().for_each(wait_until_gone);
}

#[test]
fn a_tool_can_be_interrupted_even_below_a_shell_that_ignores_the_signal() {
    let fake = Fake::new("echo $$ > pid; exec sleep 1000");
    let mut player = start_player(&fake, "trap '' INT;", "LONG");
    let pid = fake.pid("pid");
    player.kill().unwrap();
    player.wait().unwrap();
    wait_until_gone(pid);
}

#[test]
fn the_supervisor_is_of_no_use_to_people() {
    let output = Command::new(super::support::SUPERVISOR).arg("__supervise").stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "an ended input is a scaler that died");
}
