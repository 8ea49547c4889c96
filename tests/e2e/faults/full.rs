//! The disk is full: under the store, and where Terraform works.

use scaler_lab::{Fault, Matcher};

use super::disk::Disk;
use crate::budget::Counting;
use crate::gates::Gates;
use crate::matrix::case::Stage;
use crate::matrix::{Scenario, all};
use crate::running::Running;
use crate::world::{Said, World};

/// What everybody reads to whom this happens.
const WHAT_TO_DO: &str = "make room on";

/// How many pages an operation of these may write, in a sample.
const SAMPLE: [(Scenario, &[u64]); 2] = [(Scenario::Up, &[2, 11]), (Scenario::Down, &[7, 16])];

/// With its store on the disk.
fn on(disk: &Disk) -> World {
    let world = World::new();
    std::os::unix::fs::symlink(disk.path().join("store"), world.folder().join("store")).expect("a link to the disk");
    std::fs::create_dir(disk.path().join("store")).expect("a folder");
    world
}

#[test]
fn under_the_store_in_the_middle_of_an_operation() {
    scaler_lab::needs!(Namespaces);
    let disk = Disk::new();
    let stage = Stage::of(on(&disk), &World::new);
    let mut full = 0;
    for (scenario, sample) in SAMPLE {
        let every: Vec<u64> = (0..40).collect();
        for pages in if all() { &every } else { sample } {
            let case = format!("{scenario:?}, with room for {pages} pages");
            stage.prepare(scenario);
            disk.leave(*pages);
            let counting = Counting::pods_of(stage.world.k, &stage.namespace);
            let args = stage.args(scenario);
            let said = stage.world.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
            stage.nobody_works();
            counting.never_below(1);
            disk.make_room();
            if said.code != 0 {
                assert!([1, 6].contains(&said.code), "{case}: {}: {}", said.code, said.stderr);
                assert!(said.stderr.contains(WHAT_TO_DO), "{case}: {}", said.stderr);
                full += 1;
            }
            stage.is_brought_to_its_end(&case, pages % 2 == 0);
        }
    }
    assert!(full >= 3, "the disk was full {full} times");
}

/// Where Terraform cannot even keep the state that the store does not take, the machine that it made is found all the same.
#[test]
fn where_terraform_works_when_its_state_cannot_be_saved() {
    scaler_lab::needs!(Moto, Namespaces);
    let disk = Disk::new();
    let mut stage = Stage::new(&World::on_s3);
    stage.prepare(Scenario::Up);
    let work = disk.inside().join("work").display().to_string();
    let mut args = stage.args(Scenario::Up);
    args.extend(["--work-dir".to_owned(), work]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();

    // Before anything was begun.
    disk.leave(3);
    let mut command = disk.within(&stage.world.program.command(&args));
    Said::of(command.output().expect("the program starts")).ends(1).says(WHAT_TO_DO);
    stage.in_order();

    // In the middle of the apply.
    disk.make_room();
    let gates = Gates::before(&mut stage.world);
    gates.shut("apply");
    let running = Running::of(&mut disk.within(&stage.world.program.command(&args)));
    gates.reached("apply");
    disk.leave(0);
    let refusal = Fault::answer(503, "<Error><Code>SlowDown</Code></Error>");
    stage.world.s3().proxy().order(refusal.when(Matcher::any().method("PUT").path(".tfstate?")).always());
    gates.open("apply");
    let said = running.end().ends(6).says("scaler status");
    assert!(!format!("{}{}", said.stdout, said.stderr).contains("\"lineage\""), "a state is a secret: {}", said.stderr);
    stage.nobody_works();
    stage.world.s3().proxy().calm();
    let made = stage.world.running();
    assert_eq!(made.len(), 2, "the machine was made: {made:?}");
    stage.is_brought_to_its_end(&"a state that nobody has", true);
    assert_eq!(stage.world.running(), made, "the very machine, and no other");
}
