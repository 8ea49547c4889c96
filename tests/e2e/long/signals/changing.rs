//! While the machines that vanished are retired, and while tags change: what was begun is finished, the rest is left.

use scaler_lab::Happening;

use super::{goes_on, of_size};
use crate::gates::Gates;
use crate::running::Running;

const AT_WORK: &str = "interrupted past the point of no return: Terraform goes on to the end of its apply of stack";

#[test]
fn a_retirement_is_finished_and_no_successor_is_made() {
    let mut world = of_size(2);
    world.write(&world.file("min: 2, max: 6", ""));
    let lost = world.node(1);
    world.sandbox.vanish(&world.running()[&lost]);
    world.bridge.wait(&lost, &Happening::Silent);
    let gates = Gates::before(&mut world);
    gates.shut("apply");
    let mut running = Running::start(&world.program, &["apply", "--yes"]);
    gates.reached("apply");
    running.signal("INT");
    running.wait(AT_WORK);
    gates.open("apply");
    running.end().ends(6).says(&format!("{lost}: deleted from Kubernetes")).says("the rest was left undone");
    assert_eq!(gates.calls("apply"), 1, "no machine was begun");
    assert_eq!(world.workers(), [world.node(2)]);
    assert_eq!(world.nodes(), [world.node(2)]);
    world.is_in_order();
    goes_on(&world);
    assert_eq!(world.workers(), [world.node(2), world.node(4)], "the name that was shown before is used up");
}

#[test]
fn tags_are_changed_stack_by_stack() {
    let mut world = of_size(1);
    world.write(&world.file("min: 1, max: 6", "tags: { team: blue }\n"));
    let gates = Gates::before(&mut world);
    gates.shut("apply");
    let mut running = Running::start(&world.program, &["apply", "--yes"]);
    gates.reached("apply");
    running.signal("TERM");
    running.wait(&format!("{AT_WORK} foundation"));
    gates.open("apply");
    running.end().ends(6).says("the rest was left undone");
    assert_eq!(gates.calls("apply"), 1, "the pool's apply was not begun");
    world.is_in_order();
    world.run(&["plan", "--detailed-exitcode"]).ends(2).says("the tags of its machines change");
    goes_on(&world);
    assert_eq!(gates.calls("apply"), 2, "what had changed was left alone");
    world.run(&["plan", "--detailed-exitcode"]).ends(0);
}
