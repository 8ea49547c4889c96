//! A clock that stands still until a test moves it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;

use crate::ops::ports::{BootInstant, Clock};

/// Time moves in [`VirtualClock::advance`] alone. For tests on a runtime with one thread.
#[derive(Default)]
pub struct VirtualClock {
    inner: Mutex<Inner>,
    random: AtomicU64,
}

#[derive(Default)]
struct Inner {
    now: Duration,
    /// Who sleeps, by when to wake and in which order they lay down.
    sleepers: BTreeMap<(Duration, u64), oneshot::Sender<()>>,
    slept: u64,
}

/// How often other tasks get a turn before time is seen to stand still: more than any chain of them in these tests needs.
const TURNS: usize = 200;

impl VirtualClock {
    /// Moves on, and wakes every sleeper at its own time. Tasks get to do what they can at each of these times.
    pub async fn advance(&self, by: Duration) {
        settle().await;
        let end = self.inner.lock().unwrap().now + by;
        while self.wake_next(end) {
            settle().await;
        }
        self.inner.lock().unwrap().now = end;
        settle().await;
    }

    /// The machine sleeps: its clock goes on, and nobody wakes before that has happened.
    pub async fn suspend(&self, time: Duration) {
        settle().await;
        self.inner.lock().unwrap().now += time;
        self.advance(Duration::ZERO).await;
    }

    fn wake_next(&self, end: Duration) -> bool {
        let mut inner = self.inner.lock().unwrap();
        let Some(first) = inner.sleepers.first_entry().filter(|first| first.key().0 <= end) else { return false };
        let ((at, _), sleeper) = first.remove_entry();
        inner.now = inner.now.max(at);
        // One who no longer waits needs no waking.
        let _ = sleeper.send(());
        true
    }
}

async fn settle() {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> jiff::Timestamp {
        let start: jiff::Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        start + self.boot().0
    }

    fn boot(&self) -> BootInstant {
        BootInstant(self.inner.lock().unwrap().now)
    }

    async fn sleep(&self, time: Duration) {
        if time.is_zero() {
            return tokio::task::yield_now().await;
        }
        let wake = {
            let mut inner = self.inner.lock().unwrap();
            let (sleeper, wake) = oneshot::channel();
            inner.slept += 1;
            let key = (inner.now + time, inner.slept);
            inner.sleepers.insert(key, sleeper);
            wake
        };
        // The sender lives until it wakes us, or the clock itself ends and with it the test.
        let _ = wake.await;
    }

    /// The same numbers in every run, and never one twice.
    fn random(&self) -> u64 {
        self.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).rotate_left(17)
    }
}
