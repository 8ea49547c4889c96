//! Runs one world from its seed to its end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::Notify;

use super::time::Step;
use super::watch::{LONGEST, MOST};
use super::world::World;

/// How a world went.
pub struct Ended<T> {
    pub result: Result<T, String>,
    pub world: Arc<World>,
}

/// Plays in a world of its own until it is over, or something was that must never be.
pub fn play<T, F>(seed: u64, scenes: impl FnOnce(Arc<World>) -> F) -> Ended<T>
where
    F: Future<Output = T>,
{
    play_in(World::of(seed), scenes)
}

/// The same in a world that is there.
pub fn play_in<T, F>(world: Arc<World>, scenes: impl FnOnce(Arc<World>) -> F) -> Ended<T>
where
    F: Future<Output = T>,
{
    let ticking = world.clone();
    let awake = Arc::new(Notify::new());
    let kept = awake.clone();
    let tick = move || {
        // Whoever is woken now may be nobody: the thread is not to sleep for that.
        awake.notify_one();
        if ticking.watch.violation().is_some() {
            return;
        }
        if ticking.now() > LONGEST || ticking.time.steps() > MOST {
            ticking.watch.violate("it goes on for ever".into());
        } else if ticking.time.step() == Step::Stalled {
            ticking.watch.violate("everybody waits for ever".into());
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().on_thread_park(tick).build().expect("a runtime");
    let scenes = scenes(world.clone());
    let watched = world.clone();
    let played = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async move {
            tokio::spawn(async move {
                loop {
                    kept.notified().await;
                }
            });
            tokio::select! {
                biased;
                violation = watched.watch.violated() => Err(violation),
                ended = scenes => watched.watch.violation().map_or(Ok(ended), Err),
            }
        })
    }));
    let result = played.unwrap_or_else(|_| Err("panicked".into()));
    drop(runtime);
    Ended { result, world }
}

impl<T> Ended<T> {
    /// The result, or the end of the test with all that happened.
    #[track_caller]
    pub fn expect(self, what: &str) -> T {
        match self.result {
            Ok(result) => result,
            Err(violation) => panic!("{what}: {violation}\n{}", self.world.trace().join("\n")),
        }
    }
}
