//! A lock that is ours.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::renew;
use super::tenancy::{Tenancy, Written};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::lock::TERM;
use crate::ops::lease::{Lease, Silence, Standing};
use crate::ops::ports::{BootInstant, Event, Progress};

/// How often a release is tried that has no answer, and how long to wait in between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(1);

/// Renews the lock for as long as it lives.
///
/// Dropped without [`HeldLock::release`], it leaves the lock as it is, and the lock runs out by itself: a run that ended
/// so did not say that its work is finished, and whoever comes next has to look at its journal.
pub struct HeldLock {
    lease: Lease,
    standing: watch::Sender<Standing>,
    keeper: Option<JoinHandle<Tenancy>>,
    stop: CancellationToken,
}

impl HeldLock {
    /// `sent` is when the write was sent that took the lock; `former`, of whoever had it before.
    pub(super) fn new(tenancy: Tenancy, sent: BootInstant, former: Option<Silence>) -> HeldLock {
        let (standing, watched) = watch::channel(Standing::Held { deadline: renew::deadline(sent) });
        let (fence, holder) = (tenancy.lock.fence, tenancy.lock.holder.clone());
        let lease = Lease::new(fence, holder, watched, tenancy.clock.clone()).succeeding(former);
        let stop = CancellationToken::new();
        let keeper = tokio::spawn(renew::keep(tenancy, sent, standing.clone(), stop.clone()));
        HeldLock { lease, standing, keeper: Some(keeper), stop }
    }

    /// What every effect asks first.
    pub fn lease(&self) -> Lease {
        self.lease.clone()
    }

    /// Gives the lock back at the end of a run. One that cannot be released runs out by itself; what was done counts more
    /// than that, so it is a warning.
    pub async fn give_back(self, progress: &dyn Progress) {
        if let Err(failure) = self.release().await {
            progress.tell(Event::Warning { text: format!("the lock was not released: {failure}") });
        }
    }

    /// Gives the lock back, and nothing may be done under its lease any more. An error says that it runs out by itself,
    /// or who has it now.
    pub async fn release(mut self) -> Result<()> {
        self.stop.cancel();
        let Some(keeper) = self.keeper.take() else { return Ok(()) };
        let mut tenancy = keeper.await.map_err(|error| {
            Failure::failed("the lock's renewal was cut short; it runs out by itself").caused_by(&error)
        })?;
        self.standing.send_replace(Standing::Lost { why: "it was released".into() });
        let mut failure = Failure::failed("the cluster's lock was not released");
        for attempt in 0..TRIES {
            if attempt > 0 {
                tenancy.clock.sleep(PAUSE).await;
            }
            match tenancy.release().await {
                Written::Ours(_) => return Ok(()),
                Written::Unknown(trouble) => failure.causes = vec![trouble.to_string()],
                Written::Foreign(why) => return Err(failure.because(why).with_kind(Kind::Partial)),
            }
        }
        Err(failure.hint(format!("it runs out by itself, {} s after its last renewal", TERM.as_secs())))
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
