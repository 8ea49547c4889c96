//! Who waits for another's run, and what becomes of it.

use crate::gates::Gates;
use crate::running::Running;
use crate::world::{Program, World};

#[test]
fn who_waited_looks_again_and_goes_on() {
    let mut world = World::new();
    world.apply().ends(0);
    let file = world.path().display().to_string();
    let colleague = Program::new(world.program.environment.clone());
    let gates = Gates::before(&mut world);
    gates.shut("mkdir");
    let first = Running::start(&world.program, &["scale-up", "--pool", &world.pool, "--by", "1", "--yes"]);
    gates.reached("mkdir");
    let wait = ["scale-up", "-f", &file, "--pool", &world.pool, "--by", "1", "--yes", "--lock-timeout", "5m"];
    let mut second = Running::start(&colleague, &wait);
    second.wait("waiting for the cluster's lock: tester on ");
    gates.open("mkdir");
    first.end().ends(0);
    let said = second.end().ends(0);
    let said = said.says("the cluster was changed by another run since this was decided; looking again");
    // One more than the first left, not than there were when the second was decided at first.
    assert!(said.stderr.contains("2 -> 3"), "{}", said.stderr);
    assert_eq!(world.workers(), [world.node(1), world.node(2), world.node(3)]);
    world.is_in_order();
}
