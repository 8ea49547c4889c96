//! Waiting for conditions, and one clock for every record of the lab.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::error::{LabError, Result};

/// Far longer than anything here takes on an idle machine: a test machine is not idle.
const PATIENCE: Duration = Duration::from_secs(90);

/// Microseconds since the epoch, as in every record of the lab.
pub fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Polls until `condition` gives a value, and gives it back.
///
/// # Panics
/// Names `what` when 90 seconds have passed.
#[track_caller]
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    match try_wait(what, || Ok(condition())) {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

/// As [`wait_for`], for a condition that can fail for good.
pub(crate) fn try_wait<T>(what: &str, mut condition: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Instant::now();
    // Short at first: most waits here are over in milliseconds.
    let mut pause = Duration::from_millis(5);
    loop {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        if started.elapsed() > PATIENCE {
            return Err(LabError::new(format!("waited {} s in vain for: {what}", PATIENCE.as_secs())));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}
