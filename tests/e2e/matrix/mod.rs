//! The death matrix on real parts: the program dies at each point at which something outside changes, alone or with all
//! that it started; then the next command, from another folder and home, brings the cluster to its end.
//!
//! The points are the program's own (`mortal/`): a first run of each scenario tells them. `make test` takes a sample of
//! them, spread over the whole run; `make matrix` (`SCALER_MATRIX=all`) takes every one. Dying in a recovery is among
//! them: every third case is killed a second time there.

pub mod case;
mod points;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use case::{Case, Stage};

use crate::world::World;

/// What is done when death comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    Up,
    Down,
    Destroy,
}

impl Scenario {
    const ALL: [Scenario; 3] = [Scenario::Up, Scenario::Down, Scenario::Destroy];
}

/// How many cases of each scenario the sample has, and how many worlds are worked on at once.
const SAMPLE: usize = 5;
const SAMPLE_ON_S3: usize = 2;
const AT_ONCE: usize = 2;

/// Whether all of it is wanted, which takes hours.
pub fn all() -> bool {
    std::env::var("SCALER_MATRIX").is_ok_and(|which| which == "all")
}

#[test]
fn on_a_folder() {
    matrix("a folder", World::new, SAMPLE);
}

#[test]
fn on_s3() {
    scaler_lab::needs!(Moto);
    matrix("S3", World::on_s3, SAMPLE_ON_S3);
}

fn matrix(store: &str, world: fn() -> World, sample: usize) {
    let every: Vec<Case> = Scenario::ALL.into_iter().flat_map(|scenario| points::cases(scenario, world)).collect();
    let cases: Vec<&Case> = if all() {
        every.iter().collect()
    } else {
        Scenario::ALL.into_iter().flat_map(|scenario| points::spread(&every, scenario, sample)).collect()
    };
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let reached = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for _ in 0..AT_ONCE {
            threads.spawn(|| {
                let mut stage = Stage::new(world);
                while let Some((number, case)) = next_of(&next, &cases) {
                    match catch_unwind(AssertUnwindSafe(|| stage.play(case, number))) {
                        Ok(died) => drop(reached.fetch_add(usize::from(died), Ordering::Relaxed)),
                        Err(_) => {
                            failed.lock().expect("nobody panics with it").push(case.to_string());
                            stage = Stage::new(world);
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("nobody panics with it");
    let reached = reached.into_inner();
    println!(
        "death matrix on {store}: {} of {} cases, {reached} died where it was ordered, {} failed",
        cases.len(),
        every.len(),
        failed.len()
    );
    assert!(failed.is_empty(), "on {store}:\n{}", failed.join("\n"));
    assert!(reached * 10 >= cases.len() * 8, "only {reached} of {} died where it was ordered", cases.len());
}

fn next_of<'a>(next: &AtomicUsize, cases: &[&'a Case]) -> Option<(usize, &'a Case)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    cases.get(number).map(|case| (number, *case))
}

/// Everything dies when the machine is made, and before Terraform saved its state in the bucket.
#[test]
fn a_machine_that_no_state_has_is_adopted() {
    scaler_lab::needs!(Moto);
    let stage = Stage::new(World::on_s3);
    let orders =
        [("SCALER_MORTAL_DIE", "in terraform: terraform_data.node create done #1"), ("SCALER_MORTAL_TREE", "1")];
    assert_eq!(stage.mortal(&orders, Scenario::Up).code, -1, "it died");
    let world = &stage.world;
    let (made, ids) = (world.node(2), world.running());
    assert!(ids.contains_key(&made) && !world.workers().contains(&made), "a machine that the record does not know");
    stage.nobody_works();
    let said = case::mortal(&world.program, &[case::LATER], &["resume", "--yes"])
        .ends(0)
        .says("Adopted, because no state had their machine: ");
    said.says(&made).says("with all of it done");
    assert_eq!(world.running(), ids, "the very machine, and no other");
    assert_eq!(world.workers(), [world.node(1), made]);
    world.run(&["plan", "--detailed-exitcode"]).ends(0).says("Nothing to do");
    world.lock_is_free();
}
