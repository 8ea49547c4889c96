//! Emptying nodes: cordon, drain, prove, undo.
//!
//! ```text
//! let drainer = Drainer { kubernetes, clock, progress, lease, interrupts, witness, operation, rules, keep_going };
//! let obstacles = drainer.cordon_all(&victims).await?;      // all victims, before any pod moves
//! let ended     = drainer.drain_all(&victims).await?;       // one end a victim: drained, or an obstacle
//! let obstacles = drainer.verify_empty(&victims).await?;    // again right before the point of no return
//! let undone    = drainer.uncordon(&victims).await;         // on every other way out
//! ```
//!
//! Victims are nodes that a preflight ([`crate::model::drain::preflight`]) found nothing against. An `Err` says that the
//! work itself broke off: interrupted (its kind is `Interrupted`), the lease lost, no right to do something, the journal
//! not written. An [`Obstacle`] says that a node cannot be emptied, and why; [`refusal`] makes one error of several.
//! Neither uncordons anything by itself: that is the caller's next step, unless the lease is lost.
//!
//! Everything may be repeated after a crash: a cordon of the same operation is taken up, and pods are asked to leave by
//! UID. Before each change the lease is checked and the [`Witness`] told, so that the journal knows it first.

mod cordon;
mod evict;
mod look;
mod outcome;
mod uncordon;
mod verify;
mod witness;

use std::time::Duration;

use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::DrainSpec;
use crate::model::names::OperationId;
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Lease;
use crate::ops::ports::{Clock, Kubernetes, Progress};

pub use crate::model::drain::Victim;
pub(super) use cordon::{TRIES, never_alone, pause};
pub use outcome::{Drained, Obstacle, refusal};
pub use witness::Witness;

/// What every step of a drain uses. Cheap to make.
#[derive(Clone, Copy)]
pub struct Drainer<'a> {
    pub kubernetes: &'a dyn Kubernetes,
    pub clock: &'a dyn Clock,
    pub progress: &'a dyn Progress,
    pub lease: &'a Lease,
    /// The first signal ends everything here but [`Drainer::uncordon`].
    pub interrupts: &'a Interrupts,
    pub witness: &'a dyn Witness,
    pub operation: &'a OperationId,
    pub rules: &'a DrainSpec,
    /// `--partial`: one node that cannot be emptied does not end the work on the others.
    pub keep_going: bool,
}

impl Drainer<'_> {
    /// Sleeps, or fails at a signal.
    async fn sleep(&self, time: Duration) -> Result<()> {
        tokio::select! {
            biased;
            () = self.clock.sleep(time) => self.uninterrupted(),
            () = self.interrupts.first() => Err(interrupted()),
        }
    }

    fn uninterrupted(&self) -> Result<()> {
        if self.interrupts.count() > 0 { Err(interrupted()) } else { Ok(()) }
    }
}

fn interrupted() -> Failure {
    Failure::new(Kind::Interrupted, "interrupted while nodes were being emptied")
}

/// How long an API server that is away is waited for where nothing else sets a limit: longer than the restart of a single
/// control plane.
const PATIENCE: Duration = Duration::from_secs(90);

/// Whether a later try may do better: the API server was away or overloaded, not unwilling.
fn passing(failure: &Failure) -> bool {
    failure.kind == Kind::Failed
}

#[cfg(test)]
mod tests;
