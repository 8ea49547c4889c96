//! `scaler state`: what the store keeps of a cluster's past.

use crate::world::{Program, World};

#[test]
fn each_generation_says_who_made_it_and_what_it_changed() {
    let world = World::new();
    world.apply().ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "3", "--yes"]).ends(0);
    world.run(&["scale-down", "--pool", &world.pool, "--node", &world.node(2), "--yes"]).ends(0);

    // Nothing but the store: no kubeconfig, no Terraform, no home.
    let mut elsewhere = Program::new([("HOME".to_owned(), "/nonexistent".to_owned())].into());
    let url = format!("file://{}/store", world.folder().display());
    let last = elsewhere.run(&["state", "history", "--limit", "1", "--cluster", &url]).ends(0);
    let last = last.says("by tester on ").says("scaler scale-down --pool ");
    let newest = world.record()["generation"].as_u64().expect("a number");
    assert!(last.stdout.starts_with(&format!("generation {newest}, ")), "{}", last.stdout);
    let gone = format!("- {} (", world.node(2));
    assert!(last.stdout.contains(&gone) && last.stdout.contains(": 3 -> 2"), "{}", last.stdout);
    assert_eq!(last.stdout.matches("generation ").count(), 1, "{}", last.stdout);

    let all = elsewhere.run(&["state", "history", "--cluster", &url, "--output", "json"]).ends(0).json();
    let numbers: Vec<u64> =
        all.as_array().expect("a list").iter().filter_map(|one| one["generation"].as_u64()).collect();
    assert_eq!(numbers, (1..=newest).rev().collect::<Vec<_>>());
    assert_eq!(all[numbers.len() - 1]["changes"][0]["change"], "begun");
    let added = |one: &serde_json::Value| one["change"] == "node-added" && one["node"] == *world.node(3);
    assert!(all[1]["changes"].as_array().expect("changes").iter().any(added), "{}", all[1]);

    let before = newest - 1;
    let shown = elsewhere.run(&["state", "show", &before.to_string(), "--cluster", &url]).ends(0);
    shown.says(&world.node(2)).says("cluster file:").says("  kind: Cluster");
    elsewhere.run(&["state", "show", "99", "--cluster", &url]).ends(1).says("has no generation 99").says("newest is");
    assert_eq!(elsewhere.run(&["state", "pull", "--cluster", &url, "--output", "json"]).ends(0).json(), world.record());
    elsewhere.environment.insert("COLUMNS".to_owned(), "40".to_owned());
    elsewhere.run(&["state", "show", "--cluster", &url]).ends(0).says(&world.node(3));

    let empty = format!("file://{}/nothing", world.folder().display());
    elsewhere.run(&["state", "history", "--cluster", &empty]).ends(0).says("has no generation");
    elsewhere.run(&["state", "pull", "--cluster", &empty]).ends(1).says("there is no cluster in");
}
