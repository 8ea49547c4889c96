//! The machine sleeps through its lease, with everything on it, in the middle of an apply.

use std::process::Command;

use scaler_lab::wait_for;

use crate::gates::Gates;
use crate::running::Running;
use crate::world::{Program, World};

/// Sends a signal to each of these processes. Tells whether all were there.
fn signal(name: &str, processes: &[String]) -> bool {
    assert!(!processes.is_empty());
    let sent = Command::new("kill").arg(format!("-{name}")).args(processes).status();
    sent.expect("kill runs").success()
}

/// The ids of everything that works for this world.
fn everything(world: &World) -> Vec<String> {
    let of_line = |line: String| line.trim_start_matches("/proc/").split(':').next().map(str::to_owned);
    world.processes().into_iter().filter_map(of_line).collect()
}

/// Another finishes the operation meanwhile. What wakes is ended before it makes anything, and writes nothing.
#[test]
fn whoever_wakes_in_the_middle_of_an_apply_makes_nothing() {
    scaler_lab::needs!(Moto);
    let mut world = World::on_s3();
    world.apply().ends(0);
    let elsewhere = Program::new(world.program.environment.clone());
    let gates = Gates::before(&mut world);
    gates.shut("mkdir");
    let running = Running::start(&world.program, &["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]);
    gates.reached("mkdir");
    // The shells that wait before the gate are among them: nothing of it runs on.
    let asleep = wait_for("all of it to sleep", || {
        let all = everything(&world);
        // One that was just ending is not there any more.
        signal("STOP", &all).then_some(all)
    });
    let resume = ["resume", "--yes", "--cluster", &world.url()];
    elsewhere.run(&resume).ends(4);
    let settled = wait_for("the sleeper's lease to run out, and its tools' time", || {
        Some(elsewhere.run(&resume)).filter(|said| said.code != 4)
    });
    settled.ends(0).says("with all of it done");
    let made = world.running();
    assert_eq!(made.len(), 2, "{made:?}");
    let state = format!("terraform/pool-{}.tfstate", world.pool);
    let before = (world.record(), world.lock(), world.text(&state), world.keys());
    // Who wakes first may end another before its turn comes.
    signal("CONT", &asleep);
    running.end().ends(6).says("the cluster's lock was lost");
    gates.open("mkdir");
    world.nothing_stays();
    assert_eq!((world.record(), world.lock(), world.text(&state), world.keys()), before, "who woke wrote nothing");
    assert_eq!(world.running(), made, "and made nothing");
    world.is_in_order();
    world.run(&["plan", "--detailed-exitcode"]).ends(0);
}
