//! Which cluster file and which `--set` options the record keeps.

use crate::world::World;

/// The cluster by its record alone, as `--cluster` takes it.
fn url(world: &World) -> String {
    format!("file://{}/store", world.folder().display())
}

#[test]
fn what_is_set_for_a_scale_is_for_that_run_alone() {
    let world = World::new();
    world.apply().ends(0);
    let before = world.record()["source"].clone();
    let stored = url(&world);
    let to = |size: &str, with: &[&str]| {
        let change = if size == "2" { "scale-up" } else { "scale-down" };
        world.run(&[&[change, "--pool", &world.pool, "--to", size, "--yes"], with].concat())
    };
    to("2", &["--cluster", &stored, "--set", "drain.evictUnmanaged=true"]).ends(0);
    assert_eq!(world.record()["source"], before);
    to("1", &["--set", "drain.evictUnmanaged=true"]).ends(0);
    assert_eq!(world.record()["source"], before);
    world.run(&["apply", "--yes", "--set", "drain.jobs=evict"]).ends(0);
    assert_eq!(world.record()["source"]["sets"], serde_json::json!(["drain.jobs=evict"]), "apply stores them");
}

#[test]
fn a_scale_goes_by_its_file_and_leaves_the_stored_one() {
    let world = World::new();
    world.apply().ends(0);
    let before = world.record()["source"].clone();
    let pool = world.pool.clone();
    let more = format!("  - {{ name: {pool}x, machine: small, image: {{ id: base }}, min: 1, max: 2 }}\n");
    world.write(&world.file("min: 1, max: 6", &format!("{more}tags: {{ team: blue }}\n")));
    world
        .run(&["scale-up", "--pool", &format!("{pool}x"), "--to", "1", "--yes"])
        .ends(5)
        .says("`scaler apply` makes it");
    let up = world.run(&["scale-up", "--pool", &pool, "--to", "2", "--dry-run"]);
    up.ends(0).says("the cluster file is not the one that was applied");
    assert_eq!(world.record()["source"], before);
}

#[test]
fn a_count_that_is_written_is_stored_and_nothing_else() {
    let world = World::new();
    world.write(&world.file("count: 1", ""));
    world.apply().ends(0);
    let stored = |world: &World| world.record()["source"]["clusterFile"].as_str().expect("a text").to_owned();
    let applied = stored(&world);
    world.write(&world.file("count: 1", "").replace("timeout: 60s", "timeout: 50s"));
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes", "--write"]).ends(0);
    assert_eq!(stored(&world), applied.replace("count: 1 }", "count: 2 }"));
    world.run(&["plan", "--cluster", &url(&world)]).ends(0).says("Nothing to do");
    assert_eq!(world.workers().len(), 2);
}

#[test]
fn a_changed_file_is_stored_though_no_machine_changes() {
    let world = World::new();
    world.apply().ends(0);
    let before = world.record();
    world.write(&world.file("min: 1, max: 6", "").replace("timeout: 60s", "timeout: 50s, deleteEmptyDirData: false"));
    let said = world.run(&["plan", "--detailed-exitcode", "--output", "json"]).ends(2).json();
    assert_eq!((&said["changes"], &said["plan"]["stores"]), (&true.into(), &true.into()));
    world.run(&["apply"]).ends(5).says("stored in its place").says("--yes");
    assert_eq!(world.record(), before);
    world.apply().ends(0).says("is done");
    let text = std::fs::read_to_string(world.path()).expect("the cluster file");
    assert_eq!(world.record()["source"]["clusterFile"], text);
    assert_eq!(world.record()["pools"], before["pools"]);
    world.is_in_order();
    world.run(&["plan", "--detailed-exitcode"]).ends(0).says("Nothing to do");
    world.run(&["plan", "--detailed-exitcode", "--cluster", &url(&world)]).ends(0);
}
