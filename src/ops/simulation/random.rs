//! Lives by chance: several scalers on several machines at once, killed, put to sleep and cut off, in a world in which
//! everything fails now and then. Each follows from its seed alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::events::{self, events};
use super::fate::fate;
use super::happenings;
use super::matrix::{self, STANDING};
use super::order::Order;
use super::process::Process;
use super::scene;
use super::stage::{Ended, play_in};
use super::watch::KINDS;
use super::world::{Manner, Weather, World};
use crate::model::journal::{Command, Status};

const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// One life, to its end: healthy scalers have the last word.
pub fn live(seed: u64) -> Ended<()> {
    play_in(World::like(&STANDING, seed), |world| async move {
        *world.weather.lock().unwrap() = weather(&world);
        if seed % 7 == 3 {
            events::cordoned_from_the_start(&world, (seed / 7) as usize);
        }
        *world.manner.lock().unwrap() = match seed % 8 {
            6 => Manner::Ssh,
            1 | 4 => Manner::Boot,
            _ => Manner::Image,
        };
        let chance = &world.chance;
        let third = chance.permille(400);
        tokio::join!(scaler(&world), scaler(&world), events(&world), async {
            if third {
                scaler(&world).await;
            }
        });
        events::give_up_those_that_never_joined(&world).await;
        world.tell(|| "THE WEATHER CLEARS".into());
        events::calm(&world);
        *world.weather.lock().unwrap() = Weather { refreshes: world.weather().refreshes, ..Weather::default() };
        *world.refuse_after.lock().unwrap() = None;
        world.sleep(seconds(600)).await;
        let began = |status: &Status| status.start().command == Command::Destroy && !status.past().is_empty();
        let destroys = world.watch.journals().values().any(began);
        matrix::heal(&world, if destroys { &Order::Destroy } else { &Order::Apply }, None).await;
    })
}

/// How rough this world is.
fn weather(world: &World) -> Weather {
    let chance = &world.chance;
    let sometimes = |cases: u64, most: u64| if chance.permille(cases) { chance.below(most) } else { 0 };
    Weather {
        store: sometimes(500, 40),
        kubernetes: sometimes(400, 40),
        cloud: sometimes(300, 20),
        refused: sometimes(300, 300),
        broken: sometimes(200, 300),
        replaced: sometimes(300, 300),
        lame: sometimes(400, 700),
        hurried: chance.permille(500),
        unsaved: sometimes(100, 500),
        refreshes: chance.permille(500),
    }
}

/// Somebody at a machine asks for one thing after another.
async fn scaler(world: &Arc<World>) {
    let chance = &world.chance;
    for _ in 0..=chance.below(2) {
        world.sleep(chance.between(seconds(0), seconds(40))).await;
        let process = Process::start_with(world, None, chance.permille(30));
        let order = order(world);
        tokio::select! {
            biased;
            _ = scene::run(&process, order) => {}
            () = fate(&process) => {}
        }
    }
}

fn order(world: &World) -> Order {
    let chance = &world.chance;
    match chance.below(100) {
        // Some of them beyond the pool's bounds.
        0..26 => Order::Up(3 + chance.below(5) as u32),
        26..58 => Order::Down(1 + chance.below(4) as u32),
        58..73 => Order::Apply,
        73..83 => Order::Resume,
        83..90 => Order::Abort,
        90..93 => Order::Unlock,
        93..96 => Order::Look(2),
        _ => Order::Destroy,
    }
}

#[allow(clippy::disallowed_methods, reason = "how many seeds, and which: for whoever runs the tests")]
fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIM_SEEDS").unwrap_or(1000),
    }
}

/// What some lives came to.
#[derive(Default)]
struct Tally {
    /// Seed, what was wrong, and all that happened.
    failures: Vec<(u64, String, Vec<String>)>,
    /// The kinds of journal entries that were written.
    kinds: BTreeSet<&'static str>,
    /// In how many lives it happened.
    happened: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Of every so many seeds.
    fn of(step: usize, from: usize) -> Tally {
        let mut tally = Tally::default();
        for seed in seeds().skip(from).step_by(step) {
            let ended = live(seed);
            tally.kinds.extend(ended.world.watch.kinds());
            for what in ended.world.happened.told().into_keys() {
                *tally.happened.entry(what).or_default() += 1;
            }
            if let Err(violation) = ended.result {
                println!("SIM_SEED={seed}: {}", violation.chars().take(300).collect::<String>());
                tally.failures.push((seed, violation, ended.world.trace()));
                if tally.failures.len() == 5 {
                    break;
                }
            }
        }
        tally
    }

    fn add(&mut self, other: Tally) {
        self.failures.extend(other.failures);
        self.kinds.extend(other.kinds);
        for (what, lives) in other.happened {
            *self.happened.entry(what).or_default() += lives;
        }
    }
}

#[test]
fn whatever_happens_no_invariant_breaks() {
    LazyLock::force(&STANDING);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|from| scope.spawn(move || Tally::of(threads, from))).collect();
        for part in parts {
            tally.add(part.join().expect("a thread of seeds"));
        }
    });
    tally.failures.sort();
    let Tally { failures, mut kinds, happened } = tally;
    let table: Vec<String> = happened.iter().map(|(what, lives)| format!("{lives:>6} lives: {what}")).collect();
    println!("{}", table.join("\n"));
    if let Some((seed, violation, trace)) = failures.first() {
        panic!("{} of {} seeds; SIM_SEED={seed}: {violation}\n{}", failures.len(), seeds().count(), trace.join("\n"));
    }
    println!("{} seeds, {} kinds of journal entries", seeds().count(), kinds.len());
    if seeds().count() >= 1000 {
        // Those take a destroy from where there is no way to the cluster, and a cluster of which nobody knows yet.
        kinds.extend(["superseded", "cluster-known"]);
        let missing: Vec<&str> = KINDS.into_iter().filter(|kind| !kinds.contains(kind)).collect();
        assert_eq!(missing, Vec::<&str>::new(), "kinds of journal entries that no life has");
        let missing: Vec<&str> = happenings::ALL.into_iter().filter(|what| !happened.contains_key(what)).collect();
        assert_eq!(missing, Vec::<&str>::new(), "what happens in no life");
    }
}

#[test]
fn a_life_follows_from_its_seed_alone() {
    for seed in [3, 14, 15, 92] {
        let (one, other) = (live(seed).world.trace(), live(seed).world.trace());
        let differs = one.iter().zip(&other).find(|(one, other)| one != other);
        assert_eq!((differs, one.len()), (None, other.len()), "seed {seed}");
    }
}
