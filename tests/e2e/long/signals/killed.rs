//! `kill -9`: nothing of the run stays, and the next command names what it left.

use std::time::Instant;

use scaler::adapters::process::STOP_TIME;
use scaler_lab::wait_for;

use super::{of_size, slow_pods};
use crate::gates::Gates;
use crate::running::Running;
use crate::world::World;

/// Terraform's state of the pool, which nobody holds.
#[track_caller]
fn state(world: &World) -> serde_json::Value {
    let folder = world.folder().join("store/terraform");
    let names = std::fs::read_dir(&folder).expect("states").flatten();
    let locks: Vec<_> =
        names.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().contains("lock.info")).collect();
    assert!(locks.is_empty(), "Terraform's own lock stays: {locks:?}");
    let text = std::fs::read(folder.join(format!("pool-{}.tfstate", world.pool))).expect("a state");
    serde_json::from_slice(&text).expect("the state is whole")
}

/// Kills the run. What it had started has ended within the stop time of a tool, which is far more than one needs that is
/// interrupted at once.
#[track_caller]
fn kill(world: &World, running: Running) {
    assert!(world.processes().len() > 1, "tools of the run are seen");
    let from = Instant::now();
    running.signal("KILL");
    world.nothing_stays();
    let took = from.elapsed();
    assert!(took < STOP_TIME, "what it had started took {took:?} to end");
}

/// While its lease lives the lock keeps others away; then they read whose it was, and what was left undone.
#[track_caller]
fn is_named(world: &World, command: &str) {
    let operation = world.lock()["operation"].as_str().expect("an operation").to_owned();
    let host = world.lock()["holder"]["host"].as_str().expect("a host").to_owned();
    let holder = format!("tester on {host} (pid ");
    let args = ["scale-up", "--pool", &world.pool, "--to", "5", "--yes"];
    world.run(&args).ends(4).says(&holder).says(command).says(&operation);
    world.run(&["plan"]).ends(0).says("At work:").says(&operation);
    let look = ["resume", "--dry-run"];
    let said = wait_for("the lease to run out", || Some(world.run(&look)).filter(|said| said.code != 4));
    said.ends(0).says(&holder).says(command).says(&operation).says("was not finished");
    world.run(&["status"]).ends(0).says(&operation).says("is finished, and");
}

#[test]
fn while_terraform_makes_a_machine() {
    let mut world = of_size(1);
    let gates = Gates::before(&mut world);
    let serial = state(&world)["serial"].as_u64();
    gates.shut("mkdir");
    let running = Running::start(&world.program, &["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]);
    gates.reached("mkdir");
    // The gate stays shut: what ends here is interrupted.
    kill(&world, running);
    assert!(state(&world)["serial"].as_u64() > serial, "what was begun is in the state");
    is_named(&world, "scaler scale-up");
    gates.open("mkdir");
    // Its making was broken off before the machine was there: the name is used up.
    world.run(&["resume", "--yes"]).ends(6).says("was made, and is gone again");
    world.apply().ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]).ends(0);
    assert_eq!(world.workers(), [world.node(1), world.node(3)]);
    world.is_in_order();
}

#[test]
fn while_terraform_removes_a_machine() {
    let mut world = of_size(2);
    let gates = Gates::before(&mut world);
    let node = world.node(1);
    let id = world.running()[&node].clone();
    let trap = gates.trap(&world, &id);
    let args = ["scale-down", "--pool", &world.pool, "--node", &node, "--yes"];
    let running = Running::start(&world.program, &args);
    trap.sprung();
    kill(&world, running);
    trap.undo();
    state(&world);
    assert_eq!(world.unschedulable(), [node], "past the point of no return a victim stays cordoned");
    is_named(&world, "scaler scale-down");
    assert_eq!(world.running().len(), 2, "the interrupted destruction did not happen");
    world.run(&["resume", "--yes"]).ends(0).says("Removed: ").says("with all of it done");
    assert_eq!(world.workers(), [world.node(2)]);
    world.is_in_order();
}

#[test]
fn while_pods_leave_and_no_terraform_runs() {
    let world = of_size(2);
    slow_pods(&world, 2, "30s");
    let args = ["scale-down", "--pool", &world.pool, "--node", &world.node(1), "--yes"];
    let mut running = Running::start(&world.program, &args);
    running.wait("was asked to leave");
    kill(&world, running);
    // Its lock is live for a while yet: nobody can tell a dead run from a slow one before that.
    let args = ["scale-up", "--pool", &world.pool, "--to", "3", "--yes"];
    world.run(&args).ends(4).says("tester on ").says("scale-down");
    assert_eq!(world.running().len(), 2, "nothing was destroyed");
}

#[test]
fn while_it_looks() {
    let mut world = of_size(1);
    let gates = Gates::before(&mut world);
    world.write(&world.file("min: 2, max: 6", ""));
    gates.shut("init");
    let running = Running::start(&world.program, &["plan"]);
    gates.reached("init");
    wait_for("two temporary folders", || {
        let entries = std::fs::read_dir(world.folder().join("tmp")).expect("a folder");
        (entries.count() >= 2).then_some(())
    });
    kill(&world, running);
    gates.open("init");
    world.run(&["plan"]).ends(0);
}
