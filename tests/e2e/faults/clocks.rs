//! Clocks that are wrong, and that jump: nobody goes by another's clock, and no deadline by one that can be set.

use std::path::{Path, PathBuf};
use std::process::Command;

use scaler_lab::wait_for;

use crate::gates::Gates;
use crate::long::signals::{of_size, slow_pods};
use crate::running::Running;
use crate::world::{Program, Said, World};

/// A wall clock that is as many seconds ahead as a file says, for whoever has it loaded. Every other clock is the machine's.
const SHIFTED: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = syscall(SYS_clock_gettime, clock, time);
  const char *name = getenv("LAB_SHIFT");
  if (result != 0 || clock != CLOCK_REALTIME || name == NULL) return result;
  char text[32] = {0};
  int file = open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0) return result;
  if (read(file, text, sizeof text - 1) > 0) time->tv_sec += atol(text);
  close(file);
  return result;
}
"#;

/// A program's wall clock.
struct Shift(PathBuf);

impl Shift {
    /// From now on the program has a wall clock of its own.
    fn of(program: &mut Program, seconds: i64) -> Shift {
        let folder = program.folder.path().join("clock");
        std::fs::create_dir(&folder).expect("a folder");
        let (source, library) = (folder.join("shifted.c"), folder.join("shifted.so"));
        std::fs::write(&source, SHIFTED).expect("the source");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o"]).args([&library, &source]);
        assert!(compiler.status().expect("`cc` starts: it links this test too").success());
        let shift = Shift(folder.join("shift"));
        shift.to(seconds);
        program.environment.insert("LD_PRELOAD".to_owned(), text(&library));
        program.environment.insert("LAB_SHIFT".to_owned(), text(&shift.0));
        shift
    }

    /// Sets the clock: at once, also for a program that runs.
    fn to(&self, seconds: i64) {
        let new = self.0.with_extension("new");
        std::fs::write(&new, seconds.to_string()).expect("the new shift");
        std::fs::rename(&new, &self.0).expect("the shift is set");
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// Asks for the lock of a run that stands before a gate, and then lets that go on.
fn meets_a_run(world: &mut World, holder: i64, jump: i64, taker: i64) {
    let mut colleague = Program::new(world.program.environment.clone());
    Shift::of(&mut colleague, taker);
    let gates = Gates::before(world);
    let shift = Shift::of(&mut world.program, holder);
    gates.shut("mkdir");
    let running = Running::start(&world.program, &["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]);
    gates.reached("mkdir");
    let lock = world.lock();
    let claimed: jiff::Timestamp = lock["acquired"].as_str().and_then(|text| text.parse().ok()).expect("a time");
    let ahead = claimed.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((ahead - holder).abs() <= 60, "the holder's clock is not {holder} s ahead, but {ahead} s");
    shift.to(jump);
    let more = ["scale-up", "--pool", &world.pool, "--by", "1"];
    for command in [&["resume"][..], &more, &["state", "unlock"]] {
        let said = colleague.run(&[command, &["--yes", "--cluster", &world.url()]].concat());
        assert_eq!(said.code, 4, "{command:?} takes no lock that is alive: {}{}", said.stdout, said.stderr);
    }
    // Its renewals go on as before, and are what keeps it.
    let renewed = wait_for("the lock to be renewed", || Some(world.lock()).filter(|now| now["nonce"] != lock["nonce"]));
    assert_eq!((&renewed["fence"], &renewed["operation"]), (&lock["fence"], &lock["operation"]));
    gates.open("mkdir");
    running.end().ends(0);
    world.is_in_order();
    assert_eq!(world.workers(), [world.node(1), world.node(2)]);
}

#[test]
fn a_holder_behind_a_taker_ahead_and_a_jump_forward() {
    let mut world = of_size(1);
    meets_a_run(&mut world, -120, 3600, 120);
}

#[test]
fn a_holder_ahead_a_taker_behind_and_a_jump_back() {
    let mut world = of_size(1);
    meets_a_run(&mut world, 120, -3600, -120);
}

/// A machine that booted at another time: what counts since then is compared with nobody else's.
#[test]
fn a_machine_that_booted_at_another_time_takes_over_what_another_left() {
    scaler_lab::needs!(Namespaces);
    let world = of_size(2);
    slow_pods(&world, 2, "30s");
    let (mine, url) = (world.node(1), world.url());
    let mut running = Running::start(&world.program, &["scale-down", "--pool", &world.pool, "--node", &mine, "--yes"]);
    running.wait("was asked to leave");
    let colleague = Program::new(world.program.environment.clone());
    let booted = |seconds: &str, args: &[&str]| {
        let inner = colleague.command(&[args, &["--cluster", &url]].concat());
        let mut outer = colleague.command_of(Path::new("unshare"), &["--time", "--boottime", seconds]);
        Said::of(outer.arg(inner.get_program()).args(inner.get_args()).output().expect("`unshare` starts"))
    };
    booted("1000000", &["resume", "--yes"]).ends(4);
    running.signal("KILL");
    drop(running);
    world.nothing_stays();
    world.lock_ages();
    booted("5000000", &["resume", "--yes"]).ends(0).says(&format!("Given back as they were before: {mine}"));
    booted("9000000", &["scale-down", "--pool", &world.pool, "--node", &mine, "--yes"]).ends(0);
    assert_eq!(world.workers(), [world.node(2)]);
    world.is_in_order();
}
