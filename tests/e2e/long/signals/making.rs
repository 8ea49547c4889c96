//! While machines are made, and until their nodes are Ready.

use super::{SIGNALS, goes_on, of_size};
use crate::gates::Gates;
use crate::running::Running;
use crate::world::World;

const AT_WORK: &str = "interrupted past the point of no return";

#[test]
fn the_first_signal_lets_terraform_finish() {
    for name in SIGNALS {
        let mut world = of_size(1);
        let gates = Gates::before(&mut world);
        let new = world.node(2);
        world.bridge.hold(&new);
        gates.shut("mkdir");
        let args = ["scale-up", "--pool", &world.pool, "--to", "2", "--yes"];
        let mut running = Running::start(&world.program, &args);
        gates.reached("mkdir");
        running.signal(name);
        running.wait(AT_WORK);
        gates.open("mkdir");
        let said = running.end().ends(6).says(&new).says("interrupted before they were Ready");
        assert!(said.stdout.is_empty() || said.stdout.contains(&new), "{said:?}");
        assert_eq!(world.workers(), [world.node(1), new.clone()], "what was made is in the record");
        world.is_in_order();
        world.bridge.release(&new);
        world.k.wait_ready(&new);
        goes_on(&world);
    }
}

#[test]
fn the_second_signal_interrupts_terraform_and_says_what_that_means() {
    let mut world = of_size(1);
    let gates = Gates::before(&mut world);
    gates.shut("mkdir");
    let mut running = Running::start(&world.program, &["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]);
    gates.reached("mkdir");
    running.signal("INT");
    running.wait(AT_WORK);
    running.signal("INT");
    running.wait("Terraform is interrupted in its apply of stack pool-");
    running.end().ends(6).says("it was interrupted").says("scaler status");
    gates.open("mkdir");
    world.nothing_stays();
    world.lock_is_free();
    assert_eq!(world.running().len(), 1, "no machine was made that nobody knows of");
    // What Terraform had begun is in its state; the next command clears it up and makes what is missing.
    world.run(&["plan"]).ends(0);
    world.apply().ends(0);
    world.record_equals_the_world();
}

#[test]
fn while_new_nodes_are_waited_for() {
    for name in SIGNALS {
        let world = of_size(1);
        let new = world.node(2);
        world.bridge.hold(&new);
        let args = ["scale-up", "--pool", &world.pool, "--to", "2", "--yes"];
        let mut running = Running::start(&world.program, &args);
        running.wait("waiting for 1 new node to become Ready");
        running.signal(name);
        running.end().ends(6).says("made, but not joined").says("interrupted before they were Ready");
        world.is_in_order();
        assert_eq!(world.workers().len(), 2);
        world.run(&["scale-down", "--pool", &world.pool, "--node", &new, "--yes"]).ends(0);
        world.is_in_order();
    }
}

#[test]
fn in_the_first_apply_of_a_cluster() {
    let mut world = World::new();
    let gates = Gates::before(&mut world);
    gates.shut("plan");
    // The first plan is the one that is shown.
    let running = Running::start(&world.program, &["apply", "--yes"]);
    gates.reached("plan");
    running.signal("INT");
    running.end().ends(130).says("nothing was changed");
    gates.open("plan");
    assert!(!world.folder().join("store/cluster.json").exists());
    gates.shut("apply");
    let running = Running::start(&world.program, &["apply", "--yes"]);
    gates.reached("apply");
    running.signal("TERM");
    gates.open("apply");
    running.end().ends(6).says("interrupted before the point of no return");
    assert_eq!(world.running().len(), 0, "no worker was begun");
    world.nothing_stays();
    world.lock_is_free();
    goes_on(&world);
    assert_eq!(world.workers().len(), 1);
}
