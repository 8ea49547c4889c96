//! A run that stood still for longer than its lease, and wakes after another has settled what it left.

use scaler_lab::wait_for;

use crate::long::signals::{of_size, slow_pods};
use crate::running::Running;
use crate::world::Program;

#[test]
fn who_wakes_after_a_take_over_changes_nothing() {
    let world = of_size(2);
    slow_pods(&world, 2, "30s");
    let mine = world.node(1);
    let args = ["scale-down", "--pool", &world.pool, "--node", &mine, "--yes"];
    let mut running = Running::start(&world.program, &args);
    running.wait("was asked to leave");
    running.signal("STOP");
    let elsewhere = Program::new(world.program.environment.clone());
    let resume = ["resume", "--yes", "--cluster", &world.url()];
    // As long as its lease may live it is somebody at work, who stands still or not.
    elsewhere.run(&resume).ends(4).says("tester on ");
    assert_eq!(world.unschedulable(), std::slice::from_ref(&mine));
    let settled =
        wait_for("the lease to run out", || Some(elsewhere.run(&resume)).filter(|said| said.code != 4)).ends(0);
    settled.says(&format!("Given back as they were before: {mine}")).says("with nothing changed");
    assert_eq!(world.unschedulable(), Vec::<String>::new());
    let (record, lock) = (world.record(), world.lock());
    running.signal("CONT");
    running.end().ends(6).says("the cluster's lock was lost");
    assert_eq!((world.record(), world.lock()), (record, lock), "who woke wrote nothing");
    assert_eq!(world.unschedulable(), Vec::<String>::new(), "and cordoned nothing");
    assert_eq!(world.running().len(), 2);
    world.is_in_order();
    world.run(&args).ends(0);
    assert_eq!(world.workers(), [world.node(2)]);
    world.is_in_order();
}

/// A way to a server that is not there.
const NOBODY: &str = "apiVersion: v1\nkind: Config\ncurrent-context: x\n\
    clusters: [{ name: x, cluster: { server: 'https://127.0.0.1:1' } }]\n\
    contexts: [{ name: x, context: { cluster: x, user: x } }]\nusers: [{ name: x, user: {} }]\n";

#[test]
fn what_cannot_be_settled_goes_with_everything_else() {
    let world = of_size(2);
    slow_pods(&world, 2, "30s");
    let mut running =
        Running::start(&world.program, &["scale-down", "--pool", &world.pool, "--node", &world.node(1), "--yes"]);
    running.wait("was asked to leave");
    running.signal("KILL");
    world.nothing_stays();
    drop(running);
    world.lock_ages();
    // The control plane has gone for good, say: nothing can be given back there.
    let kubeconfig = world.folder().join("dead");
    std::fs::write(&kubeconfig, NOBODY).expect("a kubeconfig");
    let dead = ["--kubeconfig", kubeconfig.to_str().expect("a path")];
    let run = |args: &[&str]| world.run(&[args, &dead].concat());
    run(&["resume", "--yes"]).ends(5).says("the cluster cannot be reached, and nodes of it are to be given back");
    run(&["apply", "--yes"]).ends(5).says("and nodes of it are to be given back");
    assert_eq!(world.running().len(), 2);
    run(&["destroy", "--yes", "--name", "another"]).ends(64);
    assert_eq!(world.running().len(), 2);
    run(&["destroy", "--yes", "--name", &world.cluster]).ends(0).says("it is given up when everything is agreed to go");
    assert_eq!(world.running().len(), 0);
    assert_eq!(world.record()["destroyed"], true);
    world.lock_is_free();
    world.nothing_stays();
}
