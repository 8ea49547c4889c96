//! The lease that a running operation holds: every effect asks it first.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::model::failure::{Failure, Kind, Result};
use crate::model::lock::Holder;
use crate::ops::ports::{BootInstant, Clock};

/// A view of the lock that this run holds. Cheap to clone.
#[derive(Clone)]
pub struct Lease {
    /// Grows by one with each holder.
    pub fence: u64,
    pub holder: Holder,
    standing: watch::Receiver<Standing>,
    clock: Arc<dyn Clock>,
    former: Option<Silence>,
}

/// How long the lock's former holder had not been heard of, at least, when that was found.
#[derive(Debug, Clone, Copy)]
pub struct Silence {
    pub lasted: Duration,
    pub at: BootInstant,
}

/// How the lease stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Ours until then, unless it is renewed.
    Held { deadline: BootInstant },
    /// Somebody else has it, or nobody knows.
    Lost { why: String },
}

impl Lease {
    pub fn new(fence: u64, holder: Holder, standing: watch::Receiver<Standing>, clock: Arc<dyn Clock>) -> Lease {
        Lease { fence, holder, standing, clock, former: None }
    }

    /// One that came after another's.
    pub fn succeeding(self, former: Option<Silence>) -> Lease {
        Lease { former, ..self }
    }

    /// How long the lock's former holder has not been heard of by now, at least.
    pub fn former_silent_for(&self) -> Duration {
        self.former.map_or(Duration::ZERO, |former| former.lasted + self.clock.boot().since(former.at))
    }

    /// The deadline as of now, for a child process that must not outlive it.
    pub fn deadline(&self) -> Option<BootInstant> {
        match &*self.standing.borrow() {
            Standing::Held { deadline } => Some(*deadline),
            Standing::Lost { .. } => None,
        }
    }

    /// To be told of every renewal, and of the loss.
    pub fn watch(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Must be called right before each effect. An error means: this run may change nothing any more.
    pub fn check(&self) -> Result<()> {
        let why = match &*self.standing.borrow() {
            Standing::Held { deadline } if self.clock.boot() < *deadline => return Ok(()),
            Standing::Held { .. } => "it could not be renewed in time".to_owned(),
            Standing::Lost { why } => why.clone(),
        };
        Err(Failure::new(Kind::Partial, "the cluster's lock was lost in the middle of the operation")
            .because(why)
            .hint("`scaler status` shows what was done and who holds the lock now"))
    }
}
