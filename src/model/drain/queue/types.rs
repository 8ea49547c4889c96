use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::drain::hold::{Deadline, Hold};
use crate::model::kubernetes::{Budget, Node, Pod};

/// How often the cluster is looked at while a drain goes on.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How far apart the two looks must be that find a node empty. A pod that was bound before the cordon took hold in the
/// scheduler shows by then.
pub const SETTLE: Duration = Duration::from_secs(3);

/// A node that is to be drained, and no other of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Victim {
    pub node: String,
    pub uid: String,
}

/// What a look must show of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    pub node: String,
    /// Its volumes are of interest, too.
    pub volumes: bool,
}

/// The cluster at one moment.
#[derive(Debug, Clone)]
pub struct Look {
    /// When it was begun to be read.
    pub began: Duration,
    /// The same by the wall clock, for texts.
    pub at: Timestamp,
    pub nodes: BTreeMap<String, NodeLook>,
    pub budgets: Vec<Budget>,
}

#[derive(Debug, Clone)]
pub struct NodeLook {
    /// None if there is no Node of this name.
    pub node: Option<Node>,
    /// All pods on it, from one consistent list.
    pub pods: Vec<Pod>,
    /// The volumes attached to it that belong to no pod that stays. None: they were not looked at.
    pub volumes: Option<Vec<String>>,
}

/// What is to be done, or told.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Ask once for the pod's eviction, by its UID, and hand the answer to [`super::Queue::answered`].
    Evict { node: String, pod: Box<Pod> },
    /// News for a person.
    Waiting { node: String, hold: Hold },
    /// Nothing is left that must leave. It is proven by two looks.
    Drained { victim: Victim },
    /// It ends here without being empty.
    Blocked { victim: Victim, holds: Vec<Hold>, deadline: Option<Deadline> },
    /// Look again then.
    Wait { until: Duration },
}
