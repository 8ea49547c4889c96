//! `scaler state rollback`: the way back to a former generation, as a plan like any other.

use serde_json::Value;

use crate::world::{Program, World, fresh, workload};

impl World {
    fn generation(&self) -> u64 {
        self.record()["generation"].as_u64().expect("a number")
    }

    fn change_generation(&self, number: u64, change: impl FnOnce(&mut Value)) -> impl FnOnce() {
        let path = self.folder().join(format!("store/history/{number:08}.json"));
        let before = std::fs::read(&path).expect("a generation");
        let mut kept: Value = serde_json::from_slice(&before).expect("JSON");
        change(&mut kept["record"]);
        std::fs::write(&path, kept.to_string()).expect("it is written");
        move || std::fs::write(path, before).expect("it is put back")
    }
}

#[test]
fn the_way_back_is_planned_drained_and_a_new_generation() {
    let world = World::new();
    world.apply().ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "3", "--yes"]).ends(0);
    let (good, then) = (world.generation(), world.record());
    let extra = fresh("x");
    let text = world.file("min: 4, max: 6", "tags: { team: red }\n");
    let text = text.replace(
        "pools:\n",
        &format!("pools:\n  - {{ name: {extra}, machine: large, image: {{ id: base }}, count: 2 }}\n"),
    );
    world.write(
        &text.replace(
            &format!("name: {}, machine: small", world.pool),
            &format!("name: {}, machine: large", world.pool),
        ),
    );
    world.apply().ends(0);
    assert_eq!(world.workers().len(), 4);
    let gone: Vec<String> = (1..=2).map(|number| format!("{}-{extra}-{number}", world.cluster)).collect();
    let ns = world.k.namespace("rollback");
    world.k.apply(&workload(&ns, &world.pool, 8, 1));
    world.wait_ready(&ns, 8);

    let number = good.to_string();
    let back = |more: &[&str]| world.run(&[&["state", "rollback", number.as_str()], more].concat());
    let before = world.record();
    let shown = back(&["--dry-run", "--output", "json"]).ends(0).json();
    assert_eq!((&shown["plan"]["request"]["do"], &shown["plan"]["request"]["to"]), (&"rollback".into(), &good.into()));
    let said = back(&[]).ends(5).says("there is no terminal to ask on").says(&format!("Back to generation {good}"));
    let said = said.says(": 4 -> 3").says("drain: moves ").says("cluster.yml stays as it is");
    said.says("the new machine applies to new nodes only");
    assert_eq!(world.record(), before, "nothing was done so far");

    // A budget that lets nothing go stops this as it stops every plan.
    world.k.apply(&workload(&ns, &world.pool, 8, 0));
    back(&["--yes"]).ends(5).says("cannot succeed").says("nothing was changed");
    world.k.apply(&workload(&ns, &world.pool, 8, 1));
    // From elsewhere, with the store alone.
    let url = format!("file://{}/store", world.folder().display());
    let elsewhere = Program::new(world.program.environment.clone());
    let said = elsewhere.run(&["state", "rollback", &number, "--cluster", &url, "--yes"]).ends(0);
    assert!(said.stderr.contains("was asked to leave") && said.stderr.contains(": drained"), "{}", said.stderr);
    let now = world.record();
    assert_eq!(now["source"], then["source"]);
    assert_eq!(now["pools"][&world.pool]["size"], 3);
    assert_eq!(now["pools"][&extra], serde_json::json!({ "nextNumber": 3, "size": 0, "nodes": {} }));
    assert_eq!((&now["wentBack"]["to"], &now["wentBack"]["operation"]), (&good.into(), &now["operation"]));
    let running: Vec<String> =
        world.sandbox.machines().into_iter().filter(crate::world::runs).map(|one| one.node).collect();
    assert!(gone.iter().all(|name| !running.contains(name)), "{running:?}");
    let said = world.run(&["state", "history", "--limit", "1"]).ends(0);
    said.says(&format!("the cluster went back to generation {good}")).says(&format!("state rollback {good}"));
    assert_eq!(
        world.object(&format!("journal/{}/000001", now["operation"].as_str().expect("text")))["entry"]["backTo"],
        good
    );
    world.is_in_order();

    // Forward again: nothing that was there before comes back by name.
    world.apply().ends(0);
    let again: Vec<String> =
        world.record()["pools"][&extra]["nodes"].as_object().expect("nodes").keys().cloned().collect();
    assert_eq!(again, [format!("{}-{extra}-3", world.cluster), format!("{}-{extra}-4", world.cluster)]);
    let later = world.run(&["state", "history", "--limit", "1"]).ends(0);
    assert!(!later.stdout.contains("went back"), "{}", later.stdout);
    world.k.kubectl(["delete", "namespace", &ns, "--wait=false"]);
}

#[test]
fn what_cannot_be_gone_back_to_is_refused() {
    let world = World::new();
    world.run(&["state", "rollback", "1", "--yes"]).ends(1).says("there is no cluster in");
    world.apply().ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]).ends(0);
    let (newest, before) = (world.generation(), world.record());
    let back = |number: u64| world.run(&["state", "rollback", &number.to_string(), "--yes"]);
    back(newest).ends(0).says("Nothing to do");
    back(99).ends(1).says("has no generation 99");
    world.run(&["state", "rollback", "2", "--set", "tags.a=b", "--yes"]).ends(64).says("--set has no place");
    let source = |record: &mut Value, from: &str, to: &str| {
        let text = record["source"]["clusterFile"].as_str().expect("text").replace(from, to);
        record["source"]["clusterFile"] = text.into();
    };
    type Edit<'a> = Box<dyn Fn(&mut Value) + 'a>;
    let edits: [(&str, Edit<'_>); 5] = [
        ("it is of another cluster", Box::new(|record| record["clusterId"] = "another".into())),
        ("everything was destroyed in it", Box::new(|record| record["destroyed"] = true.into())),
        ("`controlPlane.count` was 1 and is now 3", Box::new(|record| source(record, "count: 1", "count: 3"))),
        (
            "this login leads to another place than cluster",
            Box::new(|record| source(record, "region: local", "region: other")),
        ),
        ("`network.zones` was", Box::new(|record| source(record, "[local-a, local-b]", "[local-a]"))),
    ];
    for (told, edit) in edits {
        let put_back = world.change_generation(2, edit);
        back(2).ends(5).says(told);
        put_back();
    }
    assert_eq!(world.record(), before);
    world.is_in_order();
    back(2).ends(0).says("Removed: ");
    assert_eq!(world.workers(), [world.node(1)]);
    world.is_in_order();
}
