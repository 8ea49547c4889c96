//! Time and chance.

use std::time::Duration;

use async_trait::async_trait;

/// Time since the machine booted, on a clock that goes on while it is suspended (`CLOCK_BOOTTIME`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootInstant(pub Duration);

impl BootInstant {
    pub fn after(self, wait: Duration) -> BootInstant {
        BootInstant(self.0 + wait)
    }

    /// How long it is from `earlier` to here; nothing, if `earlier` is later.
    pub fn since(self, earlier: BootInstant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

#[async_trait]
pub trait Clock: Send + Sync {
    /// The wall clock: for people and for names. Nothing that matters is decided by it.
    fn now(&self) -> jiff::Timestamp;

    /// The clock for deadlines.
    fn boot(&self) -> BootInstant;

    async fn sleep(&self, time: Duration);

    /// A random number, for identifiers and nonces.
    fn random(&self) -> u64;
}
