//! What one simulated scaler senses with: the clocks of its machine, and where its progress goes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::process::Process;
use super::time::Owner;
use super::world::{BEGINNING, World};
use crate::ops::ports::{BootInstant, Clock, Event, Progress};

/// The clocks of its machine: a wall clock that may be wrong, and one that counts from boot and through sleep.
pub struct ProcessClock(pub Arc<Process>);

#[async_trait]
impl Clock for ProcessClock {
    fn now(&self) -> jiff::Timestamp {
        wall(&self.0.world, self.0.index)
    }

    fn boot(&self) -> BootInstant {
        BootInstant(self.0.world.now() + booted(self.0.index))
    }

    async fn sleep(&self, time: Duration) {
        self.0.world.time.sleep(Owner::Scaler(self.0.index), time).await;
    }

    fn random(&self) -> u64 {
        self.0.world.chance.next()
    }
}

/// What the clock on the wall of a machine shows: every third one is ahead, and some are set.
pub fn wall(world: &World, index: usize) -> jiff::Timestamp {
    let start: jiff::Timestamp = BEGINNING.parse().unwrap();
    let ahead = if index % 3 == 2 { Duration::from_secs(120) } else { Duration::ZERO };
    start + world.now() + ahead + world.fleet.set_by(index)
}

/// How long its machine ran when the world began.
pub fn booted(index: usize) -> Duration {
    Duration::from_secs(10_000 * (index as u64 + 1))
}

/// Progress goes into the trace.
pub struct Told(pub Arc<Process>);

impl Progress for Told {
    fn tell(&self, event: Event) {
        let process = &self.0;
        match event {
            Event::Warning { text } => process.world.tell(|| format!("p{} warns: {text}", process.index)),
            Event::StepFailed { title, why, .. } => {
                process.world.tell(|| format!("p{} failed: {title}: {why}", process.index));
            }
            _ => {}
        }
    }
}
