//! This machine's clock against the cloud's.

use std::time::Duration;

use super::check::{Check, Status};
use crate::ops::ports::Clock;
use crate::ops::ports::probe::CloudProbe;

/// From here on, times in records and logs of several machines cannot be put in order any more.
const WARN: Duration = Duration::from_secs(5);

/// From here on, tokens and certificates made here may not be valid there yet. (AWS itself refuses at five minutes:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>.)
const FAIL: Duration = Duration::from_secs(60);

pub(super) async fn check(clock: &dyn Clock, probe: Option<&dyn CloudProbe>) -> Check {
    let name = "clock";
    let Some(probe) = probe else { return Check::skipped(name, "there is no other clock to compare with") };
    let before = clock.now();
    let theirs = probe.now().await;
    let after = clock.now();
    match theirs {
        Ok(theirs) => judge(skew(before, theirs, after)),
        Err(failure) => Check::skipped(name, format!("the cloud's time is not known: {failure}")),
    }
}

/// How far `theirs`, which is cut to the second, lies outside of what fits between two looks at our clock.
fn skew(before: jiff::Timestamp, theirs: jiff::Timestamp, after: jiff::Timestamp) -> Duration {
    let latest = theirs + Duration::from_secs(1);
    let ahead = before.duration_since(latest);
    let behind = theirs.duration_since(after);
    ahead.max(behind).try_into().unwrap_or(Duration::ZERO)
}

fn judge(skew: Duration) -> Check {
    let name = "clock";
    let detail = format!("differs by {} s from the cloud's", skew.as_secs());
    let fix = "set the clock: `timedatectl set-ntp true`, or run chrony";
    if skew > FAIL {
        Check::new(name, Status::Fail, detail).fix(fix)
    } else if skew > WARN {
        Check::new(name, Status::Warn, detail).fix(fix)
    } else {
        Check::ok(name, "agrees with the cloud's")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> jiff::Timestamp {
        format!("2026-01-01T{text}Z").parse().unwrap()
    }

    #[test]
    fn what_fits_between_two_looks_is_no_skew() {
        for (before, theirs, after, seconds) in [
            ("00:00:10", "00:00:10", "00:00:10", 0),
            ("00:00:10.9", "00:00:10", "00:00:10.95", 0),
            ("00:00:10", "00:00:25", "00:00:30", 0),
            ("00:00:10", "00:00:40", "00:00:30", 10),
            ("00:00:10", "00:00:02", "00:00:30", 7),
        ] {
            assert_eq!(skew(at(before), at(theirs), at(after)).as_secs(), seconds, "{before} {theirs} {after}");
        }
    }

    #[test]
    fn small_skews_warn_and_big_ones_fail() {
        for (seconds, status) in
            [(0, Status::Ok), (5, Status::Ok), (6, Status::Warn), (60, Status::Warn), (61, Status::Fail)]
        {
            assert_eq!(judge(Duration::from_secs(seconds)).status, status, "{seconds}");
        }
    }
}
