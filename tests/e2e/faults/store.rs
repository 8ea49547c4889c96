//! The store fails in the middle of whole operations, for the program and for Terraform alike: both reach it through
//! the same proxy.

use std::collections::BTreeSet;
use std::time::Duration;

use scaler_lab::{Fault, Matcher, Moto, Recorded};

use crate::budget::Counting;
use crate::matrix::Scenario;
use crate::matrix::all;
use crate::matrix::case::Stage;
use crate::world::{Said, World};

const OPERATIONS: [Scenario; 2] = [Scenario::Up, Scenario::Down];

/// What S3, or a server that speaks its protocol, says when it cannot. Terraform goes by the code.
const REFUSALS: [(u16, &str); 3] = [(500, "InternalError"), (503, "SlowDown"), (429, "SlowDown")];

/// A little longer than the program waits for an answer.
const HANGS: Duration = Duration::from_secs(17);

fn refusal(number: usize) -> Fault {
    let (status, code) = REFUSALS[number % REFUSALS.len()];
    Fault::answer(status, &format!("<Error><Code>{code}</Code><Message>Come again.</Message></Error>"))
}

/// Plays an operation under the faults that are ordered by then; its budget is kept whatever happens.
fn play(stage: &Stage, scenario: Scenario) -> Said {
    let counting = Counting::pods_of(stage.world.k, &stage.namespace);
    let args = stage.args(scenario);
    let said = stage.world.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
    stage.world.s3().proxy().calm();
    stage.nobody_works();
    counting.never_below(1);
    said
}

/// The requests that a fault was ordered for, since the record had this many.
fn struck(s3: &Moto, since: usize) -> Vec<Recorded> {
    s3.requests().split_off(since).into_iter().filter(|request| !request.fault.is_empty()).collect()
}

#[test]
fn refusals_in_bursts_are_outlasted() {
    scaler_lab::needs!(Moto);
    let stage = Stage::new(&World::on_s3);
    let s3 = stage.world.s3();
    for scenario in OPERATIONS {
        stage.prepare(scenario);
        let before = s3.requests().len();
        for method in ["GET", "PUT", "DELETE"] {
            for burst in 0..12 {
                let when = Matcher::any().method(method);
                s3.proxy().order(refusal(burst).when(when).from_nth(1 + burst * 7).times(2));
            }
        }
        play(&stage, scenario).ends(0);
        let hit: BTreeSet<(String, u16)> =
            struck(s3, before).into_iter().map(|request| (request.method, request.status)).collect();
        for method in ["GET", "PUT", "DELETE"] {
            assert!(hit.iter().any(|(one, _)| one == method), "no {method} was refused: {hit:?}");
        }
        for (status, _) in REFUSALS {
            assert!(hit.iter().any(|(_, one)| *one == status), "nothing was answered {status}: {hit:?}");
        }
        stage.in_order();
    }
}

#[test]
fn a_store_that_goes_away_in_the_middle_ends_the_operation_and_not_the_cluster() {
    scaler_lab::needs!(Moto);
    let stage = Stage::new(&World::on_s3);
    let s3 = stage.world.s3();
    let mut failed = 0;
    for scenario in OPERATIONS {
        let writes = writes_of(&stage, scenario);
        let sample = if all() { (1..=writes).collect() } else { vec![writes / 2] };
        for from in sample {
            stage.prepare(scenario);
            let case = format!("{scenario:?}, away from write {from} of {writes} on");
            // The others go on until then: what is read is not what counts.
            s3.proxy().order(refusal(from).when(Matcher::any().method("PUT")).from_nth(from).always());
            let said = play(&stage, scenario);
            assert!([0, 1, 6].contains(&said.code), "{case}: {}: {}", said.code, said.stderr);
            failed += usize::from(said.code != 0);
            stage.is_brought_to_its_end(&case, from % 2 == 0);
        }
    }
    assert!(failed > 0, "nothing failed, so nothing was settled");
}

#[test]
fn requests_that_hang_and_are_then_refused_are_sent_again() {
    scaler_lab::needs!(Moto);
    let stage = Stage::new(&World::on_s3);
    let s3 = stage.world.s3();
    for scenario in OPERATIONS {
        stage.prepare(scenario);
        let before = s3.requests().len();
        // A write that its sender has given up arrives all the same, behind the one that took its place.
        let write = || Matcher::any().method("PUT").path("/journal/");
        s3.proxy().order(Fault::slow(HANGS).when(write()).from_nth(4));
        s3.proxy().order(Fault::refuse().when(write()).from_nth(4));
        if scenario == Scenario::Up || all() {
            let read = || Matcher::any().method("GET").path("cluster.json");
            s3.proxy().order(Fault::slow(HANGS).when(read()).from_nth(2));
            s3.proxy().order(Fault::refuse().when(read()).from_nth(2));
        }
        play(&stage, scenario).ends(0);
        let hit = struck(s3, before);
        assert!(hit.iter().any(|request| request.fault.contains("Slow")), "nothing hung: {hit:?}");
        assert!(hit.iter().any(|request| request.fault.contains("Refuse")), "nothing was refused: {hit:?}");
        stage.in_order();
    }
}

/// What is written to the store, and a part of the path by which it is known.
const KINDS: [&str; 7] =
    ["/lock.json", "/journal/", "/inputs/", "/cluster.json", "/history/", ".tfstate.tflock", ".tfstate?"];

/// How many writes an operation takes that nothing disturbs.
fn writes_of(stage: &Stage, scenario: Scenario) -> usize {
    stage.prepare(scenario);
    let before = stage.world.s3().requests().len();
    play(stage, scenario).ends(0);
    let requests = stage.world.s3().requests().split_off(before);
    requests.iter().filter(|request| request.method == "PUT").count()
}

fn lost(of: &str, number: usize) -> Fault {
    Fault::lose_answer().when(Matcher::any().method("PUT").path(of)).from_nth(number)
}

/// Each is found to be done, and nothing is done twice for it.
#[test]
fn writes_whose_answers_are_lost_are_recognised() {
    scaler_lab::needs!(Moto);
    let stage = Stage::new(&World::on_s3);
    let s3 = stage.world.s3();
    for (scenario, first) in [(Scenario::Up, 1), (Scenario::Down, 2)] {
        stage.prepare(scenario);
        let before = s3.requests().len();
        for kind in KINDS {
            // A write of which the answer was lost is sent again: so this is every second entry of the journal, in the
            // other operation the other half. The first lock of Terraform's is its plan's, the second its apply's.
            let numbers: Vec<usize> = match kind {
                "/journal/" => (0..10).map(|count| first + 3 * count).collect(),
                ".tfstate.tflock" => vec![first],
                _ => vec![1],
            };
            numbers.into_iter().for_each(|number| s3.proxy().order(lost(kind, number)));
        }
        play(&stage, scenario).ends(0).says("was left behind by this run's own Terraform");
        let hit = struck(s3, before);
        for kind in KINDS {
            assert!(hit.iter().any(|request| request.path.contains(kind)), "no answer to {kind} was lost: {hit:?}");
        }
        stage.in_order();
    }
}

/// An import is no plan and no apply: it is not tried again in the same run, and the next one finds no lock in its way.
#[test]
fn an_import_that_met_its_own_lock_is_made_by_the_next_run() {
    scaler_lab::needs!(Moto);
    let stage = Stage::new(&World::on_s3);
    let world = &stage.world;
    stage.prepare(Scenario::Recovery);
    let made = world.running();
    let before = world.s3().requests().len();
    world.s3().proxy().order(lost(".tfstate.tflock", 1));
    stage.mortal(&[], Scenario::Recovery).ends(6).says("terraform import");
    assert_eq!(struck(world.s3(), before).len(), 1, "the answer to a lock was lost");
    assert!(!world.keys().iter().any(|key| key.ends_with(".tflock")), "a lock is left: {:?}", world.keys());
    stage.nobody_works();
    stage.is_brought_to_its_end(&"an import that met its own lock", true);
    assert_eq!(world.running(), made, "the very machines");
}

#[test]
fn control_planes_that_no_state_has_are_taken_in() {
    scaler_lab::needs!(Moto);
    let world = World::on_s3();
    let control_planes = || {
        let machines = world.sandbox.machines().into_iter().filter(|machine| !machine.node.contains(&world.pool));
        machines.map(|machine| machine.id).collect::<BTreeSet<String>>()
    };
    let save = Matcher::any().method("PUT").path("foundation.tfstate?");
    world.s3().proxy().order(refusal(1).when(save).always());
    world.apply().ends(6).says("does not have that").says("scaler resume takes in what was made");
    let made = control_planes();
    assert!(!made.is_empty(), "machines were made");
    world.s3().proxy().calm();
    world.apply().ends(0);
    assert_eq!(control_planes(), made, "the very machines, and no other");
    // The first name was planned for in an operation that was undone.
    assert_eq!(world.workers(), [world.node(2)]);
    world.run(&["plan", "--detailed-exitcode"]).ends(0);
}

/// One after the other, where all of it is wanted.
#[test]
fn each_write_alone_may_lose_its_answer() {
    scaler_lab::needs!(Moto);
    if !all() {
        return;
    }
    let stage = Stage::new(&World::on_s3);
    for scenario in OPERATIONS {
        let writes = writes_of(&stage, scenario);
        for number in 1..=writes {
            stage.prepare(scenario);
            stage.world.s3().proxy().order(lost(&format!("/{}/", stage.world.cluster), number));
            let said = play(&stage, scenario);
            assert_eq!(said.code, 0, "{scenario:?}, the answer to write {number} of {writes} lost: {}", said.stderr);
            stage.in_order();
        }
        println!("{scenario:?}: each of {writes} writes lost its answer");
    }
}
