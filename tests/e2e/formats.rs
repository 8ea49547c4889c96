//! Documents of other versions: of a newer major one everything is left as it is, and older ones are read.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::World;

/// Every object of the world's store, by key.
fn objects(world: &World) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for key in world.keys() {
        found.insert(key.clone(), world.text(&key).unwrap_or_else(|| panic!("{key} went away")));
    }
    found
}

/// Commands that would write into the store, and two that only look.
fn commands(world: &World) -> Vec<Vec<String>> {
    let (pool, node, name) = (world.pool.as_str(), world.node(1), world.cluster.as_str());
    let other = format!("file://{}/other", world.folder().display());
    let commands: [&[&str]; 11] = [
        &["plan"],
        &["status"],
        &["apply", "--yes"],
        &["scale-up", "--pool", pool, "--to", "3", "--yes"],
        &["scale-down", "--pool", pool, "--node", &node, "--yes"],
        &["destroy", "--yes", "--name", name],
        &["abort", "--yes"],
        &["state", "unlock", "--yes"],
        &["state", "rollback", "1", "--yes"],
        &["state", "prune", "--keep", "1", "--keep-days", "0", "--yes"],
        &["state", "move", "--to", &other, "--yes"],
    ];
    commands.iter().map(|words| words.iter().map(|word| (*word).to_owned()).collect()).collect()
}

/// Changes one document of the store by hand.
fn edit(world: &World, key: &str, change: impl FnOnce(&mut Value)) {
    let mut document = world.object(key);
    change(&mut document);
    world.put(key, &document.to_string());
}

/// The lock, the record and the last journal entry in turn are of the next major version.
fn newer_is_left_alone(world: &World) {
    world.apply().ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]).ends(0);
    let operation = world.lock()["operation"].as_str().expect("text").to_owned();
    let entries = format!("journal/{operation}/");
    let last = world.keys().into_iter().filter(|key| key.starts_with(&entries)).max().expect("a journal");
    let (machines, good) = (world.running(), objects(world));
    for key in ["cluster.json", "lock.json", &last] {
        edit(world, key, |document| match document["format"].as_u64() {
            Some(format) => document["format"] = (format + 1).into(),
            None => document["format"]["major"] = 2.into(),
        });
        let before = objects(world);
        for words in commands(world) {
            let args: Vec<&str> = words.iter().map(String::as_str).collect();
            let said = world.run(&args);
            assert_eq!(said.code, 5, "{key}: {args:?}\n{}\n{}", said.stdout, said.stderr);
            said.says("newer scaler").says("use the version of scaler that this cluster is run with");
            assert_eq!(objects(world), before, "{key}: {args:?}");
        }
        world.put(key, &good[key]);
    }
    assert_eq!(world.running(), machines);
    world.is_in_order();
}

/// As version 1.0 wrote them, which had no tags in the record.
fn older_is_read(world: &World) {
    edit(world, "cluster.json", |record| {
        record["format"] = serde_json::json!({ "major": 1, "minor": 0 });
        record.as_object_mut().expect("a record").remove("tags");
    });
    let operation = world.lock()["operation"].as_str().expect("text").to_owned();
    let entries = format!("journal/{operation}/");
    for key in world.keys().into_iter().filter(|key| key.starts_with(&entries)) {
        edit(world, &key, |entry| entry["format"] = serde_json::json!({ "major": 1, "minor": 0 }));
    }
    world.run(&["plan"]).ends(0).says("Nothing to do");
    world.run(&["status"]).ends(0).says(&world.node(1));
    world.run(&["scale-down", "--pool", &world.pool, "--to", "1", "--yes"]).ends(0);
    assert!(world.record()["format"]["minor"].as_u64() > Some(0), "what is written is of this version");
    world.is_in_order();
}

/// A newer minor version can be read. Writing would lose what only that one knows.
fn newer_in_its_details_is_only_read(world: &World) {
    edit(world, "cluster.json", |record| {
        record["format"]["minor"] = 99.into();
        record["news"] = "of a later version".into();
    });
    let record = world.record();
    world.run(&["plan"]).ends(0).says("Nothing to do");
    world.run(&["state", "history"]).ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "3", "--yes"]).ends(5).says("newer scaler");
    let other = format!("file://{}/other", world.folder().display());
    world.run(&["state", "move", "--to", &other, "--yes"]).ends(5).says("newer scaler");
    assert_eq!(world.record(), record);
    world.is_in_order();
}

fn all(world: &World) {
    newer_is_left_alone(world);
    older_is_read(world);
    newer_in_its_details_is_only_read(world);
}

#[test]
fn on_a_folder() {
    all(&World::new());
}

#[test]
fn on_s3() {
    scaler_lab::needs!(Moto);
    all(&World::on_s3());
}
