//! The cluster's lock, as it lies in the store: a lease with a holder and a fencing number.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::names::OperationId;

/// Where the lock lies in the store.
pub const KEY: &str = "lock.json";

/// The number changes when an older `scaler` would misread a lock; it then leaves it alone.
pub const FORMAT: u32 = 1;

/// How long a lease lives without being renewed. Long enough for three lost renewals and a slow store, short enough
/// that an operator who finds a dead run waits for less time than it takes to read what it did.
pub const TERM: Duration = Duration::from_secs(60);

/// How often the holder renews: three tries fit before its own deadline.
pub const RENEW_EVERY: Duration = Duration::from_secs(15);

/// How much earlier than the term the holder itself stops, counted from sending its last good renewal. It covers the
/// difference between two clocks' speeds, the second by which a store's clock is coarse, and an effect that was under
/// way when the deadline came.
pub const MARGIN: Duration = Duration::from_secs(15);

/// How long a tool may take to end in order when it was interrupted; then it is killed. So does the supervisor of each.
pub const STOP: Duration = Duration::from_secs(30);

/// How long nothing may have been heard of a holder before its unfinished operation is taken over. It stops at its own
/// deadline, its tools within their stop time after that, and the margin is between the two clocks.
pub const TAKE_OVER_AFTER: Duration = Duration::from_secs(TERM.as_secs() + STOP.as_secs());

/// Who is at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub user: String,
    pub host: String,
    /// The user's name as the system's own list has it: as Terraform names the holder of its lock on a state.
    #[serde(default)]
    pub login: String,
    pub pid: u32,
    /// The command as typed, without values of secret options.
    pub command: String,
    /// The version of `scaler`.
    pub version: String,
}

/// `lock.json`. It is there from the first operation on, and never deleted: the fencing number lives in it, and it
/// leads to the journal of the last operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lock {
    pub format: u32,
    pub state: LockState,
    pub holder: Holder,
    pub operation: OperationId,
    /// Grows by one with each holder. Record and journal carry it, so that a late writer is recognised.
    pub fence: u64,
    /// New with each write, so that a writer that lost the answer recognises its own.
    pub nonce: String,
    /// By the holder's clock; for people only, nothing is decided by it.
    pub acquired: jiff::Timestamp,
    /// How long this lease lives without being renewed, by the holder's own reckoning.
    pub term_seconds: u64,
    /// Its holder did not give it back: somebody else did, who took it for dead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left_behind: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockState {
    Held,
    Released,
}

impl Lock {
    pub fn term(&self) -> Duration {
        Duration::from_secs(self.term_seconds)
    }

    /// Reads a lock. The error says what is wrong with the text.
    pub fn parse(text: &[u8]) -> Result<Lock, LockError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let broken = |error: serde_json::Error| LockError::Broken(error.to_string());
        let head: Head = serde_json::from_slice(text).map_err(broken)?;
        if head.format > FORMAT {
            return Err(LockError::Newer(head.format));
        }
        serde_json::from_slice(text).map_err(broken)
    }

    /// The text to store.
    pub fn text(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("names, numbers and text are all JSON")
    }
}

/// Why a lock cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    #[error("it has format {0}, which a newer scaler wrote; this one knows formats up to {FORMAT}")]
    Newer(u32),
    #[error("it is not a lock: {0}")]
    Broken(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock() -> Lock {
        Lock {
            format: FORMAT,
            state: LockState::Held,
            holder: Holder {
                user: "ada".into(),
                host: "laptop".into(),
                login: "ada".into(),
                pid: 42,
                command: "scaler apply -f cluster.yml".into(),
                version: "0.1.0".into(),
            },
            operation: OperationId::from_text("20260102t030405z-00000000000000ff"),
            fence: 7,
            nonce: "0123456789abcdef".into(),
            acquired: "2026-01-02T03:04:05Z".parse().unwrap(),
            term_seconds: 60,
            left_behind: false,
        }
    }

    /// Other versions of scaler read this: a change of it is a change of the format.
    #[test]
    fn keeps_its_form() {
        insta::assert_snapshot!(String::from_utf8(lock().text()).unwrap(), @r#"
        {
          "format": 1,
          "state": "held",
          "holder": {
            "user": "ada",
            "host": "laptop",
            "login": "ada",
            "pid": 42,
            "command": "scaler apply -f cluster.yml",
            "version": "0.1.0"
          },
          "operation": "20260102t030405z-00000000000000ff",
          "fence": 7,
          "nonce": "0123456789abcdef",
          "acquired": "2026-01-02T03:04:05Z",
          "termSeconds": 60
        }
        "#);
    }

    #[test]
    fn survives_its_text() {
        assert_eq!(Lock::parse(&lock().text()), Ok(lock()));
    }

    #[test]
    fn leaves_a_newer_format_alone() {
        assert_eq!(Lock::parse(br#"{"format": 2, "lease": {}}"#), Err(LockError::Newer(2)));
    }

    #[test]
    fn says_where_a_text_is_broken() {
        let Err(LockError::Broken(why)) = Lock::parse(b"{\n  \"format\": 1,\n  oops") else { panic!() };
        assert!(why.contains("line 3 column 3"), "{why}");
    }

    /// The holder has to be through with everything before anybody else may think that the lease has run out.
    #[test]
    fn three_renewals_fit_before_the_holders_deadline() {
        assert!(RENEW_EVERY * 3 <= TERM - MARGIN);
    }

    #[test]
    fn a_former_holders_tools_have_ended_before_it_is_taken_over() {
        assert_eq!(TAKE_OVER_AFTER, (TERM - MARGIN) + STOP + MARGIN);
    }
}
