//! One journal entry as it lies in the store.

use serde::{Deserialize, Serialize};

use super::Entry;
use crate::model::names::OperationId;
use crate::model::record::Format;

/// The major number changes when an older `scaler` would misread a journal. A new kind of entry needs no new major
/// number: a reader that does not know it refuses the journal by itself.
pub const FORMAT: Format = Format { major: 1, minor: 0 };

/// The object `journal/<operation>/<seq>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    pub format: Format,
    pub operation: OperationId,
    /// Dense, from 1.
    pub seq: u64,
    /// The fencing number of the lock under which it was written.
    pub fence: u64,
    /// Random; a writer that lost the answer recognises its own entry by it.
    pub nonce: String,
    /// By the writer's clock. For people, and to tell whose a left-over lock of Terraform is.
    pub at: jiff::Timestamp,
    pub entry: Entry,
}

/// Where an operation's entries lie.
pub fn folder(operation: &OperationId) -> String {
    format!("journal/{operation}/")
}

/// The key of one entry. Padded, so that keys sort as numbers do; beyond a million entries they would not.
pub fn key(operation: &OperationId, seq: u64) -> String {
    format!("journal/{operation}/{seq:06}")
}
