//! What was asked for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::names::NodeName;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Request {
    /// Make it as the cluster file says.
    Apply { accept_lost: Vec<NodeName> },
    /// Change the size of one pool with bounds.
    Scale {
        pool: String,
        change: SizeChange,
        zone: Option<String>,
        /// `--write`: the `count` that the cluster file has from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        write: Option<u32>,
        accept_lost: Vec<NodeName>,
    },
    /// Make it as it was in a former generation: the cluster file is that one's, and so are the sizes. Names never come back.
    Rollback {
        to: u64,
        /// Of the pools that have bounds.
        sizes: BTreeMap<String, u32>,
        accept_lost: Vec<NodeName>,
    },
    /// Run the playbooks on machines that stand.
    Provision {
        /// Nodes and pools; empty for all.
        limit: Vec<String>,
        /// Of the playbooks; empty for all but those that run only when asked for.
        tags: Vec<String>,
    },
    /// Everything goes.
    Destroy,
}

impl Request {
    pub fn accept_lost(&self) -> &[NodeName] {
        match self {
            Request::Apply { accept_lost }
            | Request::Scale { accept_lost, .. }
            | Request::Rollback { accept_lost, .. } => accept_lost,
            Request::Provision { .. } | Request::Destroy => &[],
        }
    }

    /// Whether the cluster file at hand becomes the cluster's, with its tags and its key.
    pub fn brings_file(&self) -> bool {
        matches!(self, Request::Apply { .. } | Request::Rollback { .. })
    }

    /// The generation that is gone back to.
    pub fn back_to(&self) -> Option<u64> {
        match self {
            Request::Rollback { to, .. } => Some(*to),
            _ => None,
        }
    }

    /// The nodes that are to leave this pool, if they were named.
    pub fn named(&self, pool: &str) -> Option<&[NodeName]> {
        match self {
            Request::Scale { pool: wanted, change: SizeChange::Without(names), .. } if wanted == pool => Some(names),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "size", content = "value", rename_all = "kebab-case")]
pub enum SizeChange {
    /// Grow to this many.
    UpTo(u32),
    /// Grow by this many.
    UpBy(u32),
    /// Shrink to this many.
    DownTo(u32),
    /// Shrink by this many.
    DownBy(u32),
    /// These go, and the pool is that much smaller.
    Without(Vec<NodeName>),
}
