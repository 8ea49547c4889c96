//! Taking the lock.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::tenancy::{Tenancy, nonce, within};
use super::{Found, HeldLock, look, told};
use crate::model::failure::{Failure, Result};
use crate::model::lock::{self, FORMAT, Holder, Lock, LockState, TERM};
use crate::model::names::OperationId;
use crate::ops::ports::{BootInstant, Clock, Condition, Put, Store, Version};
use crate::ops::{journal, record};

/// How long to wait before looking at another's lock again, at least; up to as much again is added by chance, so that
/// several who wait do not ask in step.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Takes the cluster's lock for an operation, waiting up to `timeout` for another to give it back.
///
/// Fails with `LockHeld` if it does not, and is refused if the lock was left behind, or if the last operation under it
/// was not finished: there is at most one such, and the lock is how it is found. May be dropped at any time: a lock that
/// is had only afterwards is given back.
pub async fn acquire(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    holder: Holder,
    operation: OperationId,
    timeout: Duration,
) -> Result<HeldLock> {
    let (mut answer, taken) = oneshot::channel();
    tokio::spawn(async move {
        let start = clock.boot();
        let taker = Taker { store, clock, holder, operation, timeout, start, watched: None };
        let held = tokio::select! {
            biased;
            held = taker.take(answer_closed(&mut answer)) => held,
        };
        if let Some(Err(Some(Ok(held)))) = held.map(|held| answer.send(held)).map(|sent| sent.map_err(Some)) {
            // Nobody waits any more. If this cannot be written, the lock runs out by itself.
            let _ = held.release().await;
        }
    });
    taken.await.map_err(|error| Failure::failed("taking the lock was cut short").caused_by(&error))?
}
