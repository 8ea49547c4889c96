//! What befalls one scaler and the machine that it runs on.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::process::{Killed, Nap, Process};
use super::world::World;
use crate::model::journal::Entry;

const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// An operation is taken over, and whoever slept wakes while that is going on: with the answers, and the requests, that were
/// on their way.
pub fn rouse(world: &World, entry: &Entry) {
    if !matches!(entry, Entry::TakenOver { .. }) {
        return;
    }
    for machine in world.time.frozen() {
        if world.chance.permille(700) {
            let soon = *world.chance.pick(&[200, 1000, 4000]);
            let at = world.now() + world.chance.between(Duration::ZERO, Duration::from_millis(soon));
            world.tell(|| format!("p{machine} WAKES UP"));
            world.happens("a machine woke up while its operation was taken over");
            world.time.rouse(machine, at);
        }
    }
}

/// Never ends.
pub async fn fate(process: &Arc<Process>) {
    let (world, chance) = (&process.world, &process.world.chance);
    if chance.permille(120) {
        let nap = match chance.below(50) {
            45.. => Nap::Commit,
            point => Nap::Point(point as usize),
        };
        process.naps_at(nap, chance.between(seconds(20), seconds(400)));
    }
    world.sleep(chance.between(seconds(0), seconds(90))).await;
    match chance.below(100) {
        0..16 => process.kill(Killed::Alone),
        16..32 => process.kill(Killed::Tree),
        32..44 => process.suspend(chance.between(seconds(20), seconds(400))),
        44..54 => process.loses_the_store(chance.between(seconds(40), seconds(200))),
        54..60 => *process.full.lock().unwrap() = world.now() + chance.between(seconds(40), seconds(400)),
        60..76 => {
            process.signal();
            world.sleep(chance.between(seconds(1), seconds(20))).await;
            if chance.permille(700) {
                process.signal();
            }
        }
        76..90 => {
            let by = *chance.pick(&[-7200, -3600, -100, -40, 40, 100, 3600, 7200]);
            process.sets_clock(SignedDuration::from_secs(by));
        }
        _ => {}
    }
    std::future::pending::<()>().await;
}
