//! Waiting for another's run, without wanting the lock yet.

use std::time::Duration;

use super::{Found, look, told};
use crate::model::failure::Result;
use crate::ops::interrupts::Interrupts;
use crate::ops::ports::{Clock, Store};

/// How often the lock is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Returns when nobody is at work any more. Fails with `LockHeld` if that takes longer than `timeout`, and with
/// `Interrupted` at a signal.
pub async fn until_nobody_works(
    store: &dyn Store,
    clock: &dyn Clock,
    timeout: Duration,
    interrupts: &Interrupts,
) -> Result<()> {
    let start = clock.boot();
    while let Some(found) = look(store).await?.filter(Found::is_live) {
        let waited = clock.boot().since(start);
        if waited >= timeout {
            return Err(told::held(&found, clock.now(), waited));
        }
        tokio::select! {
            biased;
            () = interrupts.first() => return Err(told::interrupted()),
            () = clock.sleep(LOOK_EVERY.min(timeout - waited)) => {}
        }
    }
    Ok(())
}
