//! Taking the lock.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::tenancy::{Tenancy, nonce, within};
use super::{Found, HeldLock, look, told};
use crate::model::failure::{Failure, Result};
use crate::model::lock::{self, FORMAT, Holder, Lock, LockState, TAKE_OVER_AFTER, TERM};
use crate::model::names::OperationId;
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Silence;
use crate::ops::ports::{BootInstant, Clock, Condition, Event, Ports, Progress, Put, Store, Version};
use crate::ops::task::Task;
use crate::ops::{journal, proof, record};

/// The name of this step, for progress.
const STEP: &str = "lock";

/// How long to wait before looking at another's lock again, at least. Up to as much again is added by chance, so that
/// several who wait do not ask in step.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who wants the lock, and for how long another is waited for.
pub struct Seeker {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub holder: Holder,
    pub timeout: Duration,
    pub interrupts: Interrupts,
    pub progress: Arc<dyn Progress>,
}

impl Seeker {
    pub fn of(ports: &Ports, task: &Task, interrupts: Interrupts) -> Seeker {
        Seeker {
            store: ports.store.clone(),
            clock: ports.clock.clone(),
            holder: task.holder.clone(),
            timeout: task.options.lock_timeout,
            interrupts,
            progress: ports.progress.clone(),
        }
    }
}

/// Takes the cluster's lock for an operation, waiting for another to give it back.
///
/// Fails with `LockHeld` if that takes too long, and with `Interrupted` if a signal comes while it waits. It is refused if
/// the last operation under it was not finished: there is at most one such operation, and the lock is how it is found. A
/// lock that ran out, and under which nothing is unfinished, is taken. May be dropped at any time: a lock that is had
/// only afterwards is given back.
pub async fn acquire(seeker: Seeker, operation: OperationId) -> Result<HeldLock> {
    match Taker::new(seeker, Purpose::Begin(operation)).run().await? {
        Some((held, _)) => Ok(held),
        None => Err(Failure::failed("the cluster's lock was neither taken nor refused")),
    }
}

/// Takes the lock of an operation that was left unfinished, in its name: whoever comes next is led to it as before. None if
/// nothing is unfinished; a lock that was left behind by a run that did nothing is then given back.
///
/// The former holder is waited for until neither it nor a tool of its can be at work any more.
pub async fn take_over(seeker: Seeker) -> Result<Option<(HeldLock, OperationId)>> {
    Taker::new(seeker, Purpose::TakeOver).run().await
}

/// What the lock is wanted for.
enum Purpose {
    Begin(OperationId),
    TakeOver,
}

struct Taker {
    seeker: Seeker,
    purpose: Purpose,
    start: BootInstant,
    /// The version of another's lock, and since when it has been seen unchanged.
    watched: Option<(Version, BootInstant)>,
}

/// A lock, and the operation that it is held for; None if there is nothing to take it for.
type Taken = Option<(HeldLock, OperationId)>;

impl Taker {
    fn new(seeker: Seeker, purpose: Purpose) -> Taker {
        let start = seeker.clock.boot();
        Taker { seeker, purpose, start, watched: None }
    }

    async fn run(mut self) -> Result<Taken> {
        let (mut answer, taken) = oneshot::channel();
        tokio::spawn(async move {
            let Some(result) = self.take(&mut answer).await else { return };
            if let Err(Ok(Some((held, _)))) = answer.send(result) {
                // Nobody waits any more. If the release cannot be written, the lock runs out by itself.
                let _ = held.release().await;
            }
        });
        taken.await.map_err(|error| Failure::failed("taking the cluster's lock was cut short").caused_by(&error))?
    }

    /// None: nobody waits for the answer any more.
    async fn take(&mut self, answer: &mut oneshot::Sender<Result<Taken>>) -> Option<Result<Taken>> {
        loop {
            let pause = match self.attempt().await {
                Ok(Attempt::Taken(taken)) => return Some(Ok(Some(*taken))),
                Ok(Attempt::Nothing) => return Some(Ok(None)),
                Err(failure) => return Some(Err(failure)),
                Ok(Attempt::Wait(pause)) => pause,
            };
            tokio::select! {
                biased;
                () = answer.closed() => return None,
                () = self.seeker.interrupts.first() => return Some(Err(told::interrupted())),
                () = self.seeker.clock.sleep(pause) => {}
            }
        }
    }

    async fn attempt(&mut self) -> Result<Attempt> {
        let store = self.seeker.store.clone();
        let Some(found) = look(store.as_ref()).await? else {
            let Purpose::Begin(operation) = &self.purpose else { return Ok(Attempt::Nothing) };
            // Without its document the record still tells how far the numbers have come.
            let fence = record::load(store.as_ref()).await?.map_or(0, |(record, _)| record.fence);
            return self.write(fence + 1, operation.clone(), Condition::Absent, None).await;
        };
        if found.lock.state == LockState::Held {
            return self.of_another(found).await;
        }
        // When it was released nothing of its holder's was at work any more, no tool either: as if nothing had been heard of
        // it for so long before.
        let former = self.silence(found.age.unwrap_or_default() + TAKE_OVER_AFTER);
        let left = journal::open(store.as_ref(), &found.lock.operation).await?;
        let (fence, condition) = (found.lock.fence + 1, Condition::Is(found.version));
        match (&self.purpose, left) {
            (Purpose::Begin(_), Some(status)) => Err(told::unfinished(&status)),
            (Purpose::Begin(operation), None) => {
                let taken = self.write(fence, operation.clone(), condition, former).await?;
                if found.lock.left_behind { self.fence(taken).await } else { Ok(taken) }
            }
            (Purpose::TakeOver, Some(_)) => self.write(fence, found.lock.operation, condition, former).await,
            (Purpose::TakeOver, None) => Ok(Attempt::Nothing),
        }
    }

    async fn of_another(&mut self, found: Found) -> Result<Attempt> {
        let now = self.seeker.clock.boot();
        let since = match &self.watched {
            Some((version, since)) if *version == found.version => *since,
            _ => now,
        };
        self.watched = Some((found.version.clone(), since));
        let silent = found.age.unwrap_or_default().max(now.since(since));
        let former = self.silence(silent);
        if silent >= found.lock.term() {
            let left = journal::open(self.seeker.store.as_ref(), &found.lock.operation).await?;
            let operation = match (&self.purpose, left) {
                // Its run wrote nothing, or came to its end: there is nothing to wait for.
                (Purpose::Begin(operation), None) => Some(operation.clone()),
                (Purpose::Begin(_), Some(status)) => return Err(told::left_behind(&found.lock, silent, &status)),
                (Purpose::TakeOver, Some(_)) if silent < TAKE_OVER_AFTER => None,
                (Purpose::TakeOver, _) => Some(found.lock.operation.clone()),
            };
            if let Some(operation) = operation {
                let condition = Condition::Is(found.version);
                let taken = self.write(found.lock.fence + 1, operation, condition, former).await?;
                return self.fence(taken).await;
            }
        }
        let waited = now.since(self.start);
        if waited >= self.seeker.timeout {
            return Err(told::held(&found, self.seeker.clock.now(), waited));
        }
        self.seeker.progress.tell(Event::StepNote { step: STEP.to_owned(), note: told::waiting(&found.lock) });
        let chance = Duration::from_millis(self.seeker.clock.random() % LOOK_EVERY.as_millis() as u64);
        Ok(Attempt::Wait((LOOK_EVERY + chance).min(self.seeker.timeout - waited)))
    }

    fn silence(&self, lasted: Duration) -> Option<Silence> {
        Some(Silence { lasted, at: self.seeker.clock.boot() })
    }

    async fn write(
        &self,
        fence: u64,
        operation: OperationId,
        condition: Condition,
        former: Option<Silence>,
    ) -> Result<Attempt> {
        // The first write of every operation is this one.
        proof::assure(self.seeker.store.as_ref(), self.seeker.clock.as_ref()).await?;
        let lock = Lock {
            format: FORMAT,
            state: LockState::Held,
            holder: self.seeker.holder.clone(),
            operation: operation.clone(),
            fence,
            nonce: nonce(self.seeker.clock.as_ref()),
            acquired: self.seeker.clock.now(),
            term_seconds: TERM.as_secs(),
            left_behind: false,
        };
        let sent = self.seeker.clock.boot();
        let put = self.seeker.store.put(lock::KEY, Bytes::from(lock.text()), condition);
        let version = match within(self.seeker.clock.as_ref(), put).await {
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
        let tenancy = Tenancy::new(self.seeker.store.clone(), self.seeker.clock.clone(), lock, version);
        Ok(Attempt::Taken(Box::new((HeldLock::new(tenancy, sent, former), operation))))
    }

    /// What a former holder may still have on its way, who did not give the lock back itself, comes too late from now on:
    /// the record is of another version. Where that fails, the lock is left as it is, and whoever takes it next does this.
    async fn fence(&self, attempt: Attempt) -> Result<Attempt> {
        let (Attempt::Taken(taken), Purpose::Begin(_)) = (&attempt, &self.purpose) else { return Ok(attempt) };
        let store = self.seeker.store.as_ref();
        // Nothing changes one that was moved.
        if let Some(stored) = record::load_any(store).await?.filter(|(record, _)| record.moved_to.is_none()) {
            record::fence(store, &taken.0.lease(), stored).await?;
        }
        Ok(attempt)
    }

    /// The version of our own lock, if that is what lies in the store.
    async fn own(&self, lock: &Lock) -> Result<Option<Version>> {
        let found = within(self.seeker.clock.as_ref(), look(self.seeker.store.as_ref())).await?;
        Ok(found.filter(|found| found.lock.nonce == lock.nonce).map(|found| found.version))
    }
}

enum Attempt {
    Taken(Box<(HeldLock, OperationId)>),
    /// There is nothing to take over.
    Nothing,
    Wait(Duration),
}
