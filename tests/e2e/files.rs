//! Cluster files: bad ones, and `--write`.

use crate::gates::Gates;
use crate::running::Running;
use crate::world::{Program, World};

#[test]
fn a_fixed_pool_names_the_line_to_change_or_changes_it() {
    let world = World::new();
    world.write(&world.file("count: 1  ", "# kept\n"));
    world.apply().ends(0);
    let pool = world.pool.clone();
    world.run(&["scale-up", "--pool", &pool, "--to", "2", "--yes"]).ends(5).says("count: 1").says("--write");
    world.run(&["scale-up", "--pool", &pool, "--to", "2", "--yes", "--write"]).ends(0);
    let text = std::fs::read_to_string(world.path()).expect("the cluster file");
    assert!(text.contains("count: 2") && text.contains("# kept"), "{text}");
    // A copy that is behind what the cluster has is brought up to it.
    world.write(&world.file("count: 1  ", "# kept\n"));
    world.run(&["scale-up", "--pool", &pool, "--to", "2", "--yes", "--write"]).ends(0).says("Nothing to do");
    assert_eq!(std::fs::read_to_string(world.path()).expect("the cluster file"), text);
    assert_eq!(world.workers().len(), 2);
}

#[test]
fn a_count_that_was_written_for_nothing_is_taken_back() {
    let mut world = World::new();
    world.write(&world.file("count: 1", ""));
    world.apply().ends(0);
    let before = std::fs::read_to_string(world.path()).expect("the cluster file");
    let colleague = Program::new(world.program.environment.clone());
    let gates = Gates::before(&mut world);
    gates.shut("show");
    let args = ["scale-up", "--pool", &world.pool, "--to", "2", "--yes", "--write"];
    let running = Running::start(&world.program, &args);
    gates.reached("show");
    let file = world.path().display().to_string();
    colleague.run(&["apply", "-f", &file, "--yes", "--set", "drain.jobs=evict"]).ends(0);
    gates.open("show");
    running.end().ends(5).says("the cluster was changed by another run since this was decided");
    assert_eq!(std::fs::read_to_string(world.path()).expect("the cluster file"), before);
    assert_eq!(world.workers().len(), 1);
    world.is_in_order();
}

#[test]
fn bounds_hold() {
    let world = World::new();
    world.apply().ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "7", "--yes"]).ends(5).says("`max` is 6");
    world.run(&["scale-down", "--pool", &world.pool, "--to", "0", "--yes"]).ends(5).says("`min` is 1");
    assert_eq!(world.workers().len(), 1);
}

#[test]
fn problems_and_notes_are_for_programs_too() {
    let world = World::new();
    world.write(&world.file("min: 3, max: 1", "").replace("zones:", "zoned:"));
    let said = world.run(&["validate", "--output", "json"]).ends(3).says("did you mean `zones`").json();
    assert_eq!(said["valid"], false);
    let problems = said["problems"].as_array().expect("a list");
    assert!(problems.len() == 2 && problems.iter().all(|problem| problem["line"].as_u64() > Some(0)), "{said}");
    world.run(&["init", "aws", "--out", "aws.yml"]).ends(0);
    let text = std::fs::read_to_string(world.folder().join("aws.yml")).expect("a starter");
    let closed = text.lines().filter(|line| !line.contains("adminCidrs")).collect::<Vec<_>>().join("\n");
    std::fs::write(world.folder().join("aws.yml"), closed).expect("a file");
    let said = world.run(&["validate", "-f", "aws.yml", "--output", "json"]).ends(0).json();
    assert!(said["notes"].to_string().contains("adminCidrs"), "{said}");
}

#[test]
fn a_store_of_another_cluster_is_refused() {
    let world = World::new();
    world.apply().ends(0);
    world.write(&world.file("min: 1, max: 6", "").replace(&world.cluster, "other"));
    world.apply().ends(5).says(&world.cluster);
}

#[test]
fn azure_is_validated_and_not_built_yet() {
    let world = World::new();
    world.run(&["init", "azure", "--name", "blue", "--out", "azure.yml"]).ends(0);
    world.run(&["validate", "-f", "azure.yml"]).ends(0);
    world.run(&["plan", "-f", "azure.yml"]).ends(5).says("Azure");
}
