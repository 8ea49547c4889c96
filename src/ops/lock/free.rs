//! Giving back a lock that its holder left behind, without undoing or finishing what was done under it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::tenancy::{nonce, within};
use super::{Found, look, told};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::lock::{self, Holder, Lock, LockState, TAKE_OVER_AFTER};
use crate::ops::interrupts::Interrupts;
use crate::ops::ports::{BootInstant, Clock, Condition, Event, Progress, Put, Store, Version};

/// The name of this step, for progress.
const STEP: &str = "lock";

/// How often the lock is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who wants to free a lock.
pub struct Freer {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub holder: Holder,
    pub interrupts: Interrupts,
    pub progress: Arc<dyn Progress>,
}

/// How a lock stands.
pub enum Seen {
    /// Nobody holds it. None: there was no operation yet.
    Free(Option<Lock>),
    /// Somebody renews it.
    Live(Found),
    /// Nobody has renewed it for its whole term.
    LeftBehind(LeftBehind),
}

/// A lock that was not renewed in time.
pub struct LeftBehind {
    pub lock: Lock,
    /// For how long it is known not to have been renewed, when it was looked at.
    pub silent: Duration,
    version: Version,
    at: BootInstant,
}

impl LeftBehind {
    fn of(found: Found, silent: Duration, at: BootInstant) -> LeftBehind {
        LeftBehind { lock: found.lock, silent, version: found.version, at }
    }
}

impl Freer {
    /// Looks at the lock. Where the store tells no age it is watched for a whole term: whoever is at work renews it meanwhile.
    pub async fn see(&self) -> Result<Seen> {
        let Some(found) = look(self.store.as_ref()).await? else { return Ok(Seen::Free(None)) };
        if found.lock.state == LockState::Released {
            return Ok(Seen::Free(Some(found.lock)));
        }
        match found.age {
            Some(age) if age >= found.lock.term() => {
                Ok(Seen::LeftBehind(LeftBehind::of(found, age, self.clock.boot())))
            }
            Some(_) => Ok(Seen::Live(found)),
            None => self.watch(found).await,
        }
    }

    async fn watch(&self, found: Found) -> Result<Seen> {
        let (start, term) = (self.clock.boot(), found.lock.term());
        self.note(format!("this store tells no ages, so the lock is watched for {}", told::span(term)));
        loop {
            let watched = self.clock.boot().since(start);
            if watched >= term {
                return Ok(Seen::LeftBehind(LeftBehind::of(found, watched, self.clock.boot())));
            }
            self.pause(LOOK_EVERY.min(term - watched)).await?;
            match look(self.store.as_ref()).await? {
                Some(now) if now.version == found.version => {}
                Some(now) if now.lock.state == LockState::Held => return Ok(Seen::Live(now)),
                now => return Ok(Seen::Free(now.map(|now| now.lock))),
            }
        }
    }

    /// Waits until neither the holder nor a tool of its can be at work any more, and writes that the lock is free. The
    /// number grows, so a holder that wakes after all finds a lock that is not its own, and may write nothing.
    ///
    /// Fails with `LockHeld` if somebody renewed or took it meanwhile, and with `Interrupted` at a signal; the lock is
    /// then as it was.
    pub async fn free(&self, left: LeftBehind) -> Result<Lock> {
        loop {
            let Some(found) = look(self.store.as_ref()).await?.filter(|found| found.version == left.version) else {
                return Err(self.changed().await?);
            };
            let since = left.silent + self.clock.boot().since(left.at);
            let silent = found.age.unwrap_or_default().max(since);
            if silent >= TAKE_OVER_AFTER {
                return self.write(&found).await;
            }
            self.note(format!(
                "waiting until its holder and its tools must have ended: {}",
                told::span(TAKE_OVER_AFTER - silent)
            ));
            self.pause(LOOK_EVERY.min(TAKE_OVER_AFTER - silent)).await?;
        }
    }

    async fn write(&self, found: &Found) -> Result<Lock> {
        let free = Lock {
            state: LockState::Released,
            holder: self.holder.clone(),
            fence: found.lock.fence + 1,
            nonce: nonce(self.clock.as_ref()),
            acquired: self.clock.now(),
            left_behind: true,
            ..found.lock.clone()
        };
        let put = self.store.put(lock::KEY, Bytes::from(free.text()), Condition::Is(found.version.clone()));
        let written = within(self.clock.as_ref(), put).await;
        if let Ok(Put::Written(_)) = written {
            return Ok(free);
        }
        // The conflict may be with this very write, sent twice below us; and one without an answer may be there.
        let now = within(self.clock.as_ref(), look(self.store.as_ref())).await?;
        match (now, written) {
            (Some(now), _) if now.lock.nonce == free.nonce => Ok(free),
            (_, Err(failure)) => Err(failure.context("the cluster's lock could not be given back").hint("try again")),
            _ => Err(self.changed().await?),
        }
    }

    /// Why a lock that was looked at is another one now.
    async fn changed(&self) -> Result<Failure> {
        let found = look(self.store.as_ref()).await?.filter(|found| found.lock.state == LockState::Held);
        Ok(match found {
            Some(found) => told::held(&found, self.clock.now(), Duration::ZERO),
            None => Failure::refused("the lock was given back by another run meanwhile")
                .hint("nothing was changed; nobody holds it now"),
        })
    }

    async fn pause(&self, time: Duration) -> Result<()> {
        tokio::select! {
            () = self.interrupts.first() => {
                Err(Failure::new(Kind::Interrupted, "interrupted before the lock was given back").hint("nothing was changed"))
            }
            () = self.clock.sleep(time) => Ok(()),
        }
    }

    fn note(&self, note: String) {
        self.progress.tell(Event::StepNote { step: STEP.to_owned(), note });
    }
}

#[cfg(test)]
mod tests;
