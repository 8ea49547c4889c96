use std::collections::BTreeMap;

use super::{Node, NodeTaint};

/// A change of a node's cordon and of our annotation, bound to what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeChange {
    pub name: String,
    pub uid: String,
    pub resource_version: String,
    pub unschedulable: bool,
    /// The new value of [`super::OPERATION_ANNOTATION`]; None removes it.
    pub annotation: Option<String>,
}

/// A change of a node's labels and taints, bound to what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelChange {
    pub name: String,
    pub uid: String,
    pub resource_version: String,
    /// The labels that change; None removes one. The others stay.
    pub labels: BTreeMap<String, Option<String>>,
    /// All taints that the node is to have; None: they stay.
    pub taints: Option<Vec<NodeTaint>>,
}

/// What the API server says to an eviction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Eviction {
    /// Accepted: the pod is being deleted.
    Accepted,
    /// There is no such pod any more.
    Gone,
    /// Another pod has this name now; ours is gone (a wrong UID precondition, 409).
    Replaced,
    /// A budget does not allow it now (429); the causes as the server gives them.
    Budget(Vec<String>),
    /// The server asks to come back later, and it is no budget's doing (429 without a cause, a conflict, a server that
    /// is overloaded or away), or the answer was lost. Asking again is safe: the UID is a precondition.
    Later(String),
    /// More than one budget covers the pod (500): it can never be evicted so.
    SeveralBudgets(String),
    /// Its namespace is terminating (403): it goes by itself.
    NamespaceTerminating,
}

/// What became of a change that was bound to a resourceVersion.
#[derive(Debug, Clone, PartialEq)]
pub enum Patched {
    Done(Box<Node>),
    /// Somebody changed it since it was read (409), or the Node has another UID.
    Conflict,
    Gone,
}
