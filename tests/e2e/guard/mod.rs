//! Plans of Terraform's that do more than the operation: the guard refuses them, and nothing is changed.

mod assets;
mod edits;
mod foundation;
mod middle;
mod pool;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::world::World;

/// A state of Terraform's in the local store, within the reach of somebody's editor.
struct StateFile {
    path: PathBuf,
    /// As the program left it.
    whole: Value,
}

impl StateFile {
    fn of(world: &World, stack: &str) -> StateFile {
        let path = world.folder().join(format!("store/terraform/{stack}.tfstate"));
        let text = std::fs::read(&path).expect("a state");
        StateFile { path, whole: serde_json::from_slice(&text).expect("the state is JSON") }
    }

    fn of_pool(world: &World) -> StateFile {
        StateFile::of(world, &format!("pool-{}", world.pool))
    }

    /// Changes the state by hand, as `terraform state …` would: with a serial of its own.
    fn edit(&self, by: impl FnOnce(&mut Vec<Value>)) {
        let mut state = self.whole.clone();
        let resources = state["resources"].as_array_mut().expect("resources");
        by(resources[0]["instances"].as_array_mut().expect("instances"));
        self.write(state);
    }

    fn undo(&self) {
        self.write(self.whole.clone());
    }

    fn write(&self, mut state: Value) {
        let now: Value = serde_json::from_slice(&std::fs::read(&self.path).expect("a state")).expect("JSON");
        state["serial"] = (now["serial"].as_u64().expect("a serial") + 1).into();
        // Moved into its place: nobody reads half of it.
        let beside = self.path.with_extension("new");
        std::fs::write(&beside, state.to_string()).expect("the state is written");
        std::fs::rename(&beside, &self.path).expect("the state is put into its place");
    }
}

/// All that a refusal must leave as it was.
struct Everything {
    /// Id → how it is.
    machines: BTreeMap<String, String>,
    /// Without what tells one operation from the next.
    record: Value,
    generation: Value,
    /// Every file of Terraform's in the store.
    states: BTreeMap<PathBuf, String>,
    unschedulable: Vec<String>,
}

impl Everything {
    fn of(world: &World) -> Everything {
        let machines = world.sandbox.machines();
        let files = std::fs::read_dir(world.folder().join("store/terraform")).expect("the states' folder");
        let paths = files.map(|file| file.expect("a file").path());
        let mut record = world.record();
        let generation = record["generation"].take();
        for key in ["operation", "fence"] {
            record[key].take();
        }
        Everything {
            machines: machines.into_iter().map(|machine| (machine.id, format!("{:?}", machine.state))).collect(),
            record,
            generation,
            states: paths.map(|path| (path.clone(), std::fs::read_to_string(&path).expect("a state"))).collect(),
            unschedulable: world.unschedulable(),
        }
    }

    /// Also no operation has begun.
    #[track_caller]
    fn is_untouched(&self, world: &World, what: &str) {
        self.is_still_so(world, what);
        assert_eq!(Everything::of(world).generation, self.generation, "{what}: the record's generation");
    }

    #[track_caller]
    fn is_still_so(&self, world: &World, what: &str) {
        let now = Everything::of(world);
        assert_eq!(now.machines, self.machines, "{what}: machines");
        assert_eq!(now.unschedulable, self.unschedulable, "{what}: unschedulable nodes");
        assert_eq!(now.record, self.record, "{what}: the record");
        for path in now.states.keys().chain(self.states.keys()) {
            let same = now.states.get(path) == self.states.get(path);
            assert!(same, "{what}: {} was written", path.display());
        }
    }
}

/// A cluster whose pool has this many nodes.
fn standing(nodes: u32) -> World {
    let world = World::new();
    world.write(&world.file(&format!("min: {nodes}, max: 6"), ""));
    world.apply().ends(0);
    world.write(&world.file("min: 1, max: 6", ""));
    world
}
