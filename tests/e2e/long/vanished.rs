//! Spot machines that vanish before, during and after the drain of their nodes.

use scaler_lab::Happening;

use crate::gates::Gates;
use crate::running::Running;
use crate::world::{World, workload};

/// A pool of spot machines, with drains that give up soon.
fn spot(size: u32) -> World {
    let world = World::new();
    let file = world.file("min: 1, max: 6, capacity: spot", "");
    world.write(&file.replace("timeout: 60s, totalTimeout: 120s", "timeout: 35s, totalTimeout: 60s"));
    world.apply().ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", &size.to_string(), "--yes"]).ends(0);
    world
}

/// One pod on each node, which takes some seconds to leave.
fn pods(world: &World, count: u32) {
    let namespace = world.k.namespace("spot");
    let text = workload(&namespace, &world.pool, count, count).replace(
        "      terminationGracePeriodSeconds: 1\n",
        "      terminationGracePeriodSeconds: 1\n      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: \
         kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: { matchLabels: { app: web } } }]\n",
    );
    let text = text.replace(
        "labels: { app: web } }\n    spec",
        "labels: { app: web }, annotations: { lab.scaler/terminate-after: \"20s\" } }\n    spec",
    );
    world.k.apply(&text);
    world.wait_ready(&namespace, count as usize);
}

fn vanish(world: &World, node: &str) {
    world.sandbox.vanish(&world.running()[node]);
    world.bridge.wait(node, &Happening::Silent);
}

/// At most one more command, and the record is what the world is.
#[track_caller]
fn settles(world: &World) {
    world.apply().ends(0);
    world.is_in_order();
    let nodes: std::collections::BTreeSet<String> = world.nodes().into_iter().collect();
    assert_eq!(nodes, world.workers().into_iter().collect(), "the Nodes of the cluster");
}

#[test]
fn before_its_removal() {
    let world = spot(3);
    pods(&world, 3);
    let lost = world.node(2);
    vanish(&world, &lost);
    world.run(&["scale-down", "--pool", &world.pool, "--node", &lost, "--yes"]).ends(0).says(&lost);
    assert_eq!(world.workers(), [world.node(1), world.node(3)]);
    assert!(!world.nodes().contains(&lost));
    world.is_in_order();
    settles(&world);
    assert_eq!(world.workers().len(), 2);
}

#[test]
fn during_its_own_drain() {
    let world = spot(2);
    pods(&world, 2);
    let lost = world.node(1);
    let args = ["scale-down", "--pool", &world.pool, "--node", &lost, "--yes"];
    let mut running = Running::start(&world.program, &args);
    running.wait("was asked to leave");
    vanish(&world, &lost);
    // Its pods can no longer end: nobody may call that drained.
    let said = running.end().ends(5).says(&format!("{lost} could not be emptied"));
    assert!(!said.stdout.contains("removed"), "{}", said.stdout);
    assert_eq!(world.unschedulable(), Vec::<String>::new());
    world.lock_is_free();
    settles(&world);
    assert!(!world.workers().contains(&lost));
}

#[test]
fn during_the_drain_of_another_victim() {
    let world = spot(3);
    pods(&world, 3);
    let (lost, other) = (world.node(1), world.node(2));
    let args = ["scale-down", "--pool", &world.pool, "--node", &lost, "--node", &other, "--yes"];
    let mut running = Running::start(&world.program, &args);
    running.wait(&format!("{lost}: "));
    running.wait("was asked to leave");
    vanish(&world, &lost);
    running.end().ends(5).says(&format!("{lost} could not be emptied"));
    assert_eq!(world.unschedulable(), Vec::<String>::new(), "the other victim is given back");
    assert!(world.running().contains_key(&other));
    world.lock_is_free();
    settles(&world);
}

#[test]
fn during_the_drain_of_another_victim_that_may_go_alone() {
    let world = spot(3);
    pods(&world, 3);
    let (lost, other) = (world.node(1), world.node(2));
    let args = ["scale-down", "--pool", &world.pool, "--node", &lost, "--node", &other, "--yes", "--partial"];
    let mut running = Running::start(&world.program, &args);
    running.wait("was asked to leave");
    vanish(&world, &lost);
    running.end().ends(6).says(&format!("not removed, because their drains did not finish: {lost}"));
    assert!(!world.running().contains_key(&other), "the other one went, drained");
    assert!(!world.nodes().contains(&other));
    assert_eq!(world.unschedulable(), Vec::<String>::new());
    world.lock_is_free();
    settles(&world);
}

#[test]
fn after_its_drain() {
    let mut world = spot(3);
    pods(&world, 3);
    let gates = Gates::before(&mut world);
    let (lost, other) = (world.node(1), world.node(2));
    let args = ["scale-down", "--pool", &world.pool, "--node", &lost, "--node", &other, "--yes"];
    let mut running = Running::start(&world.program, &args);
    // The first look is over then, and the next time that a plan is shown is after the drains.
    running.wait("operation ");
    gates.shut("show");
    running.wait(&format!("{lost}: drained"));
    running.wait(&format!("{other}: drained"));
    gates.reached("show");
    vanish(&world, &lost);
    gates.open("show");
    running.end().ends(0).says(&format!("{lost}: deleted from Kubernetes"));
    assert_eq!(world.workers(), [world.node(3)]);
    world.is_in_order();
    settles(&world);
    assert_eq!(world.workers(), [world.node(3)]);
}
