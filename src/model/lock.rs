//! The cluster's lock, as it lies in the store: a lease with a holder and a fencing number.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::names::OperationId;

/// How long a lease lives without being renewed. Long enough for three lost renewals and a slow store, short enough
/// that an operator who finds a dead run waits for less time than it takes to read what it did.
pub const TERM: Duration = Duration::from_secs(60);

/// How often the holder renews: three tries fit before its own deadline.
pub const RENEW_EVERY: Duration = Duration::from_secs(15);

/// How much earlier than the term the holder itself stops, counted from sending its last good renewal. It covers the
/// difference between two clocks' speeds, and an effect that was under way when the deadline came.
pub const MARGIN: Duration = Duration::from_secs(15);

/// Who is at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub user: String,
    pub host: String,
    pub pid: u32,
    /// The command as typed, without values of secret options.
    pub command: String,
    /// The version of `scaler`.
    pub version: String,
}

/// `lock.json`.
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
    pub term_seconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LockState {
    Held,
    Released,
}
