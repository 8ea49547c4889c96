//! Whether the login lasts for what is about to begin.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::failure::{Failure, Result};

/// How long a login must last when an apply begins: one that ended in the middle would leave Terraform unable to write
/// its state. No more than this, because a machine's own role has a successor ready only five minutes before its end
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html>).
const LASTS: Duration = Duration::from_secs(4 * 60);

/// Refuses to begin what cannot be undone with a login that is about to end. `of` says what it is for.
pub fn lasts(of: &str, ends: Option<Timestamp>, now: Timestamp) -> Result<()> {
    let Some(ends) = ends else { return Ok(()) };
    let left = ends.duration_since(now);
    if left >= SignedDuration::try_from(LASTS).expect("some minutes") {
        return Ok(());
    }
    let minutes = left.as_mins().max(0);
    Err(Failure::refused(format!("the login for {of} ends in {minutes} minutes, at {ends}"))
        .because(format!("an apply that cannot be undone begins only with one that lasts {} minutes", LASTS.as_secs() / 60))
        .hint("nothing was changed by this step; log in again, with a longer session where that can be had, and try again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::Kind;

    #[test]
    fn a_login_that_ends_soon_begins_nothing() {
        let now: Timestamp = "2027-01-02T03:00:00Z".parse().unwrap();
        let at = |text: &str| Some(text.parse().unwrap());
        for fine in [None, at("2027-01-02T03:04:00Z"), at("2027-01-03T00:00:00Z")] {
            lasts("the cloud", fine, now).unwrap();
        }
        for short in [at("2027-01-02T03:03:59Z"), at("2027-01-02T02:00:00Z")] {
            let failure = lasts("the store", short, now).unwrap_err();
            assert!(failure.kind == Kind::Refused && failure.what.contains("for the store"), "{failure:?}");
        }
    }
}
