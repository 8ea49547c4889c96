//! Taking the lock.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::tenancy::{Tenancy, nonce};
use super::{Found, HeldLock, look};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::lock::{self, FORMAT, Holder, Lock, LockState, TERM};
use crate::model::names::OperationId;
use crate::ops::ports::{BootInstant, Clock, Condition, Put, Store, Version};

/// How long to wait before looking at another's lock again, at least; up to as much again is added by chance, so that
/// several who wait do not ask in step.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Takes the cluster's lock for an operation, waiting up to `timeout` for another to give it back.
///
/// Fails with `LockHeld` if it does not, and is refused if the lock was left behind by a run that died.
pub async fn acquire(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    holder: Holder,
    operation: OperationId,
    timeout: Duration,
) -> Result<HeldLock> {
    let give_up = clock.boot().after(timeout);
    let mut watched: Option<(Version, BootInstant)> = None;
    loop {
        let found = look(store.as_ref()).await?;
        let (fence, condition) = match &found {
            None => (1, Condition::Absent),
            Some(found) if found.lock.state == LockState::Released => {
                (found.lock.fence + 1, Condition::Is(found.version.clone()))
            }
            Some(found) => {
                if expired(found, &mut watched, clock.boot()) {
                    return Err(left_behind(&found.lock));
                }
                let now = clock.boot();
                if now >= give_up {
                    return Err(held(found, clock.now(), timeout));
                }
                let jitter = Duration::from_millis(clock.random() % LOOK_EVERY.as_millis() as u64);
                clock.sleep((LOOK_EVERY + jitter).min(give_up.since(now))).await;
                continue;
            }
        };
        let ours = Lock {
            format: FORMAT,
            state: LockState::Held,
            holder: holder.clone(),
            operation: operation.clone(),
            fence,
            nonce: nonce(clock.as_ref()),
            acquired: clock.now(),
            term_seconds: TERM.as_secs(),
        };
        let sent = clock.boot();
        let version = match store.put(lock::KEY, Bytes::from(ours.text()), condition).await? {
            Put::Written(version) => Some(version),
            // Somebody was faster, or an answer was lost and it is ours.
            Put::Conflict => look(store.as_ref()).await?.filter(|found| found.lock.nonce == ours.nonce).map(|found| found.version),
        };
        if let Some(version) = version {
            return Ok(HeldLock::new(Tenancy::new(store, clock, ours, version), sent));
        }
    }
}

/// By the store's own clock, or by having seen the same version for a whole term.
fn expired(found: &Found, watched: &mut Option<(Version, BootInstant)>, now: BootInstant) -> bool {
    if let Some(age) = found.age {
        return age >= found.lock.term();
    }
    match watched {
        Some((version, since)) if *version == found.version => now.since(*since) >= found.lock.term(),
        _ => {
            *watched = Some((found.version.clone(), now));
            false
        }
    }
}

fn held(found: &Found, now: jiff::Timestamp, timeout: Duration) -> Failure {
    let lock = &found.lock;
    let holder = &lock.holder;
    let age = now.duration_since(lock.acquired).as_secs().max(0);
    let mut failure = Failure::new(Kind::LockHeld, "another run is at work on this cluster")
        .because(format!("{} on {} (pid {}) has held its lock for {age} s: {}", holder.user, holder.host, holder.pid, holder.command));
    if let Some(age) = found.age {
        failure = failure.because(format!("the lock was renewed {} s ago", age.as_secs()));
    }
    if !timeout.is_zero() {
        failure = failure.because(format!("waited for {} s", timeout.as_secs()));
    }
    failure.hint("wait until it has ended, or let this command wait: --lock-timeout 15m")
}

fn left_behind(lock: &Lock) -> Failure {
    let holder = &lock.holder;
    Failure::new(Kind::LockHeld, "a run that died left this cluster's lock behind")
        .because(format!(
            "operation {} of {} on {} (pid {}, `{}`) stopped renewing it",
            lock.operation, holder.user, holder.host, holder.pid, holder.command
        ))
        .hint("`scaler status` shows what that operation had done")
        .hint("taking over its lock and finishing its work is not there yet")
}
