//! At the question, on a terminal; and where there is none.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use scaler_lab::wait_for;

use super::{goes_on, of_size};
use crate::world::{Said, World};

/// Runs the program on a terminal of its own, waits for the question, and types this.
fn typed(world: &World, args: &[&str], answer: &str) -> Said {
    let program = env!("CARGO_BIN_EXE_scaler");
    // `script` (util-linux) makes the terminal and passes on the exit code.
    let mut command = Command::new("script");
    command.args(["-q", "-e", "-c", &format!("exec {program} {}", args.join(" ")), "/dev/null"]);
    command.current_dir(world.folder()).env_clear().envs(&world.program.environment);
    command.env("SHELL", "/bin/sh").env("TERM", "dumb");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script starts");
    let (mut keyboard, mut screen) = (child.stdin.take().expect("a keyboard"), child.stdout.take().expect("a screen"));
    let shown = Arc::new(Mutex::new(String::new()));
    let onto = shown.clone();
    let reading = std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = screen.read(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            onto.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
        }
    });
    let text = || shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
    wait_for("the question", || {
        ["Only `yes` goes on: ", "Type its name to go on: "].iter().any(|end| text().contains(end)).then_some(())
    });
    keyboard.write_all(answer.as_bytes()).expect("the answer is typed");
    let status = wait_for("the program to end", || child.try_wait().expect("it can be asked for"));
    drop(keyboard);
    reading.join().expect("the screen was read");
    Said { code: status.code().unwrap_or(-1), stdout: String::new(), stderr: text() }
}

/// Each command that changes a cluster, with something to do.
fn changes(world: &World) -> Vec<Vec<String>> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let pool = &world.pool;
    vec![
        words(&format!("apply --set pools.{pool}.min=3")),
        words(&format!("scale-up --pool {pool} --to 3")),
        words(&format!("scale-down --pool {pool} --to 1")),
        words("destroy"),
    ]
}

#[test]
fn ctrl_c_and_no_change_nothing() {
    let world = of_size(2);
    let before = world.record();
    for change in changes(&world) {
        let args: Vec<&str> = change.iter().map(String::as_str).collect();
        typed(&world, &args, "\u{3}").ends(130).says("interrupted at the question; nothing was changed");
        typed(&world, &args, "n\n").ends(5).says("nothing was changed");
        assert_eq!(world.record(), before, "{change:?}");
        world.is_in_order();
    }
    let said = typed(&world, &["scale-up", "--pool", &world.pool, "--to", "3"], "yes\n").ends(0);
    assert!(!said.stderr.contains("nothing was changed"), "{}", said.stderr);
    assert_eq!(world.workers().len(), 3);
    goes_on(&world);
}

#[test]
fn without_a_terminal_no_cluster_is_begun() {
    let world = World::new();
    world.run(&["apply"]).ends(5).says("--yes");
    assert!(world.running().is_empty());
    assert!(!world.folder().join("store/cluster.json").exists());
}

#[test]
fn without_a_terminal_no_command_changes_anything() {
    let world = of_size(2);
    world.run(&["plan", "--set", &format!("pools.{}.min=3", world.pool), "--out", "plan.json"]).ends(0);
    let before = world.record();
    for change in changes(&world) {
        let args: Vec<&str> = change.iter().map(String::as_str).collect();
        world.run(&args).ends(5).says("there is no terminal to ask on, so nothing was changed").says("--yes");
        assert_eq!(world.record(), before, "{change:?}");
        world.is_in_order();
    }
    // `destroy` needs the name beside it.
    world.run(&["destroy", "--yes"]).ends(5).says(&format!("--name {}", world.cluster));
    world.run(&["destroy", "--yes", "--name", "another"]).ends(64).says("nothing was changed");
    assert_eq!(world.record(), before);
    // A PLAN is the consent: it was looked at when it was made.
    world.run(&["apply", "plan.json"]).ends(0);
    assert_eq!(world.workers().len(), 3);
}
