//! Two at once, stale plans, and runs that died.

use std::process::Stdio;

use crate::world::{Said, World};

#[test]
fn of_two_applies_one_works_and_the_other_names_it() {
    let world = World::new();
    world.apply().ends(0);
    for round in 0..5 {
        let target = if round % 2 == 0 { "2" } else { "3" };
        let args = ["scale-up", "--pool", &world.pool, "--to", target, "--yes"];
        let args = if round % 2 == 0 && round > 0 {
            ["scale-down", "--pool", &world.pool, "--to", target, "--yes"]
        } else {
            args
        };
        let start = || {
            let mut command = world.program.command(&args);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
        };
        let (one, two) = (start(), start());
        let ended = [one, two].map(|child| Said::of(child.wait_with_output().expect("it ends")));
        let done = ended.iter().filter(|said| said.code == 0).count();
        assert!(done >= 1, "round {round}: {ended:?}");
        for said in ended.iter().filter(|said| said.code != 0) {
            // The other was at work, or had just finished and changed what this one had shown.
            assert!([4, 5].contains(&said.code), "round {round}: {said:?}");
            if said.code == 4 {
                assert!(said.stderr.contains("tester on "), "the holder is named: {}", said.stderr);
            }
        }
        assert_eq!(world.workers().len().to_string(), target, "round {round}");
        assert_eq!(world.running().into_keys().collect::<Vec<_>>(), world.workers());
    }
}

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
fn without_a_terminal_and_consent_nothing_is_changed() {
    let world = World::new();
    world.run(&["apply"]).ends(5).says("--yes");
    assert!(world.running().is_empty());
    assert!(!world.folder().join("store/cluster.json").exists());
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
