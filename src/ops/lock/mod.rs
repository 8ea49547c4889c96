//! The cluster's lock: taken, renewed and released by conditional writes.
//!
//! It is a lease. The holder renews it in the background and stops acting at a deadline that it counts itself, from
//! *sending* its last good renewal, on a clock that goes on while the machine is suspended. Everybody else judges its
//! age by the store's clock, or by seeing the same version for a whole term: no two machines' clocks are compared.
//! Its document is released by a write, never deleted, so that the fencing number and the way to the last
//! operation's journal stay.

mod acquire;
mod free;
mod held;
mod renew;
mod tenancy;
#[cfg(test)]
mod tests;
mod told;
mod wait;

use std::time::Duration;

pub use acquire::{Seeker, acquire, take_over};
pub use free::{Freer, LeftBehind, Seen};
pub use held::HeldLock;
pub use tenancy::nonce;
pub use told::{span, unfinished};
pub use wait::until_nobody_works;

use super::ports::{Store, Version};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::lock::{self, Lock, LockError, LockState};

/// The lock as it lies in the store, held or released. None before the first operation.
pub async fn read(store: &dyn Store) -> Result<Option<Lock>> {
    Ok(look(store).await?.map(|found| found.lock))
}

/// A lock, and what the store says about it.
pub struct Found {
    pub lock: Lock,
    pub version: Version,
    /// Since it was last written, by the store's clock.
    pub age: Option<Duration>,
}

impl Found {
    /// True if somebody may be at work under it. A store that tells no ages leaves that open, so it is true.
    pub fn is_live(&self) -> bool {
        self.lock.state == LockState::Held && self.age.is_none_or(|age| age < self.lock.term())
    }
}

/// Who has the lock and may be at work, as whoever wants it too is told.
pub async fn at_work(store: &dyn Store, now: jiff::Timestamp) -> Result<Option<Failure>> {
    let live = look(store).await?.filter(Found::is_live);
    Ok(live.map(|found| told::held(&found, now, Duration::ZERO)))
}

/// Who has this lock, as whoever may not have it is told.
pub fn held(found: &Found, now: jiff::Timestamp) -> Failure {
    told::held(found, now, Duration::ZERO)
}

pub async fn look(store: &dyn Store) -> Result<Option<Found>> {
    let Some(object) = store.get(lock::KEY).await? else { return Ok(None) };
    match Lock::parse(&object.bytes) {
        Ok(lock) => Ok(Some(Found { lock, version: object.version, age: object.age })),
        Err(error) => {
            let what = format!("the lock `{}` of the store {} cannot be read", lock::KEY, store.url());
            Err(match error {
                LockError::Newer(_) => Failure::new(Kind::Refused, what)
                    .because(error)
                    .hint("use the version of scaler that this cluster is run with"),
                LockError::Broken(_) => Failure::failed(what)
                    .because(error)
                    .hint("nothing was changed; bring the object back from its former versions, or ask who wrote it"),
            })
        }
    }
}
