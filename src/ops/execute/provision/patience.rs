//! An API server that is away just when machines are to be let into the cluster.

use std::time::Duration;

use crate::model::failure::{Kind, Result};
use crate::ops::ports::BootInstant;

use super::super::session::Session;

/// How long it may be away, for all that is asked of it together: longer than the restart of a single control plane.
const RESTART: Duration = Duration::from_secs(90);
const AGAIN: Duration = Duration::from_secs(2);

impl Session<'_> {
    /// Until when an API server that is away from now on is waited for.
    pub(super) fn restart(&self) -> BootInstant {
        self.ports.clock.boot().after(RESTART)
    }

    /// Asks the API server, and again as long as it is away: machines that stand already are waiting to be let in. Only
    /// for what may be asked for twice.
    pub(super) async fn patiently<T>(&self, until: BootInstant, ask: impl AsyncFn() -> Result<T>) -> Result<T> {
        loop {
            self.lease.check()?;
            let away = match ask().await {
                Err(failure) if failure.kind == Kind::Failed => failure,
                answer => return answer,
            };
            if self.ports.clock.boot() >= until {
                return Err(away);
            }
            tokio::select! {
                biased;
                () = self.ports.clock.sleep(AGAIN) => {}
                () = self.interrupts.first() => return Err(away.because("a signal ended the waiting")),
            }
        }
    }
}
