//! Why a machine may be destroyed.

use serde::{Deserialize, Serialize};

use crate::model::names::NodeName;

/// The ground on which one machine may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Proof {
    /// Cordoned by this operation without a break, and found empty by two consistent lists.
    Drained,
    /// A complete list of the cluster's Nodes shows none with its provider id, name or address.
    NeverJoined { way_in: WayIn },
    /// The cloud says that it no longer exists.
    Gone { seen: Deathbed },
    /// `--accept-lost`: a person answers for it.
    Accepted { user: String },
}

impl Proof {
    /// Whether it says that the machine is dead already.
    pub fn is_death(&self) -> bool {
        matches!(self, Proof::Gone { .. })
    }

    /// Goes on from a node's name.
    pub fn told(&self) -> &'static str {
        match self {
            Proof::Drained => "is drained",
            Proof::NeverJoined { .. } => "never joined",
            Proof::Gone { .. } => "has lost its machine",
            Proof::Accepted { .. } => "was accepted as lost",
        }
    }
}

/// How a machine that never joined is kept from joining now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WayIn {
    /// The token that it was given to join with is deleted.
    TokenDeleted,
    /// `scaler` gave it none. What a person gave it is not known here: so a machine that is starting is not taken for
    /// one that never joined, and the Nodes are listed again right before the point of no return.
    NeverIssued,
}

/// What the cloud said of a machine that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deathbed {
    Terminated,
    /// Two queries by its id, apart in time, found nothing, and its Node is not being renewed.
    UnknownTwice,
}

/// Permission to destroy one machine, good for exactly this machine behind exactly this Node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Permit {
    pub node: NodeName,
    pub node_uid: Option<String>,
    pub machine_id: Option<String>,
}
