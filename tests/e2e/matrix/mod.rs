//! The death matrix on real parts: the program dies at each point at which something outside changes, alone or with all
//! that it started; then the next command, from another folder and home, brings the cluster to its end.
//!
//! The points are the program's own (`mortal/`): a first run of each scenario tells them, and shows that all which the
//! ports can change is among them. `make test` takes a sample, spread over the whole run; `make matrix`
//! (`SCALER_MATRIX=all`) takes every one, `SCALER_MATRIX=8` so many of each scenario. Dying in a recovery is a scenario of
//! its own, and every third case of the others is killed a second time there. Machines that have to be let in have a
//! matrix of their own (`joining.rs`).

pub mod case;
mod given_up;
mod joining;
mod points;
mod torn;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use case::{Case, Stage};

use crate::world::{World, azurite};

/// What is done when death comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    Up,
    /// The same, and Terraform fails after it made the machine.
    Broken,
    /// The same was cut off with a machine made that no state has, and is being finished.
    Recovery,
    Down,
    /// Labels and taints of nodes that stand, after a change of the cluster file.
    Labels,
    Destroy,
}

impl Scenario {
    const ALL: [Scenario; 6] =
        [Scenario::Up, Scenario::Broken, Scenario::Recovery, Scenario::Down, Scenario::Labels, Scenario::Destroy];
    const LAST: Scenario = Scenario::Destroy;

    /// How the program ends it when it does not die.
    fn ends(self) -> i32 {
        match self {
            Scenario::Broken => 6,
            Scenario::Up | Scenario::Recovery | Scenario::Down | Scenario::Labels | Scenario::Destroy => 0,
        }
    }
}

/// Makes a world whose store is where the matrix is about.
pub type WorldMaker<'a> = &'a (dyn Fn() -> World + Sync);

/// How many cases of each scenario the sample has.
const SAMPLE: usize = 3;
const SAMPLE_ON_S3: usize = 1;
const SAMPLE_ON_AZURE: usize = 1;

/// How many worlds are worked on at once; they wait most of their time. Each begins with the making of a cluster.
const AT_ONCE: usize = 2;
const AT_ONCE_OF_MANY: usize = 10;

/// Of more cases than these, each so-many-th tells how far it is.
const TOLD_EACH: usize = 50;

/// How many of each scenario are wanted (`SCALER_MATRIX`); none for all of them.
fn wanted(sample: usize) -> Option<usize> {
    match std::env::var("SCALER_MATRIX").as_deref() {
        Ok("all") => None,
        Ok(number) => Some(number.parse().expect("SCALER_MATRIX is `all` or a number")),
        Err(_) => Some(sample),
    }
}

/// Whether all of it is wanted, which takes hours.
pub fn all() -> bool {
    wanted(0).is_none()
}

#[test]
fn on_a_folder() {
    tell(&matrix("a folder", &World::new, SAMPLE, false));
}

#[test]
fn on_s3() {
    scaler_lab::needs!(Moto);
    tell(&matrix("S3", &World::on_s3, SAMPLE_ON_S3, true));
}

/// Terraform reaches it in a network of the test's own alone.
#[test]
fn on_azure() {
    scaler_lab::needs!(Azurite, AnyTerraform, Namespaces);
    let text = scaler_lab::run_apart("matrix::on_azure_apart", &[("127.0.0.1", &scaler_lab::Azurite::host())]);
    text.lines().filter(|line| line.starts_with(TOLD)).for_each(tell);
}

#[test]
#[ignore = "runs in a network of its own, started by the test before it"]
fn on_azure_apart() {
    let azurite = azurite();
    println!("{}", matrix("Azure Blob", &|| World::on_azblob(azurite.clone(), None), SAMPLE_ON_AZURE, true));
}

/// How the result begins.
const TOLD: &str = "death matrix on ";

/// Past the test program, which shows what a test prints only when that fails.
fn tell(result: &str) {
    writeln!(std::io::stdout().lock(), "{result}").expect("standard output takes a line");
}

/// Where `locks_stay`, Terraform's own lock outlives a Terraform that is killed. Gives back what came of it.
fn matrix(store: &str, world: WorldMaker, sample: usize, locks_stay: bool) -> String {
    let every = points::cases(world, locks_stay);
    let cases: Vec<&Case> = match wanted(sample) {
        None => every.iter().collect(),
        Some(sample) => {
            Scenario::ALL.into_iter().flat_map(|scenario| points::spread(&every, scenario, sample)).collect()
        }
    };
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let reached = AtomicUsize::new(0);
    let many = cases.len() > TOLD_EACH;
    std::thread::scope(|threads| {
        for _ in 0..if many { AT_ONCE_OF_MANY } else { AT_ONCE } {
            threads.spawn(|| {
                let mut stage = Stage::new(world);
                while let Some((number, case)) = next_of(&next, &cases) {
                    if many && number.is_multiple_of(TOLD_EACH) {
                        tell(&format!("{TOLD}{store}: {number} of {} cases begun", cases.len()));
                    }
                    match catch_unwind(AssertUnwindSafe(|| stage.play(case, number))) {
                        Ok(died) => drop(reached.fetch_add(usize::from(died), Ordering::Relaxed)),
                        Err(_) => {
                            tell(&format!("{TOLD}{store}: {case}: failed"));
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
    result(store, cases.len(), every.len(), reached, &failed)
}

/// What came of so many cases out of all. Panics where one failed, or where most did not die as ordered.
fn result(what: &str, cases: usize, all: usize, reached: usize, failed: &[String]) -> String {
    let died = format!("{reached} died where it was ordered, {} failed", failed.len());
    let told = format!("{TOLD}{what}: {cases} of {all} cases, {died}");
    assert!(failed.is_empty(), "{told}:\n{}", failed.join("\n"));
    assert!(reached * 10 >= cases * 8, "too few died where it was ordered: {told}");
    told
}

fn next_of<'a>(next: &AtomicUsize, cases: &[&'a Case]) -> Option<(usize, &'a Case)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    cases.get(number).map(|case| (number, *case))
}
