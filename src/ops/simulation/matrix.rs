//! The death matrix: each scenario is played once to learn its points, and then once for every point, before and after
//! it, with the scaler dying alone and with everything below it. Another machine then brings it to an end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::process::{Death, Killed, Process, When};
use super::scene::{self, End, Order};
use super::stage::{Ended, play, play_in};
use super::truth;
use super::world::World;

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
}

impl Scenario {
    pub fn all() -> Vec<Scenario> {
        let usual = |name, order| Scenario { name, order, empty: false, vanished: false };
        vec![
            Scenario { empty: true, ..usual("apply, new", Order::Apply) },
            usual("scale-up", Order::Up(6)),
            usual("scale-down", Order::Down(2)),
            Scenario { vanished: true, ..usual("apply, one lost", Order::Apply) },
            usual("destroy", Order::Destroy),
        ]
    }

    pub fn world(&self, seed: u64) -> Arc<World> {
        let world = match self.empty {
            true => World::of(seed),
            false => World::like(&STANDING, seed),
        };
        scene::bounds(&world);
        if self.vanished {
            let first = scene::machines(&world, scene::POOL).into_iter().next();
            scene::vanish(&world, &first.expect("a machine").id);
        }
        world
    }
}

const SEED: u64 = 4711;

/// The points that an undisturbed run comes to.
fn points(scenario: &Scenario) -> (Vec<String>, Ended<()>) {
    let order = scenario.order.clone();
    let (told, heard) = std::sync::mpsc::channel();
    let vanished = scenario.vanished;
    let ended = play_in(scenario.world(SEED), |world| async move {
        if vanished {
            world.sleep(Duration::from_secs(400)).await;
        }
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

/// How one death came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Healed {
    Whole,
    /// The run ended before it came to that point.
    Lived,
}

/// Dies there, and is brought to an end by others.
fn die(scenario: &Scenario, death: Death) -> Ended<Healed> {
    let order = scenario.order.clone();
    let vanished = scenario.vanished;
    play_in(scenario.world(SEED), |world| async move {
        if vanished {
            world.sleep(Duration::from_secs(400)).await;
        }
        let process = Process::start_with(&world, Some(death), false);
        if !matches!(scene::run(&process, order.clone()).await, End::Died) {
            return Healed::Lived;
        }
        heal(&world, &order).await
    })
}

/// Healthy scalers go on until all is as it should be.
pub async fn heal(world: &Arc<World>, order: &Order) -> Healed {
    for _ in 0..6 {
        scene::run(&Process::start(world), Order::Resume).await;
        let destroyed = truth::record(world).is_some_and(|record| record.destroyed);
        if !destroyed {
            let next = if *order == Order::Destroy { Order::Destroy } else { Order::Apply };
            scene::run(&Process::start(world), next).await;
        }
        world.sleep(Duration::from_secs(100)).await;
        if truth::faults(world).is_empty() {
            return Healed::Whole;
        }
    }
    settled(world);
    Healed::Whole
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
        let mut tally: BTreeMap<Healed, usize> = BTreeMap::new();
        let mut broken = 0;
        for (point, label) in points.iter().enumerate() {
            for when in [When::Before, When::After] {
                for killed in [Killed::Alone, Killed::Tree] {
                    let ended = die(&scenario, Death { point, when, killed });
                    kinds.extend(ended.world.watch.kinds());
                    let place = format!("{}: {when:?} {point} ({label}), {killed:?}", scenario.name);
                    match ended.result {
                        Ok(healed) => *tally.entry(healed).or_default() += 1,
                        Err(violation) => {
                            broken += 1;
                            let trace = ended.world.trace();
                            let began = trace.iter().position(|line| line.contains("KILLED")).unwrap_or_default();
                            failures
                                .push((format!("{place}: {violation}"), trace[began.saturating_sub(30)..].to_vec()));
                        }
                    }
                }
            }
        }
        table.push(format!("{:<16} {:>3} points: {tally:?}, {broken} broken", scenario.name, points.len()));
    }
    println!("{}\n{kinds:?}", table.join("\n"));
    for (what, _) in &failures {
        println!("{what}");
    }
    if let Some((what, trace)) = failures.first() {
        panic!("{what}\n{}", trace.join("\n"));
    }
}
