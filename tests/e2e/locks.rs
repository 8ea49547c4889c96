//! Stale plans, and clusters that are not the record's.

use crate::gates::Gates;
use crate::running::Running;
use crate::world::{Program, World};

#[test]
fn a_stale_plan_is_refused() {
    let world = World::new();
    world.apply().ends(0);
    world.write(&world.file("min: 2, max: 6", ""));
    world.run(&["plan", "--out", "plan.json"]).ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "3", "--yes"]).ends(0);
    world.run(&["apply", "plan.json"]).ends(5).says("stale");
    assert_eq!(world.workers().len(), 3);
}

#[test]
fn a_plan_is_bound_to_the_states_serials() {
    let world = World::new();
    world.apply().ends(0);
    world.write(&world.file("min: 2, max: 6", ""));
    world.run(&["plan", "--out", "plan.json"]).ends(0);
    let stacks = ["foundation".to_owned(), format!("pool-{}", world.pool)];
    for stack in stacks {
        let path = world.folder().join(format!("store/terraform/{stack}.tfstate"));
        let text = std::fs::read(&path).expect("a state");
        let mut state: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        state["serial"] = (state["serial"].as_u64().expect("a serial") + 1).into();
        std::fs::write(&path, state.to_string()).expect("the state is written");
        let before = world.record();
        let said = world.run(&["apply", "plan.json"]).ends(5);
        said.says("the plan is stale").says(&format!("the state of stack {stack} was written since"));
        assert_eq!(world.record(), before);
        assert_eq!(std::fs::read_to_string(&path).expect("a state"), state.to_string());
        world.is_in_order();
        std::fs::write(&path, text).expect("the state is put back");
    }
    world.run(&["apply", "plan.json"]).ends(0);
    assert_eq!(world.workers().len(), 2);
}

#[test]
fn a_plan_cannot_be_turned_into_a_destroy() {
    let world = World::new();
    world.apply().ends(0);
    world.write(&world.file("min: 2, max: 6", ""));
    world.run(&["plan", "--out", "plan.json"]).ends(0);
    let path = world.folder().join("plan.json");
    let mut plan: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("a plan")).expect("JSON");
    // As a whole plan of it would be, so that nothing else about it is amiss.
    let nodes = world.record()["pools"][&world.pool]["nodes"].as_object().expect("nodes").clone();
    let standing = world.k.get(&format!("/api/v1/nodes/{}", world.node(1)));
    let removals: Vec<_> = nodes
        .iter()
        .map(|(name, node)| {
            serde_json::json!({ "node": name, "machineId": node["machineId"],
                "nodeUid": standing["metadata"]["uid"], "way": "destroyed", "reason": "" })
        })
        .collect();
    plan["plan"]["request"] = serde_json::json!({ "do": "destroy" });
    plan["plan"]["pools"][0]["additions"] = serde_json::json!({});
    plan["plan"]["pools"][0]["removals"] = removals.into();
    std::fs::write(&path, plan.to_string()).expect("the plan is written");
    world.run(&["apply", "plan.json", "--yes"]).ends(5).says("asks for something else than `apply`");
    assert_eq!(world.running().len(), 1);
}

#[test]
fn a_fresh_plan_is_applied_as_it_was_shown() {
    let world = World::new();
    world.apply().ends(0);
    world.write(&world.file("min: 2, max: 6", ""));
    world.run(&["plan", "--out", "plan.json"]).ends(0);
    world.run(&["apply", "plan.json"]).ends(0);
    assert_eq!(world.workers().len(), 2);
}

#[test]
fn another_clusters_kubeconfig_is_refused() {
    let world = World::new();
    world.apply().ends(0);
    let path = world.folder().join("store/cluster.json");
    let text = std::fs::read_to_string(&path).expect("a record");
    let mut record: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    record["kubeSystemUid"] = "another".into();
    std::fs::write(&path, record.to_string()).expect("the record is written");
    world.run(&["plan"]).ends(5).says("another cluster");
}

/// A run that adds a second worker stands before a gate while it makes the machine. Also gives the gates, and a colleague
/// who meets none.
fn at_work(world: &mut World) -> (Running, Gates, Program) {
    world.apply().ends(0);
    let colleague = Program::new(world.program.environment.clone());
    let gates = Gates::before(world);
    gates.shut("mkdir");
    let running = Running::start(&world.program, &["scale-up", "--pool", &world.pool, "--by", "1", "--yes"]);
    gates.reached("mkdir");
    (running, gates, colleague)
}

#[test]
fn who_waited_looks_again_and_goes_on() {
    let mut world = World::new();
    let (first, gates, colleague) = at_work(&mut world);
    let file = world.path().display().to_string();
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

#[test]
fn a_plan_names_who_is_at_work_for_programs_too() {
    let mut world = World::new();
    let (running, gates, colleague) = at_work(&mut world);
    let file = world.path().display().to_string();
    let said = colleague.run(&["plan", "-f", &file, "--output", "json"]).ends(0).json();
    let operation = world.lock()["operation"].as_str().expect("an operation").to_owned();
    assert!(said["atWork"].to_string().contains(&operation), "{said}");
    gates.open("mkdir");
    running.end().ends(0);
    assert!(colleague.run(&["plan", "-f", &file, "--output", "json"]).ends(0).json()["atWork"].is_null());
}
