//! `scaler state unlock`: a live lock is left alone, one that was left behind is freed, and nothing else is changed.

use std::time::{Duration, SystemTime};

use crate::gates::Gates;
use crate::long::signals::{of_size, slow_pods};
use crate::running::Running;
use crate::world::{Program, World};

impl World {
    /// As if the lock had been written this long ago, by the store's clock.
    pub fn lock_is_silent_for(&self, seconds: u64) {
        let path = self.folder().join("store/lock.json");
        let file = std::fs::File::options().write(true).open(path).expect("a lock");
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).expect("an older lock");
    }
}

/// A lock of Terraform's on a state, as one that was killed leaves it.
const TERRAFORM_LOCK: &str = r#"{"ID":"a6b97e5e","Operation":"OperationTypeApply","Info":"","Who":"ann@desk",
    "Version":"1.11.4","Created":"2026-11-22T06:32:38.856992236Z","Path":"x.tfstate"}"#;

#[test]
fn a_lock_that_was_left_behind_is_freed_and_its_operation_stays_open() {
    let world = of_size(2);
    let (mine, fence) = (world.node(1), world.lock()["fence"].as_u64().expect("a number"));
    slow_pods(&world, 2, "30s");
    let mut running = Running::start(&world.program, &["scale-down", "--pool", &world.pool, "--node", &mine, "--yes"]);
    running.wait("was asked to leave");
    let elsewhere = Program::new(world.program.environment.clone());
    let url = format!("file://{}/store", world.folder().display());
    let unlock = |more: &[&str]| elsewhere.run(&[&["state", "unlock", "--cluster", &url], more].concat());
    let live = unlock(&["--yes"]).ends(4).says("It is alive: last renewed ").says("scale-down --pool ");
    live.says(&format!("(pid {}, scaler ", running.pid())).says(&format!("with number {}", fence + 1));
    running.signal("KILL");
    world.nothing_stays();
    drop(running);
    let operation = world.lock()["operation"].as_str().expect("an operation").to_owned();
    unlock(&["--yes"]).ends(4).says(&operation).says("`scaler status` shows the cluster");

    world.lock_is_silent_for(80);
    let leftover = world.folder().join(format!("store/terraform/.pool-{}.tfstate.lock.info", world.pool));
    std::fs::write(&leftover, TERRAFORM_LOCK).expect("a lock of Terraform's");
    let shown = unlock(&["--dry-run", "--output", "json"]).ends(0).json();
    assert_eq!((&shown["standing"], &shown["freed"]), (&"left-behind".into(), &serde_json::Value::Null), "{shown}");
    assert_eq!(shown["unfinished"]["operation"], operation);
    assert_eq!(shown["terraformLocks"][0]["lock"]["who"], "ann@desk", "{shown}");
    unlock(&[]).ends(5).says("there is no terminal to ask on");
    assert_eq!(world.lock()["state"], "held");

    let before = (world.record(), world.unschedulable());
    let done =
        unlock(&["--yes"]).ends(0).says("The lock is free now").says(&format!("What operation {operation} left"));
    done.says(&format!("with number {}", fence + 2)).says("locked by Terraform: OperationTypeApply of ann@desk");
    assert!(leftover.exists(), "Terraform's own lock is left alone");
    world.lock_is_free();
    assert_eq!(
        (world.lock()["fence"].as_u64(), world.lock()["operation"].as_str()),
        (Some(fence + 2), Some(&*operation))
    );
    assert_eq!((world.record(), world.unschedulable()), before, "nothing else was changed");

    std::fs::remove_file(leftover).expect("it is there");
    world.run(&["apply"]).ends(5).says("was not finished").says("there is no terminal");
    world.run(&["abort", "--yes"]).ends(0);
    assert_eq!(world.unschedulable(), Vec::<String>::new());
    unlock(&["--yes"]).ends(0).says("Nobody holds the lock");
    world.is_in_order();
}

/// S3 tells an object's age, and Terraform's `s3` backend keeps its lock beside the state.
#[test]
fn on_s3_the_same_is_told() {
    scaler_lab::needs!(Moto);
    let mut world = World::on_s3();
    world.run(&["state", "unlock", "--yes"]).ends(0).says("there was no operation yet");
    let gates = Gates::before(&mut world);
    gates.shut("mkdir");
    let running = Running::start(&world.program, &["apply", "--yes"]);
    gates.reached("mkdir");
    let elsewhere = Program::new(world.program.environment.clone());
    let file = world.path().display().to_string();
    let said = elsewhere.run(&["state", "unlock", "-f", &file, "--yes"]).ends(4).says("It is alive: last renewed ");
    said.says("the state of stack `foundation` is locked by Terraform: OperationTypeApply");
    gates.open("mkdir");
    running.end().ends(0);
    world.run(&["state", "unlock", "--yes"]).ends(0).says("Nobody holds the lock");
    world.is_in_order();
}
