//! The death matrix: each scenario is played once to learn its points, and then once for every point, before and after
//! it, with the scaler dying alone and with everything below it. Another machine then brings it to an end. And once for
//! every point at which its machine falls asleep with a request on its way, and wakes when others have taken over.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::events;
use super::order::{Order, POOL};
use super::process::{Death, Killed, Nap, Process, When};
use super::scene::{self, End};
use super::stage::{Ended, play, play_in};
use super::truth;
use super::world::{Manner, World};
use crate::model::drain::CordonState;
use crate::model::kubernetes::Node;
use crate::model::lock::{TAKE_OVER_AFTER, TERM};

/// The world in which a cluster stands.
pub static STANDING: LazyLock<Arc<World>> = LazyLock::new(|| {
    let built = play(7, |world| async move { scene::build(&world).await });
    let world = built.world.clone();
    built.expect("a cluster");
    world
});

/// What is begun, and in what world.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub name: &'static str,
    pub order: Order,
    /// Nothing stands yet.
    pub empty: bool,
    /// One machine has vanished before.
    pub vanished: bool,
    /// The cluster file has other tags than before.
    pub retagged: bool,
    /// How new machines become nodes.
    pub manner: Manner,
}

impl Scenario {
    pub fn all() -> Vec<Scenario> {
        let manner = Manner::Image;
        let usual = |name, order| Scenario { name, order, empty: false, vanished: false, retagged: false, manner };
        vec![
            Scenario { empty: true, ..usual("apply, new", Order::Apply) },
            usual("scale-up", Order::Up(6)),
            usual("scale-down", Order::Down(2)),
            Scenario { vanished: true, ..usual("apply, one lost", Order::Apply) },
            Scenario { retagged: true, ..usual("apply, other tags", Order::Apply) },
            Scenario { manner: Manner::Ssh, ..usual("scale-up, by ssh", Order::Up(6)) },
            Scenario { manner: Manner::Ssh, ..usual("scale-down, by ssh", Order::Down(2)) },
            Scenario { manner: Manner::Boot, ..usual("scale-up, at boot", Order::Up(6)) },
            usual("destroy", Order::Destroy),
        ]
    }

    pub fn world(&self, seed: u64) -> Arc<World> {
        let world = match self.empty {
            true => World::of(seed),
            false => World::like(&STANDING, seed),
        };
        scene::bounds(&world);
        *world.file.lock().unwrap() = usize::from(self.retagged);
        *world.manner.lock().unwrap() = self.manner;
        if self.vanished {
            let first = scene::machines(&world, POOL).into_iter().next();
            scene::vanish(&world, &first.expect("a machine").id);
        }
        world
    }
}

const SEED: u64 = 4711;

/// Longer than others need to bring everything to an end.
const MUCH_LATER: Duration = Duration::from_secs(2000);

/// What passes before a run begins: a machine that vanished is known to be gone.
async fn before(world: &World, vanished: bool) {
    if vanished {
        world.sleep(Duration::from_secs(400)).await;
    }
}

/// The points that an undisturbed run comes to.
fn points(scenario: &Scenario) -> (Vec<String>, Ended<()>) {
    let order = scenario.order.clone();
    let (told, heard) = std::sync::mpsc::channel();
    let vanished = scenario.vanished;
    let ended = play_in(scenario.world(SEED), |world| async move {
        before(&world, vanished).await;
        let process = Process::start(&world);
        let end = scene::run(&process, order).await;
        if !matches!(end, End::Done(_)) {
            world.watch.violate(format!("the undisturbed run ended so: {end:?}"));
        }
        let _ = told.send(process.points());
        world.sleep(Duration::from_secs(60)).await;
        settled(&world);
    });
    (heard.recv().unwrap_or_default(), ended)
}

fn settled(world: &World) {
    let faults = truth::faults(world);
    if !faults.is_empty() {
        world.watch.violate(format!("at the end: {}", faults.join("; ")));
    }
}

/// Dies there, and is brought to an end by others, of which the first may die too. Returns how many points that first
/// one came to.
fn die(scenario: &Scenario, death: Death, second: Option<Death>) -> Ended<usize> {
    let order = scenario.order.clone();
    let vanished = scenario.vanished;
    play_in(scenario.world(SEED), |world| async move {
        before(&world, vanished).await;
        let process = Process::start_with(&world, Some(death), false);
        if !matches!(scene::run(&process, order.clone()).await, End::Died) {
            world.watch.violate("it did not come to its point".into());
        }
        // Whoever asks earlier is told that the lock is held.
        world.sleep(TERM + Duration::from_secs(5)).await;
        let points = heal(&world, &order, second).await;
        let waiting = truth::waiting(&world);
        if !waiting.is_empty() {
            world.watch.violate(format!("never let in: {}", waiting.join(", ")));
        }
        points
    })
}

/// Its machine falls asleep there, with the request on its way, and wakes when others have taken over, or much later.
fn sleep(scenario: &Scenario, point: usize) -> Ended<usize> {
    let order = scenario.order.clone();
    let vanished = scenario.vanished;
    play_in(scenario.world(SEED), |world| async move {
        before(&world, vanished).await;
        let process = Process::start(&world);
        process.naps_at(Nap::Point(point), MUCH_LATER);
        let others = async {
            while world.time.frozen().is_empty() {
                world.sleep(Duration::from_millis(500)).await;
            }
            world.sleep(TAKE_OVER_AFTER + Duration::from_secs(5)).await;
            heal(&world, &order, None).await
        };
        let (_, points) = tokio::join!(scene::run(&process, order.clone()), others);
        // Whatever it did when it woke, nothing is left to do.
        heal(&world, &order, None).await;
        points
    })
}

/// Healthy scalers go on until all is as it should be; the first of them may die on its way. Returns how many points
/// that one came to.
pub async fn heal(world: &Arc<World>, order: &Order, mut death: Option<Death>) -> usize {
    let mut points = None;
    for _ in 0..6 {
        cordon_again(world);
        let first = Process::start_with(world, death.take(), false);
        let end = scene::run(&first, Order::Resume).await;
        go_by_what_it_said(world, &end);
        points.get_or_insert(first.points().len());
        let destroyed = truth::record(world).is_some_and(|record| record.destroyed);
        if !destroyed {
            let next = if *order == Order::Destroy { Order::Destroy } else { Order::Accept(truth::gone(world)) };
            let end = scene::run(&Process::start(world), next).await;
            go_by_what_it_said(world, &end);
        }
        world.sleep(Duration::from_secs(100)).await;
        if truth::faults(world).is_empty() {
            return points.unwrap_or_default();
        }
    }
    settled(world);
    points.unwrap_or_default()
}

/// A person ends the machine in the cloud that they are told to end there.
fn go_by_what_it_said(world: &World, end: &End) {
    let said = match end {
        End::Failed(failure) => failure.with_hints(),
        End::Done(done) => done.shortfall.as_ref().map(|failure| failure.with_hints()).unwrap_or_default(),
        End::Nothing | End::Died => return,
    };
    for living in world.cloud.living() {
        if said.contains(&format!("terminate {} in the cloud", living.id)) {
            scene::vanish(world, &living.id);
        }
    }
}

/// What a recovery asks for that found a drained node uncordoned by a person.
fn cordon_again(world: &World) {
    let kubernetes = world.kubernetes.world();
    let open = |node: &&Node| !node.unschedulable && CordonState::of(node) != CordonState::None;
    let names: Vec<String> = kubernetes.nodes.values().filter(open).map(|node| node.name.clone()).collect();
    drop(kubernetes);
    names.iter().for_each(|name| events::cordon(world, name));
}

/// All deaths of the runs that recover too, and not one of each.
#[allow(clippy::disallowed_methods, reason = "how much is asked for, by whoever runs the tests")]
fn whole_matrix() -> bool {
    std::env::var("SIM_MATRIX").is_ok_and(|text| text == "all")
}

/// What there is to die of at a point: where no Terraform runs, it makes no difference whether it dies too.
fn deaths(points: &[String]) -> Vec<Death> {
    let mut deaths = Vec::new();
    for (point, label) in points.iter().enumerate() {
        for when in [When::Before, When::After] {
            deaths.push(Death { point, when, killed: Killed::Tree });
            if label.starts_with("terraform") {
                deaths.push(Death { point, when, killed: Killed::Alone });
            }
        }
    }
    deaths
}

/// The deaths of one scenario.
#[derive(Default)]
struct Tally {
    deaths: usize,
    second: usize,
    sleeps: usize,
    failures: Vec<(String, Vec<String>)>,
    kinds: BTreeSet<&'static str>,
}

impl Tally {
    fn note(&mut self, what: String, ended: Ended<usize>) -> usize {
        self.kinds.extend(ended.world.watch.kinds());
        match ended.result {
            Ok(points) => points,
            Err(violation) => {
                let trace = ended.world.trace();
                let befell = |line: &String| line.contains("KILLED") || line.contains("SLEEPS");
                let began = trace.iter().position(befell).unwrap_or_default();
                self.failures.push((format!("{what}: {violation}"), trace[began.saturating_sub(30)..].to_vec()));
                0
            }
        }
    }

    fn of(scenario: &Scenario, points: &[String]) -> Tally {
        let mut tally = Tally::default();
        for (number, death) in deaths(points).into_iter().enumerate() {
            let Death { point, when, killed } = death;
            let place = format!("{}: {when:?} {point} ({}), {killed:?}", scenario.name, points[point]);
            let others = tally.note(place.clone(), die(scenario, death, None));
            tally.deaths += 1;
            let second = |point: usize, when| Death { point, when, killed: Killed::Tree };
            let seconds: Vec<Death> = match (whole_matrix(), others) {
                (_, 0) => Vec::new(),
                (true, _) => (0..others).flat_map(|at| [second(at, When::Before), second(at, When::After)]).collect(),
                // One of them, another each time.
                (false, _) if number % 2 == 0 => vec![second(number * 7 % others, When::After)],
                (false, _) => Vec::new(),
            };
            for again in seconds {
                tally.note(format!("{place}, then {again:?}"), die(scenario, death, Some(again)));
                tally.second += 1;
            }
        }
        // Only what is stored waits on the machine: the cluster's and the cloud's answers are all that it misses.
        for (point, label) in points.iter().enumerate().filter(|(_, label)| !label.starts_with("terraform")) {
            tally.note(format!("{}: asleep at {point} ({label})", scenario.name), sleep(scenario, point));
            tally.sleeps += 1;
        }
        tally
    }
}

#[test]
fn nothing_is_lost_wherever_a_scaler_dies() {
    let mut table = Vec::new();
    let mut failures = Vec::new();
    let mut kinds = BTreeSet::new();
    for scenario in Scenario::all() {
        let (points, undisturbed) = points(&scenario);
        kinds.extend(undisturbed.world.watch.kinds());
        undisturbed.expect(scenario.name);
        let tally = Tally::of(&scenario, &points);
        kinds.extend(tally.kinds);
        table.push(format!(
            "{:<17} {:>3} points, {:>3} deaths, {:>4} of those who recover, {:>3} asleep, {} broken",
            scenario.name,
            points.len(),
            tally.deaths,
            tally.second,
            tally.sleeps,
            tally.failures.len()
        ));
        failures.extend(tally.failures);
    }
    println!("{}\n{kinds:?}", table.join("\n"));
    for (what, _) in &failures {
        println!("{}", what.chars().take(400).collect::<String>());
    }
    if let Some((what, trace)) = failures.first() {
        panic!("{what}\n{}", trace.join("\n"));
    }
}
