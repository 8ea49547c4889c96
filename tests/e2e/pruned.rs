//! What a store keeps of a cluster's past: operations prune it, and `scaler state prune` does by hand.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::gates::Gates;
use crate::running::Running;
use crate::world::{Program, World};

impl World {
    fn stored(&self, key: &str) -> PathBuf {
        self.folder().join("store").join(key)
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.stored(folder)).expect("a folder of the store").flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// As if the cluster had had so many generations in the year before its own, each by an operation of its own.
    fn grows_old(&self, count: u64) {
        let newest =
            self.object(&format!("history/{:08}.json", self.record()["generation"].as_u64().expect("a number")));
        let of = |operation: &Value| self.stored("journal").join(operation.as_str().expect("text"));
        let journal = of(&newest["operation"]);
        for number in 1..=count {
            let mut kept = newest.clone();
            let last = number == count;
            if !last {
                let operation = format!("20250101t{:02}{:02}00z-{number:016x}", number / 60, number % 60);
                kept["operation"] = operation.into();
                kept["at"] = "2025-01-01T00:00:00Z".into();
                fs::create_dir(of(&kept["operation"])).expect("a journal");
                for entry in fs::read_dir(&journal).expect("a journal").flatten() {
                    fs::copy(entry.path(), of(&kept["operation"]).join(entry.file_name())).expect("an entry");
                }
            }
            kept["generation"] = number.into();
            kept["record"]["generation"] = number.into();
            kept["record"]["operation"] = kept["operation"].clone();
            fs::write(self.stored(&format!("history/{number:08}.json")), kept.to_string()).expect("a generation");
            if last {
                fs::write(self.stored("cluster.json"), kept["record"].to_string()).expect("the record");
            }
        }
    }
}

#[test]
fn an_operation_deletes_what_is_old_and_more_than_a_hundred() {
    let world = World::new();
    world.apply().ends(0);
    world.grows_old(130);
    let (journals, inputs) = (world.names("journal").len(), world.names("inputs"));
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]).ends(0);
    let kept = world.names("history");
    assert_eq!((kept.len(), kept[0].as_str()), (100, "00000032.json"), "{kept:?}");
    assert_eq!(world.names("journal").len(), journals + 1 - 31);
    assert!(inputs.iter().all(|one| world.names("inputs").contains(one)));
    // Few too many wait for more of them.
    world.run(&["scale-up", "--pool", &world.pool, "--to", "3", "--yes"]).ends(0);
    assert_eq!(world.names("history").len(), 101);
    world.run(&["state", "history", "--limit", "200"]).ends(0).says("what it changed cannot be told");
    world.is_in_order();
}

#[test]
fn by_hand_what_nobody_needs_goes_and_nothing_else() {
    let mut world = World::new();
    world.apply().ends(0);
    world.run(&["state", "prune", "--yes"]).ends(0).says("Nothing to delete");
    fs::write(world.stored("inputs/0000"), "of nothing").expect("an input");
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]).ends(0);
    let number = world.record()["generation"].as_u64().expect("a number");
    let few = ["state", "prune", "--keep", "1", "--keep-days", "0"];
    let prune = |world: &World, more: &[&str]| world.run(&[&few, more].concat());
    let before = (world.record(), world.names("history"), world.names("journal"));
    let shown = prune(&world, &["--dry-run", "--output", "json"]).ends(0).json();
    assert_eq!(shown["generations"], serde_json::json!((1..number).collect::<Vec<_>>()), "{shown}");
    assert_eq!(
        (&shown["inputs"], shown["journals"].as_array().expect("a list").len()),
        (&serde_json::json!(["inputs/0000"]), 1)
    );
    prune(&world, &[]).ends(5).says("there is no terminal to ask on").says("the journals of 1 operations");

    // Under the lock alone.
    let colleague = Program::new(world.program.environment.clone());
    let gates = Gates::before(&mut world);
    gates.shut("mkdir");
    let running = Running::start(&world.program, &["scale-up", "--pool", &world.pool, "--to", "3", "--yes"]);
    gates.reached("mkdir");
    let file = world.path().display().to_string();
    let args = [&few[..], &["-f", &file, "--yes"]].concat();
    colleague.run(&args).ends(4).says("the cluster's lock is held by");
    assert_eq!((world.record(), world.names("history")), (before.0, before.1), "nothing was deleted so far");
    gates.open("mkdir");
    running.end().ends(0);

    prune(&world, &["--yes"]).ends(0).says("Deleted from").says("from 1 to ");
    assert_eq!(world.names("history"), [format!("{:08}.json", number + 1)]);
    let newest = world.record()["operation"].as_str().expect("text").to_owned();
    assert_eq!(world.names("journal"), [newest]);
    assert_eq!(world.names("inputs").len(), 1);
    prune(&world, &["--yes"]).ends(0).says("Nothing to delete");
    world.run(&["plan"]).ends(0).says("Nothing to do");
    world.run(&["scale-down", "--pool", &world.pool, "--to", "1", "--yes"]).ends(0);
    world.is_in_order();
}
