//! `scaler abort`: what a run that was killed left is put back, and its lock is given back.

use std::time::{Duration, SystemTime};

use crate::gates::Gates;
use crate::long::signals::{of_size, slow_pods};
use crate::running::Running;
use crate::world::{Program, World};

impl World {
    /// As if the lock's holder had been silent for two minutes by the store's clock: nobody and no tool of its is left.
    pub fn lock_ages(&self) {
        let path = self.folder().join("store/lock.json");
        let file = std::fs::File::options().write(true).open(path).expect("a lock");
        file.set_modified(SystemTime::now() - Duration::from_secs(120)).expect("an older lock");
    }

    /// The last entry of this operation's journal.
    fn last_entry(&self, operation: &str) -> serde_json::Value {
        let folder = self.folder().join("store/journal").join(operation);
        let names = std::fs::read_dir(folder).expect("a journal").flatten().map(|entry| entry.file_name());
        let last = names.max().expect("an entry").into_string().expect("text");
        self.object(&format!("journal/{operation}/{last}"))["entry"].clone()
    }
}

#[test]
fn a_drain_that_was_cut_off_is_undone_from_another_folder() {
    let world = of_size(3);
    // Its operator had reasons of their own for one of the two.
    let (mine, theirs) = (world.node(1), world.node(2));
    assert!(world.k.kubectl(["cordon", &theirs]).success);
    slow_pods(&world, 2, "30s");
    let args = ["scale-down", "--pool", &world.pool, "--node", &mine, "--node", &theirs, "--yes"];
    let mut running = Running::start(&world.program, &args);
    running.wait("was asked to leave");
    running.signal("KILL");
    world.nothing_stays();
    drop(running);
    let operation = world.lock()["operation"].as_str().expect("an operation").to_owned();
    let generation = world.record()["generation"].as_u64();
    assert_eq!(world.unschedulable(), [mine.clone(), theirs.clone()]);

    let url = format!("file://{}/store", world.folder().display());
    let elsewhere = Program::new(world.program.environment.clone());
    let abort = |more: &[&str]| elsewhere.run(&[&["abort", "--cluster", &url], more].concat());
    abort(&["--yes"]).ends(4).says("tester on ").says(&operation);
    world.lock_ages();
    world.run(&["apply"]).ends(5).says("was not finished").says("is undone, and given back").says("no terminal");
    abort(&["--dry-run"]).ends(0).says(&operation).says(&mine);
    abort(&[]).ends(5).says("there is no terminal to ask on");
    assert_eq!(world.unschedulable(), [mine.clone(), theirs.clone()], "nothing was done so far");
    let done = abort(&["--yes", "--output", "json"]).ends(0).json();
    assert_eq!(done["outcome"], "undone");
    assert_eq!(done["givenBack"], serde_json::json!([mine, theirs]));
    assert_eq!(world.unschedulable(), std::slice::from_ref(&theirs), "its operator's cordon stays");
    assert_eq!(world.last_entry(&operation)["kind"], "finished");
    assert_eq!(world.record()["generation"].as_u64(), generation.map(|before| before + 1));
    world.lock_is_free();
    world.record_equals_the_world();
    abort(&["--yes"]).ends(0).says("Nothing to undo");
    assert!(world.k.kubectl(["uncordon", &theirs]).success);
    world.run(&["scale-down", "--pool", &world.pool, "--node", &mine, "--yes"]).ends(0);
    world.is_in_order();
}

#[test]
fn names_that_were_planned_are_used_up() {
    let mut world = of_size(1);
    let gates = Gates::before(&mut world);
    let up = ["scale-up", "--pool", &world.pool, "--to", "2", "--yes"];
    gates.shut("plan");
    gates.shut("show");
    let running = Running::start(&world.program, &up);
    gates.reached("plan");
    gates.open("plan");
    gates.reached("show");
    // The next one is the operation's own, under the lock.
    gates.shut("plan");
    gates.open("show");
    gates.reached("plan");
    running.signal("KILL");
    gates.open("plan");
    world.nothing_stays();
    drop(running);
    world.lock_ages();
    world.run(&["abort", "--yes"]).ends(0).says("with nothing changed");
    world.run(&up).ends(0);
    assert_eq!(world.workers(), [world.node(1), world.node(3)]);
    world.is_in_order();
}

#[test]
fn what_is_past_its_point_of_no_return_is_not_undone() {
    let mut world = of_size(1);
    let gates = Gates::before(&mut world);
    gates.shut("mkdir");
    let running = Running::start(&world.program, &["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]);
    gates.reached("mkdir");
    running.signal("KILL");
    world.nothing_stays();
    drop(running);
    world.lock_ages();
    let said = world.run(&["abort", "--yes"]).ends(5);
    said.says("cannot be undone any more").says(&format!("pool-{}", world.pool)).says("scaler resume");
    let operation = world.lock()["operation"].as_str().expect("an operation").to_owned();
    assert_ne!(world.last_entry(&operation)["kind"], "finished");
}

#[test]
fn a_lock_that_a_run_left_without_any_work_is_in_nobodys_way() {
    let world = of_size(1);
    let mut lock = world.lock();
    lock["state"] = "held".into();
    std::fs::write(world.folder().join("store/lock.json"), lock.to_string()).expect("a lock");
    world.lock_ages();
    let up = ["scale-up", "--pool", &world.pool, "--to", "2", "--yes"];
    world.run(&["abort", "--yes"]).ends(0).says("Nothing to undo");
    world.lock_is_free();
    let mut lock = world.lock();
    lock["state"] = "held".into();
    std::fs::write(world.folder().join("store/lock.json"), lock.to_string()).expect("a lock");
    world.lock_ages();
    world.run(&up).ends(0);
}
