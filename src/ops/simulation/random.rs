//! Lives by chance: several scalers on several machines at once, killed, put to sleep and cut off, in a world in which
//! everything fails now and then. Each follows from its seed alone.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::matrix::{self, STANDING};
use super::process::{Killed, Process};
use super::scene::{self, Order};
use super::stage::{Ended, play_in};
use super::watch::KINDS;
use super::world::{Weather, World};
use crate::model::drain::CordonState;
use crate::model::journal::{Command, Status};
use crate::model::kubernetes::Node;

const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// One life, to its end: healthy scalers have the last word.
pub fn live(seed: u64) -> Ended<()> {
    play_in(World::like(&STANDING, seed), |world| async move {
        *world.weather.lock().unwrap() = weather(&world);
        let chance = &world.chance;
        let third = chance.permille(400);
        tokio::join!(scaler(&world), scaler(&world), events(&world), async {
            if third {
                scaler(&world).await;
            }
        });
        world.tell(|| "THE WEATHER CLEARS".into());
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
        0..28 => Order::Up(3 + chance.below(4) as u32),
        28..62 => Order::Down(2 + chance.below(3) as u32),
        62..78 => Order::Apply,
        78..88 => Order::Resume,
        88..96 => Order::Abort,
        _ => Order::Destroy,
    }
}

/// What befalls its machine. Never ends.
async fn fate(process: &Arc<Process>) {
    let (world, chance) = (&process.world, &process.world.chance);
    world.sleep(chance.between(seconds(0), seconds(90))).await;
    match chance.below(100) {
        0..18 => process.kill(Killed::Alone),
        18..36 => process.kill(Killed::Tree),
        36..52 => process.suspend(chance.between(seconds(20), seconds(400))),
        52..64 => {
            world.tell(|| format!("p{} has lost the STORE", process.index));
            *process.storeless.lock().unwrap() = world.now() + chance.between(seconds(40), seconds(200));
        }
        _ => {}
    }
    std::future::pending::<()>().await;
}

/// What happens by itself.
async fn events(world: &Arc<World>) {
    let chance = &world.chance;
    let mut vanished = false;
    for _ in 0..chance.below(4) {
        world.sleep(chance.between(seconds(0), seconds(90))).await;
        match chance.below(3) {
            0 if !vanished => {
                vanished = true;
                let machines = scene::machines(world, scene::POOL);
                if !machines.is_empty() {
                    let id = chance.pick(&machines).id.clone();
                    scene::vanish(world, &id);
                }
            }
            1 => {
                let now = world.now();
                world.tell(|| "the API server is AWAY".into());
                world.kubernetes.world().away = Some((now, now + chance.between(seconds(10), seconds(60))));
            }
            _ => {
                // Rather somewhere in the middle of a drain than when nobody is at work.
                for _ in 0..40 {
                    if drains(world) {
                        break;
                    }
                    world.sleep(seconds(1)).await;
                }
                world.sleep(chance.between(seconds(0), seconds(15))).await;
                person(world);
            }
        }
    }
}

fn drains(world: &World) -> bool {
    world.kubernetes.world().nodes.values().any(|node| CordonState::of(node) != CordonState::None)
}

/// Somebody cordons a node by hand, or uncordons one that an operation has cordoned.
fn person(world: &World) {
    let mut kubernetes = world.kubernetes.world();
    let ours = |node: &&Node| node.unschedulable && CordonState::of(node) != CordonState::None;
    let victim = kubernetes.nodes.values().find(ours).map(|node| node.name.clone());
    if let Some(name) = victim.filter(|_| world.chance.permille(700)) {
        kubernetes.touch(&name, |node| node.unschedulable = false);
        drop(kubernetes);
        world.tell(|| format!("a person uncordons {name}"));
        world.watch.uncordoned(&name, world.now());
        return;
    }
    let names: Vec<String> = kubernetes.nodes.keys().cloned().collect();
    if names.is_empty() {
        return;
    }
    let name = world.chance.pick(&names).clone();
    if kubernetes.nodes[&name].unschedulable {
        return;
    }
    let marked = CordonState::of(&kubernetes.nodes[&name]) != CordonState::None;
    kubernetes.touch(&name, |node| node.unschedulable = true);
    drop(kubernetes);
    world.tell(|| format!("a person cordons {name}"));
    // Under an operation's mark nobody can tell a person's cordon from the operation's: it goes with that.
    if !marked {
        world.cordoned.lock().unwrap().insert(name);
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

/// Seed, what was wrong, and all that happened.
type Failed = (u64, String, Vec<String>);

/// Those of every so many seeds that end badly, and the kinds of journal entries that were written.
fn every(step: usize, from: usize) -> (Vec<Failed>, BTreeSet<&'static str>) {
    let (mut failures, mut kinds) = (Vec::new(), BTreeSet::new());
    for seed in seeds().skip(from).step_by(step) {
        let ended = live(seed);
        kinds.extend(ended.world.watch.kinds());
        if let Err(violation) = ended.result {
            println!("SIM_SEED={seed}: {}", violation.chars().take(300).collect::<String>());
            failures.push((seed, violation, ended.world.trace()));
            if failures.len() == 20 {
                break;
            }
        }
    }
    (failures, kinds)
}

#[test]
fn whatever_happens_no_invariant_breaks() {
    LazyLock::force(&STANDING);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut failures, mut kinds) = (Vec::new(), BTreeSet::new());
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|from| scope.spawn(move || every(threads, from))).collect();
        for part in parts {
            let (failed, seen) = part.join().expect("a thread of seeds");
            failures.extend(failed);
            kinds.extend(seen);
        }
    });
    failures.sort();
    if let Some((seed, violation, trace)) = failures.first() {
        panic!("{} of {} seeds; SIM_SEED={seed}: {violation}\n{}", failures.len(), seeds().count(), trace.join("\n"));
    }
    println!("{} seeds, {} kinds of journal entries", seeds().count(), kinds.len());
    if seeds().count() >= 1000 {
        // That one takes a destroy from where there is no way to the cluster.
        kinds.insert("superseded");
        let missing: Vec<&str> = KINDS.into_iter().filter(|kind| !kinds.contains(kind)).collect();
        assert_eq!(missing, Vec::<&str>::new(), "kinds of journal entries that no life has");
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
