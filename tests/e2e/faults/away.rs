//! The API server is away for half a minute, and comes back.

use std::time::{Duration, Instant};

use scaler_lab::{Fault, FaultProxy, wait_for};

use crate::gates::Gates;
use crate::long::signals::{of_size, slow_pods};
use crate::running::Running;
use crate::world::World;

const AWAY: Duration = Duration::from_secs(30);

/// The world's program reaches the cluster through this.
fn door(world: &mut World) -> FaultProxy {
    let proxy = world.k.proxy();
    let kubeconfig = world.k.kubeconfig_through(&proxy).display().to_string();
    world.program.environment.insert("KUBECONFIG".to_owned(), kubeconfig);
    proxy
}

/// Nobody gets an answer for half a minute, and somebody asked.
#[track_caller]
fn away(proxy: &FaultProxy) {
    away_while(proxy, || {});
}

/// The same, and this is done at its beginning.
#[track_caller]
fn away_while(proxy: &FaultProxy, act: impl FnOnce()) {
    let refused = || proxy.requests().iter().filter(|request| !request.fault.is_empty()).count();
    let (before, began) = (refused(), Instant::now());
    proxy.order(Fault::refuse().always());
    act();
    wait_for("the API server to be away for long, and to be missed", || {
        (began.elapsed() >= AWAY && refused() >= before + 3).then_some(())
    });
    proxy.calm();
}

#[test]
fn a_drain_goes_on_behind_an_api_server_that_was_away() {
    let mut world = of_size(2);
    let proxy = door(&mut world);
    slow_pods(&world, 2, "5s");
    let mine = world.node(1);
    let args = ["scale-down", "--pool", &world.pool, "--node", &mine, "--yes"];
    let mut running = Running::start(&world.program, &args);
    running.wait("was asked to leave");
    away(&proxy);
    running.end().ends(0).says(&format!("{mine}: deleted from Kubernetes"));
    assert_eq!(world.workers(), [world.node(2)]);
    world.is_in_order();
}

#[test]
fn a_new_node_is_waited_for_behind_an_api_server_that_was_away() {
    let mut world = of_size(1);
    let proxy = door(&mut world);
    let new = world.node(2);
    world.bridge.hold(&new);
    let mut running = Running::start(&world.program, &["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]);
    running.wait("waiting for 1 new node to become Ready");
    away(&proxy);
    world.bridge.release(&new);
    running.end().ends(0).says(&format!("{new} is Ready"));
    assert_eq!(world.workers(), [world.node(1), new]);
    world.is_in_order();
}

/// Past the point of no return nothing can be given up: the Node objects of machines that are gone are deleted when the
/// server is back.
#[test]
fn a_removal_is_finished_behind_an_api_server_that_was_away() {
    let mut world = of_size(2);
    let proxy = door(&mut world);
    let gates = Gates::before(&mut world);
    let (node, id) = (world.node(1), world.running()[&world.node(1)].clone());
    let trap = gates.trap(&world, &id);
    let running = Running::start(&world.program, &["scale-down", "--pool", &world.pool, "--node", &node, "--yes"]);
    trap.sprung();
    away_while(&proxy, || trap.let_go());
    running.end().ends(0).says(&format!("{node}: deleted from Kubernetes"));
    assert_eq!(world.workers(), [world.node(2)]);
    assert!(!world.nodes().contains(&node));
    world.is_in_order();
}
