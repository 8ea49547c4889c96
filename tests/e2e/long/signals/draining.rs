//! From the first cordon to the point of no return: everything is given back.

use std::time::Duration;

use scaler_lab::{Fault, Matcher, wait_for};

use super::{SIGNALS, goes_on, of_size, slow_pods};
use crate::gates::Gates;
use crate::running::Running;
use crate::world::{Said, World};

/// What is so after any of these interruptions.
#[track_caller]
fn given_back(world: &World, said: Said, nodes: &[String]) {
    let said = said.ends(130).says("no machine was made or destroyed");
    for node in nodes {
        said.stderr.contains("given back as they were before").then_some(()).expect(&said.stderr);
        assert!(said.stderr.contains(&format!("{node}: uncordoned")), "{}", said.stderr);
    }
    assert_eq!(world.running().len(), 2);
    world.is_in_order();
}

#[test]
fn while_a_node_is_cordoned() {
    let mut world = of_size(2);
    let proxy = world.k.proxy();
    let kubeconfig = world.k.kubeconfig_through(&proxy).display().to_string();
    world.program.environment.insert("KUBECONFIG".to_owned(), kubeconfig);
    let node = world.node(1);
    for (name, nth) in SIGNALS.iter().zip(1..) {
        let path = format!("/api/v1/nodes/{node}");
        let cordons = Matcher::any().method("PATCH").path(&path);
        proxy.order(Fault::slow(Duration::from_secs(3)).when(cordons));
        let args = ["scale-down", "--pool", &world.pool, "--node", &node, "--yes"];
        let running = Running::start(&world.program, &args);
        let slow = || proxy.requests().iter().filter(|one| one.method == "PATCH" && !one.fault.is_empty()).count();
        wait_for("the cordon to be under way", || (slow() == nth).then_some(()));
        running.signal(name);
        given_back(&world, running.end(), std::slice::from_ref(&node));
    }
    goes_on(&world);
}

#[test]
fn while_pods_leave() {
    for name in SIGNALS {
        let world = of_size(2);
        slow_pods(&world, 2, "30s");
        let node = world.node(1);
        let mut running =
            Running::start(&world.program, &["scale-down", "--pool", &world.pool, "--node", &node, "--yes"]);
        running.wait("was asked to leave");
        running.signal(name);
        given_back(&world, running.end(), &[node]);
        goes_on(&world);
    }
}

#[test]
fn a_node_that_its_operator_had_cordoned_stays_so() {
    let world = of_size(2);
    slow_pods(&world, 2, "30s");
    let node = world.node(1);
    world.k.kubectl(["cordon", &node]);
    let args = ["scale-down", "--pool", &world.pool, "--node", &node, "--yes"];
    let mut running = Running::start(&world.program, &args);
    running.wait("was asked to leave");
    running.signal("INT");
    running.end().ends(130);
    assert_eq!(world.unschedulable(), std::slice::from_ref(&node));
    let found = world.k.get(&format!("/api/v1/nodes/{node}"));
    assert!(found["metadata"]["annotations"]["scaler/operation"].is_null(), "{found}");
}

#[test]
fn while_terraform_plans_the_removal() {
    let mut world = of_size(2);
    let gates = Gates::before(&mut world);
    for name in SIGNALS {
        let node = world.node(1);
        let args = ["scale-down", "--pool", &world.pool, "--node", &node, "--yes"];
        let mut running = Running::start(&world.program, &args);
        running.wait("operation ");
        gates.shut("plan");
        gates.reached("plan");
        running.signal(name);
        given_back(&world, running.end().says("interrupted"), &[node]);
        gates.open("plan");
    }
    goes_on(&world);
}

#[test]
fn after_the_guard_and_before_the_point_of_no_return() {
    let mut world = of_size(2);
    let proxy = world.k.proxy();
    let kubeconfig = world.k.kubeconfig_through(&proxy).display().to_string();
    world.program.environment.insert("KUBECONFIG".to_owned(), kubeconfig);
    let gates = Gates::before(&mut world);
    for (name, nth) in SIGNALS.iter().zip(1..) {
        let node = world.node(1);
        let args = ["scale-down", "--pool", &world.pool, "--node", &node, "--yes"];
        let mut running = Running::start(&world.program, &args);
        running.wait("operation ");
        gates.shut("show");
        // The last thing that Terraform is asked before the last look at the node.
        gates.reached("show");
        let look = Matcher::any().method("GET").path(&format!("spec.nodeName%3D{node}"));
        proxy.order(Fault::slow(Duration::from_secs(4)).when(look));
        gates.open("show");
        let slow = || proxy.requests().iter().filter(|one| !one.fault.is_empty()).count();
        wait_for("the last look to be under way", || (slow() == nth).then_some(()));
        running.signal(name);
        given_back(&world, running.end(), &[node]);
        assert_eq!(gates.calls("apply"), 0, "Terraform was never told to apply");
    }
    goes_on(&world);
}
