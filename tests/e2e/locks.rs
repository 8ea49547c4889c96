//! Stale plans, and clusters that are not the record's.

use crate::world::World;

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
