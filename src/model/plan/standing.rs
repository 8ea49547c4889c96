//! How each node of the record stands, as far as a decision depends on it.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    pub machine_id: Option<String>,
    pub node_uid: Option<String>,
    pub condition: Condition,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Condition {
    /// Its machine runs and its Node is Ready.
    Ready,
    /// Its machine runs, and its Node does not say that it is Ready.
    NotReady,
    /// Its machine runs, and a complete list of this very cluster has no Node for it.
    NeverJoined,
    /// No Node is seen for its machine, and that proves nothing: why. A person may accept its loss.
    Unseen { why: String },
    /// The cloud proves that its machine is gone.
    Gone,
    /// Nobody can tell: why.
    Unproven { why: String },
}
