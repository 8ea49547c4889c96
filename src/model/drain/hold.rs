use std::time::Duration;

use serde::Serialize;

use crate::model::kubernetes::Pod;

/// One thing that keeps a node from being empty, and what would change that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// `namespace/name`; None where it is about the node itself.
    pub pod: Option<String>,
    #[serde(flatten)]
    pub why: Why,
}

impl Hold {
    pub fn pod(pod: &Pod, why: Why) -> Hold {
        Hold { pod: Some(pod.title()), why }
    }

    pub fn node(why: Why) -> Hold {
        Hold { pod: None, why }
    }
}

/// Why something stands in the way. Budgets are named `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Why {
    /// No controller would make the pod again.
    Unmanaged,
    /// Its emptyDir volume goes with the node.
    EmptyDir,
    /// It belongs to a Job and works.
    JobRuns { owner: String },
    /// It is being deleted. `overdue`: for longer than its grace period and half a minute.
    Terminating { overdue: bool },
    /// `scaler` itself runs in it.
    OwnPod,
    /// The API server evicts no pod that several budgets cover.
    SeveralBudgets { budgets: Vec<String> },
    /// As it stands, the budget can never allow an eviction. `change`: the smallest one of it that would.
    BudgetNever { budget: String, demand: String, change: String },
    /// Too few of the budget's pods are healthy at the moment. `unready`: those of them that are not, as far as known.
    BudgetNotNow { budget: String, needs: i32, has: i32, unready: Vec<String> },
    /// The budget's controller has not worked out its newest text yet.
    BudgetBehind { budget: String },
    /// The budget's controller cannot work it out.
    BudgetBroken { budget: String, error: String },
    /// The API server refused the eviction on behalf of a budget; in its own words.
    BudgetRefused { budget: Option<String>, causes: Vec<String> },
    /// Pods before it in the queue of the same budget go first.
    BudgetTurn { budget: String },
    /// The API server asked to come back later, or did not answer.
    Later { answer: String },
    /// It is on a node that should be empty.
    StillThere,
    /// Its turn did not come: others took the time.
    NotBegun,
    /// It was found empty once, and there was no time left for the second look that proves it.
    NotProven,
    /// It goes with its namespace.
    NamespaceTerminating,
    /// No other node could take it. `nodes`: why not, node by node summed up.
    FitsNowhere { nodes: String },
    /// More pods of one budget fit nowhere than the budget can spare, so the drain would stop half-way.
    NoRoomForBudget { budget: String, homeless: u32, spare: u32 },
    /// `scaler` itself runs on it, outside of any pod.
    OwnHost,
    /// The node carries a control plane.
    ControlPlane,
    /// Its kubelet does not answer, so that no pod on it can end.
    NotReady,
    /// There is no such Node any more.
    NodeGone,
    /// Another Node has its name now.
    NodeReplaced { uid: String },
    /// Somebody let pods on to it again. `by`: who changed the Node last, as far as the API server tells.
    Uncordoned { by: Option<String> },
    /// Another operation of `scaler` has cordoned it.
    ForeignOperation { operation: String },
    /// Our annotation holds something that nobody can read.
    StrangeAnnotation { text: String },
    /// A volume of a pod that left is still attached.
    VolumeAttached { volume: String },
    /// The cluster's API could not be read.
    Unreachable { error: String },
    /// Another node of the same operation is blocked, and it was not to go on in part.
    OtherBlocked { node: String },
}

/// Which time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deadline {
    /// `drain.timeout`, of one node.
    Node(Duration),
    /// `drain.totalTimeout`, of all.
    Total(Duration),
}
