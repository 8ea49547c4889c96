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
use crate::ops::interrupts::Interrupts;
use crate::ops::ports::{BootInstant, Clock, Condition, Event, Progress, Put, Store, Version};
use crate::ops::{journal, record};

/// The name of this step, for progress.
const STEP: &str = "lock";

/// How long to wait before looking at another's lock again, at least. Up to as much again is added by chance, so that
/// several who wait do not ask in step.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Takes the cluster's lock for an operation, waiting up to `timeout` for another to give it back.
///
/// Fails with `LockHeld` if that takes longer, and with `Interrupted` if a signal comes while it waits. It is refused if the lock was left behind, or if the last operation under
/// it was not finished: there is at most one such operation, and the lock is how it is found. May be dropped at any
/// time: a lock that is had only afterwards is given back.
pub async fn acquire(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    holder: Holder,
    operation: OperationId,
    timeout: Duration,
    interrupts: Interrupts,
    progress: Arc<dyn Progress>,
) -> Result<HeldLock> {
    let (mut answer, taken) = oneshot::channel();
    let start = clock.boot();
    let mut taker = Taker { store, clock, holder, operation, timeout, interrupts, progress, start, watched: None };
    tokio::spawn(async move {
        let Some(result) = taker.take(&mut answer).await else { return };
        if let Err(Ok(held)) = answer.send(result) {
            // Nobody waits any more. If the release cannot be written, the lock runs out by itself.
            let _ = held.release().await;
        }
    });
    taken.await.map_err(|error| Failure::failed("taking the cluster's lock was cut short").caused_by(&error))?
}

struct Taker {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    holder: Holder,
    operation: OperationId,
    timeout: Duration,
    interrupts: Interrupts,
    progress: Arc<dyn Progress>,
    start: BootInstant,
    /// The version of another's lock, and since when it has been seen unchanged.
    watched: Option<(Version, BootInstant)>,
}

impl Taker {
    /// None: nobody waits for the answer any more.
    async fn take(&mut self, answer: &mut oneshot::Sender<Result<HeldLock>>) -> Option<Result<HeldLock>> {
        loop {
            let pause = match self.attempt().await {
                Ok(Attempt::Taken(held)) => return Some(Ok(*held)),
                Err(failure) => return Some(Err(failure)),
                Ok(Attempt::Wait(pause)) => pause,
            };
            tokio::select! {
                () = answer.closed() => return None,
                () = self.interrupts.first() => return Some(Err(told::interrupted())),
                () = self.clock.sleep(pause) => {}
            }
        }
    }

    async fn attempt(&mut self) -> Result<Attempt> {
        let store = self.store.as_ref();
        match look(store).await? {
            None => {
                // Without its document the record still tells how far the numbers have come.
                let fence = record::load(store).await?.map_or(0, |(record, _)| record.fence);
                self.write(fence + 1, Condition::Absent).await
            }
            Some(found) if found.lock.state == LockState::Released => {
                if let Some(status) = journal::open(store, &found.lock.operation).await? {
                    return Err(told::unfinished(&status));
                }
                self.write(found.lock.fence + 1, Condition::Is(found.version)).await
            }
            Some(found) => self.of_another(found).await,
        }
    }

    async fn of_another(&mut self, found: Found) -> Result<Attempt> {
        let now = self.clock.boot();
        let since = match &self.watched {
            Some((version, since)) if *version == found.version => *since,
            _ => now,
        };
        self.watched = Some((found.version.clone(), since));
        let silent = found.age.unwrap_or_default().max(now.since(since));
        if silent >= found.lock.term() {
            let status = journal::open(self.store.as_ref(), &found.lock.operation).await?;
            return Err(told::left_behind(&found.lock, silent, status.as_ref()));
        }
        let waited = now.since(self.start);
        if waited >= self.timeout {
            return Err(told::held(&found, self.clock.now(), waited));
        }
        self.progress.tell(Event::StepNote { step: STEP.to_owned(), note: told::waiting(&found.lock) });
        let chance = Duration::from_millis(self.clock.random() % LOOK_EVERY.as_millis() as u64);
        Ok(Attempt::Wait((LOOK_EVERY + chance).min(self.timeout - waited)))
    }

    async fn write(&self, fence: u64, condition: Condition) -> Result<Attempt> {
        let lock = Lock {
            format: FORMAT,
            state: LockState::Held,
            holder: self.holder.clone(),
            operation: self.operation.clone(),
            fence,
            nonce: nonce(self.clock.as_ref()),
            acquired: self.clock.now(),
            term_seconds: TERM.as_secs(),
        };
        let sent = self.clock.boot();
        let put = self.store.put(lock::KEY, Bytes::from(lock.text()), condition);
        let version = match within(self.clock.as_ref(), put).await {
            Ok(Put::Written(version)) => version,
            // The conflict may be with this very write, sent twice below us; and one without an answer may be there.
            Ok(Put::Conflict) => match self.own(&lock).await? {
                Some(version) => version,
                None => return Ok(Attempt::Wait(Duration::ZERO)),
            },
            Err(failure) => match self.own(&lock).await {
                Ok(Some(version)) => version,
                _ => return Err(told::unanswered(failure)),
            },
        };
        let tenancy = Tenancy::new(self.store.clone(), self.clock.clone(), lock, version);
        Ok(Attempt::Taken(Box::new(HeldLock::new(tenancy, sent))))
    }

    /// The version of our own lock, if that is what lies in the store.
    async fn own(&self, lock: &Lock) -> Result<Option<Version>> {
        let found = within(self.clock.as_ref(), look(self.store.as_ref())).await?;
        Ok(found.filter(|found| found.lock.nonce == lock.nonce).map(|found| found.version))
    }
}

enum Attempt {
    Taken(Box<HeldLock>),
    Wait(Duration),
}
