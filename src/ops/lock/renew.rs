//! Keeping a lock, in the background.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::tenancy::{Tenancy, Written};
use crate::model::lock::{MARGIN, RENEW_EVERY, TERM};
use crate::ops::lease::Standing;
use crate::ops::ports::BootInstant;

/// How soon a renewal is tried again that had no answer.
const AGAIN: Duration = Duration::from_secs(2);

/// How long a lease is ours whose last good renewal was sent then.
pub fn deadline(sent: BootInstant) -> BootInstant {
    sent.after(TERM - MARGIN)
}

/// Renews until it is told to stop or the lease is lost, tells of each, and gives the lock back.
pub async fn keep(
    mut tenancy: Tenancy,
    sent: BootInstant,
    standing: watch::Sender<Standing>,
    stop: CancellationToken,
) -> Tenancy {
    let clock = tenancy.clock.clone();
    let mut until = deadline(sent);
    let mut wait = RENEW_EVERY;
    let mut trouble = None;
    loop {
        let pause = wait.min(until.since(clock.boot()));
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = clock.sleep(pause) => {}
        }
        if clock.boot() >= until {
            let why = trouble.map_or("it was not renewed in time".into(), |trouble| {
                format!("it could not be renewed in time: {trouble}")
            });
            standing.send_replace(Standing::Lost { why });
            break;
        }
        let written = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            written = tenancy.renew() => written,
        };
        match written {
            // One that was answered too late does not bring back a lease that everybody took for lost.
            Written::Ours(_) if clock.boot() >= until => wait = Duration::ZERO,
            Written::Ours(sent) => {
                tracing::debug!("lock: renewed");
                until = deadline(sent);
                wait = RENEW_EVERY.saturating_sub(clock.boot().since(sent));
                trouble = None;
                standing.send_replace(Standing::Held { deadline: until });
            }
            Written::Unknown(failure) => {
                tracing::info!(%failure, "lock: not renewed");
                wait = AGAIN;
                trouble = Some(failure.to_string());
            }
            Written::Foreign(why) => {
                standing.send_replace(Standing::Lost { why });
                break;
            }
        }
    }
    tenancy
}
