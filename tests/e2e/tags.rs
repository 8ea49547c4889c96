//! A change of the cluster file's `tags`, on its way through the stacks.

use std::collections::BTreeSet;

use scaler_lab::Happening;
use serde_json::Value;

use crate::broken::Broken;
use crate::world::{World, runs};

/// What the states say of the tag `team`, on every machine of a stack.
fn teams(world: &World, stack: &str) -> BTreeSet<String> {
    let path = world.folder().join(format!("store/terraform/{stack}.tfstate"));
    let state: Value = serde_json::from_slice(&std::fs::read(path).expect("a state")).expect("JSON");
    let resources = state["resources"].as_array().expect("a list");
    let machines = resources.iter().flat_map(|resource| resource["instances"].as_array().expect("a list"));
    let tags = machines.map(|machine| &machine["attributes"]["input"]["value"]["machine"]["tags"]);
    tags.filter(|tags| tags.is_object()).map(|tags| tags["team"].as_str().unwrap_or("none").to_owned()).collect()
}

fn only(team: &str) -> BTreeSet<String> {
    BTreeSet::from([team.to_owned()])
}

fn with_team(world: &World, size: &str, extra: &str, team: &str) {
    world.write(&world.file(size, &format!("{extra}tags: {{ team: {team} }}\n")));
}

#[test]
fn a_pool_that_failed_gets_its_tags_with_the_next_apply() {
    let mut world = World::new();
    let broken = Broken::before(&mut world);
    let other = format!("{}x", world.pool);
    let second = format!("  - {{ name: {other}, machine: small, image: {{ id: base }}, min: 1, max: 2 }}\n");
    let (first_stack, stack) = (format!("pool-{}", world.pool), format!("pool-{other}"));
    with_team(&world, "min: 1, max: 6", &second, "red");
    world.apply().ends(0);
    with_team(&world, "min: 1, max: 6", &second, "blue");
    broken.fail(&stack);
    world.apply().ends(6);
    assert_eq!((teams(&world, &first_stack), teams(&world, &stack)), (only("blue"), only("red")));
    broken.mend();
    world.run(&["plan", "--detailed-exitcode"]).ends(2).says("the tags of its machines change");
    // What does not change tags is not held up by them.
    world.run(&["scale-up", "--pool", &other, "--to", "2", "--yes"]).ends(0);
    assert_eq!(teams(&world, &stack), only("red"));
    world.apply().ends(0);
    assert_eq!(teams(&world, &stack), only("blue"));
    world.run(&["plan", "--detailed-exitcode"]).ends(0);
}

#[test]
fn tags_change_though_a_machine_has_vanished() {
    let world = World::new();
    with_team(&world, "min: 2, max: 6", "", "red");
    world.apply().ends(0);
    let lost = world.node(1);
    world.sandbox.vanish(&world.running()[&lost]);
    world.bridge.wait(&lost, &Happening::Silent);
    with_team(&world, "min: 2, max: 6", "", "blue");
    let said = world.run(&["apply", "--yes", "--output", "json"]).ends(0).json();
    assert_eq!(said["added"], serde_json::json!([world.node(3)]), "the control plane is not new");
    assert_eq!(world.workers(), [world.node(2), world.node(3)]);
    for stack in ["foundation".to_owned(), format!("pool-{}", world.pool)] {
        assert_eq!(teams(&world, &stack), only("blue"), "{stack}");
    }
    world.run(&["plan", "--detailed-exitcode"]).ends(0);
    world.is_in_order();
}

#[test]
fn a_scale_leaves_the_tags_to_apply() {
    let world = World::new();
    with_team(&world, "min: 0, max: 6", "", "red");
    world.apply().ends(0);
    with_team(&world, "min: 0, max: 6", "", "blue");
    world.run(&["scale-up", "--pool", &world.pool, "--to", "1", "--yes"]).ends(0);
    assert_eq!(world.sandbox.machines().iter().filter(|machine| runs(machine)).count(), 2);
    world.apply().ends(0);
    for stack in ["foundation".to_owned(), format!("pool-{}", world.pool)] {
        assert_eq!(teams(&world, &stack), only("blue"), "{stack}");
    }
    world.run(&["plan", "--detailed-exitcode"]).ends(0);
}
