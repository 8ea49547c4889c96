//! While everything goes: pool by pool, and then the foundation. `destroy` again finishes what was begun.

use super::{SIGNALS, of_size, slow_pods};
use crate::gates::{Gates, Trap};
use crate::running::Running;
use crate::world::{World, runs};

const LEFT_UNDONE: &str = "interrupted: what was begun is finished, and the rest was left undone";

fn destroying(world: &World) -> Running {
    Running::start(&world.program, &["destroy", "--yes", "--name", &world.cluster])
}

/// In the middle of the pool's apply.
fn in_the_pools_apply(world: &World, gates: &Gates) -> (Running, Trap) {
    let trap = gates.trap(world, &world.running()[&world.node(1)]);
    let running = destroying(world);
    trap.sprung();
    (running, trap)
}

/// How many machines run: workers, and the control plane.
fn running(world: &World) -> (usize, usize) {
    let all = world.sandbox.machines().into_iter().filter(runs).count();
    let workers = world.running().len();
    (workers, all - workers)
}

/// After a run that destroyed the pool and nothing else.
#[track_caller]
fn the_foundation_stands(world: &World) {
    assert_eq!(running(world), (0, 1));
    assert_ne!(world.record()["destroyed"], true);
    world.is_in_order();
    world.run(&["status"]).ends(0).says(&format!("{}-control-plane-1", world.cluster));
}

/// A `destroy` that nobody disturbs.
#[track_caller]
fn finishes(world: &World) {
    destroying(world).end().ends(0);
    assert_eq!(running(world), (0, 0));
    assert_eq!(world.record()["destroyed"], true);
    assert_eq!(world.nodes(), Vec::<String>::new());
    world.is_in_order();
}

#[test]
fn while_pods_leave_everything_is_given_back() {
    let world = of_size(1);
    slow_pods(&world, 1, "10s");
    let node = world.node(1);
    for name in SIGNALS {
        let mut run = destroying(&world);
        run.wait("was asked to leave");
        run.signal(name);
        let said = run.end().ends(130).says("interrupted").says("no machine was made or destroyed");
        said.says(&format!("given back as they were before: {node}"));
        assert_eq!(running(&world), (1, 1));
        world.is_in_order();
    }
    finishes(&world);
}

#[test]
fn in_a_pools_apply_the_first_signal_finishes_the_pool() {
    for name in SIGNALS {
        let mut world = of_size(1);
        let gates = Gates::before(&mut world);
        let (mut run, trap) = in_the_pools_apply(&world, &gates);
        run.signal(name);
        run.wait("interrupted past the point of no return: Terraform goes on to the end of its apply of stack pool-");
        trap.let_go();
        let node = world.node(1);
        let said = run.end().ends(6).says(&format!("{node}: deleted from Kubernetes"));
        said.says(LEFT_UNDONE).says("run scaler destroy again");
        assert_eq!(gates.calls("apply"), 1, "the foundation's apply was not begun");
        the_foundation_stands(&world);
        finishes(&world);
    }
}

#[test]
fn in_a_pools_apply_the_second_signal_interrupts_terraform() {
    let mut world = of_size(1);
    let gates = Gates::before(&mut world);
    let (mut run, trap) = in_the_pools_apply(&world, &gates);
    run.signal("INT");
    run.wait("a second signal interrupts it in the middle");
    run.signal("TERM");
    run.wait("leaves the rest undone");
    let said = run.end().ends(6).says(&format!("stack pool-{} was not destroyed in whole", world.pool));
    said.says("run scaler destroy again");
    trap.undo();
    world.nothing_stays();
    world.lock_is_free();
    world.record_equals_the_world();
    assert_eq!(running(&world), (1, 1));
    finishes(&world);
}

#[test]
fn between_the_pool_and_the_foundation() {
    for name in SIGNALS {
        let mut world = of_size(1);
        let gates = Gates::before(&mut world);
        let (run, trap) = in_the_pools_apply(&world, &gates);
        gates.shut("plan");
        trap.let_go();
        gates.reached("plan");
        run.signal(name);
        run.end().ends(6).says(LEFT_UNDONE).says("run scaler destroy again");
        gates.open("plan");
        assert_eq!(gates.calls("apply"), 1, "the foundation's apply was not begun");
        the_foundation_stands(&world);
        finishes(&world);
    }
}

#[test]
fn in_the_foundations_apply_the_first_signal_finishes_all() {
    let mut world = of_size(1);
    let gates = Gates::before(&mut world);
    let (mut run, trap) = in_the_pools_apply(&world, &gates);
    gates.shut("apply");
    trap.let_go();
    gates.reached("apply");
    run.signal("TERM");
    run.wait("Terraform goes on to the end of its apply of stack foundation");
    gates.open("apply");
    run.end().ends(0);
    assert_eq!(running(&world), (0, 0));
    assert_eq!(world.record()["destroyed"], true);
    world.is_in_order();
}
