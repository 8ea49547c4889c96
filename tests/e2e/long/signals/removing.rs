//! Past the point of no return: the first signal finishes the work, the second interrupts Terraform once.

use super::{SIGNALS, goes_on, of_size};
use crate::gates::Gates;
use crate::running::Running;
use crate::world::World;

fn removal(world: &World) -> (Running, String, String) {
    let node = world.node(1);
    let id = world.running()[&node].clone();
    let args = ["scale-down", "--pool", &world.pool, "--node", &node, "--yes"];
    (Running::start(&world.program, &args), node, id)
}

#[test]
fn the_first_signal_finishes_and_commits() {
    for name in SIGNALS {
        let mut world = of_size(2);
        let gates = Gates::before(&mut world);
        let id = world.running()[&world.node(1)].clone();
        let trap = gates.trap(&world, &id);
        let (mut running, node, _) = removal(&world);
        trap.sprung();
        running.signal(name);
        running.wait("interrupted past the point of no return: Terraform goes on to the end of its apply");
        trap.let_go();
        running.end().ends(0).says(&format!("{node}: deleted from Kubernetes"));
        assert_eq!(world.workers(), [world.node(2)]);
        assert!(!world.nodes().contains(&node));
        world.is_in_order();
        goes_on(&world);
    }
}

#[test]
fn the_second_signal_interrupts_terraform_and_the_operation_is_named() {
    let mut world = of_size(2);
    let gates = Gates::before(&mut world);
    let id = world.running()[&world.node(1)].clone();
    let trap = gates.trap(&world, &id);
    let (mut running, node, _) = removal(&world);
    trap.sprung();
    running.signal("INT");
    running.wait("a second signal interrupts it in the middle");
    running.signal("INT");
    running.wait("leaves the rest undone");
    running.end().ends(6).says("it was interrupted").says(&format!("pool `{}` were not all removed", world.pool));
    trap.undo();
    world.nothing_stays();
    world.lock_is_free();
    world.record_equals_the_world();
    // The victim stays cordoned: it was emptied for good.
    assert_eq!(world.unschedulable(), [node]);
    let operation = world.lock()["operation"].as_str().expect("an operation").to_owned();
    for args in [vec!["apply"], vec!["scale-up", "--pool", &world.pool, "--to", "3"]] {
        world
            .run(&args)
            .ends(5)
            .says(&operation)
            .says("scale-down")
            .says("tester on ")
            .says("is finished, and removed");
    }
    world.run(&["status"]).ends(0).says(&operation);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]).ends(0).says("with all of it done");
    assert_eq!(world.workers(), [world.node(2), world.node(3)], "first the one goes, and then another comes");
    world.is_in_order();
}

#[test]
fn while_the_machines_end_is_waited_for() {
    for name in SIGNALS {
        let mut world = of_size(2);
        let gates = Gates::before(&mut world);
        let id = world.running()[&world.node(1)].clone();
        gates.undead(&world, &id);
        let (mut running, node, _) = removal(&world);
        running.wait(&format!("machine {id} is running"));
        running.signal(name);
        running.wait(&format!("the end of machine {id} is waited for"));
        gates.die(&world, &id);
        running.end().ends(0).says(&format!("{node}: machine {id} is gone"));
        world.is_in_order();
        goes_on(&world);
    }
}

#[test]
fn a_second_signal_ends_the_waiting_for_a_machine_that_runs_on() {
    let mut world = of_size(2);
    let gates = Gates::before(&mut world);
    let id = world.running()[&world.node(1)].clone();
    gates.undead(&world, &id);
    let (mut running, node, _) = removal(&world);
    running.wait(&format!("machine {id} is running"));
    running.signal("INT");
    running.wait("a second signal ends the waiting");
    running.signal("TERM");
    running.end().ends(6).says(&id).says("the cloud says that it is running");
    world.nothing_stays();
    world.lock_is_free();
    assert!(world.workers().contains(&node), "a death that nobody confirmed is not in the record");
    world.run(&["plan"]).ends(0).says("Not finished:");
    gates.die(&world, &id);
}
