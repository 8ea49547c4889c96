//! Our own lock in the store: every write of it, and recognising a write of ours whose answer was lost.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Found, look};
use crate::model::failure::{Failure, Result};
use crate::model::lock::{self, Lock, LockState};
use crate::ops::ports::{BootInstant, Clock, Condition, Put, Store, Version};

/// How long one write or read may take before it counts as unanswered. Three of them fit into a lease with their pauses.
const TRY: Duration = Duration::from_secs(10);

/// What is known of a lock that is ours.
pub struct Tenancy {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    /// As we last wrote it and know to be there.
    pub lock: Lock,
    pub version: Version,
    /// Writes that may have taken effect, and when each was sent.
    doubtful: Vec<(Lock, BootInstant)>,
}

/// What became of a write.
pub enum Written {
    /// It is there; so is the time when it was sent.
    Ours(BootInstant),
    /// Nobody knows; it may be tried again.
    Unknown(Failure),
    /// Somebody else's is there instead, or none.
    Foreign(String),
}

impl Tenancy {
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, lock: Lock, version: Version) -> Tenancy {
        Tenancy { store, clock, lock, version, doubtful: Vec::new() }
    }

    pub async fn renew(&mut self) -> Written {
        self.write(LockState::Held).await
    }

    pub async fn release(&mut self) -> Written {
        self.write(LockState::Released).await
    }

    /// May be dropped in the middle: a write that was under way then is among the doubtful ones.
    async fn write(&mut self, state: LockState) -> Written {
        let next = Lock { state, nonce: nonce(self.clock.as_ref()), ..self.lock.clone() };
        let sent = self.clock.boot();
        self.doubtful.push((next.clone(), sent));
        let put = self.store.put(lock::KEY, Bytes::from(next.text()), Condition::Is(self.version.clone()));
        match within(self.clock.as_ref(), put).await {
            Ok(Put::Written(version)) => {
                self.settle(next, version);
                Written::Ours(sent)
            }
            Ok(Put::Conflict) => self.recognise(state).await,
            Err(failure) => Written::Unknown(failure),
        }
    }

    fn settle(&mut self, lock: Lock, version: Version) {
        self.lock = lock;
        self.version = version;
        // All of them were bound to the version before this one: none of the others can take effect any more.
        self.doubtful.clear();
    }

    /// After a conflict: is what lies there one of our own writes? One of another state counts as none.
    async fn recognise(&mut self, state: LockState) -> Written {
        let found = match within(self.clock.as_ref(), look(self.store.as_ref())).await {
            Ok(found) => found,
            Err(failure) => return Written::Unknown(failure),
        };
        let Some(Found { lock, version, .. }) = found else { return Written::Foreign("its object was deleted".into()) };
        let ours = self.doubtful.iter().find(|(own, _)| own.nonce == lock.nonce).cloned();
        match ours {
            Some((own, sent)) => {
                self.settle(own, version);
                if lock.state == state {
                    Written::Ours(sent)
                } else {
                    Written::Unknown(Failure::failed("an earlier write of the lock had taken effect"))
                }
            }
            None if lock.nonce == self.lock.nonce => {
                self.version = version;
                Written::Unknown(Failure::failed("the store refused a write of the lock that nobody had changed"))
            }
            None => Written::Foreign(format!(
                "{} on {} (pid {}) has it now, for operation {}",
                lock.holder.user, lock.holder.host, lock.holder.pid, lock.operation
            )),
        }
    }
}

/// A text that nobody wrote before.
pub fn nonce(clock: &dyn Clock) -> String {
    format!("{:016x}{:016x}", clock.random(), clock.random())
}

/// An answer that does not come in time is an error.
pub async fn within<T>(clock: &dyn Clock, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        done = work => done,
        () = clock.sleep(TRY) => {
            Err(Failure::failed(format!("the store did not answer within {} s", TRY.as_secs())))
        }
    }
}
