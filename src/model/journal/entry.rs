//! The kinds of entries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{PartId, Permit, Proof, Start};
use crate::model::lock::Holder;
use crate::model::names::NodeName;
use crate::model::record::StackSerial;

/// One step or fact. One a node and phase, never one a pod.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Entry {
    /// Always the first.
    Started(Box<Start>),
    /// Another run goes on with this operation, under its own lock.
    TakenOver {
        holder: Holder,
    },

    /// About to mark the node unschedulable. Once more, if what was read of the node had changed meanwhile.
    Cordoning {
        node: NodeName,
        uid: String,
        was_unschedulable: bool,
    },
    Cordoned {
        node: NodeName,
        uid: String,
    },
    /// About to evict. Again, when a pod came to a node that was empty already: the evidence is then void.
    DrainStarted {
        node: NodeName,
    },
    /// The node's machine may go, for this reason. Bound to the Node and the machine that the removal names.
    Evidence {
        node: NodeName,
        uid: Option<String>,
        machine_id: Option<String>,
        proof: Proof,
    },
    /// The node cannot be drained: which pod, which budget, what would help.
    NodeBlocked {
        node: NodeName,
        reasons: Vec<String>,
    },
    /// `--partial`: this victim stays, while others of its part go. About to restore its cordon.
    Spared {
        node: NodeName,
    },

    /// About to run Terraform's plan, which takes Terraform's own lock.
    PlanStarted {
        part: PartId,
    },
    /// The plan passed the guard.
    Planned {
        part: PartId,
        summary: PlanSummary,
        /// The state that it was made on; None where there is none yet.
        base: Option<StackSerial>,
        /// The text of `.terraform.lock.hcl`, unless the first entry has it.
        lock_file: Option<String>,
    },
    /// The part as a whole cannot go on: the guard refused its plan, or a check before the apply failed.
    PartBlocked {
        part: PartId,
        reasons: Vec<String>,
    },
    /// About to apply. From here on the part is finished, never undone. Once more for every further apply.
    PointOfNoReturn {
        part: PartId,
        permits: Vec<Permit>,
    },
    /// About to reset the machines of these drained nodes, which their part is about to remove: they are of no use as
    /// nodes from here on. Since format 1.3.
    Leaving {
        part: PartId,
        nodes: Vec<NodeName>,
    },
    ApplyEnded {
        part: PartId,
        end: ApplyEnd,
    },

    /// About to import a machine into Terraform's state: one of the part's own that no state has, because the run that
    /// made it died before Terraform saved it. Since format 1.1.
    Adopting {
        part: PartId,
        node: NodeName,
        machine_id: String,
    },

    /// About to tell Terraform that a machine whose making was broken off is good as it is. Since format 1.1.
    Untainting {
        part: PartId,
        node: NodeName,
        machine_id: String,
    },

    /// About to make the bootstrap token with this id valid: whoever has it can join the cluster. Since format 1.2.
    TokenIssuing {
        token: String,
    },
    /// There is no such token any more. Since format 1.2.
    TokenRevoked {
        token: String,
    },
    /// About to make a bootstrap token for each of these machines, and to write it into the machine's join file. Since
    /// format 1.4.
    JoinOffering {
        joins: BTreeMap<NodeName, JoinOffer>,
    },
    /// Of these nothing is left: the tokens have ended, and of the join files there is no version any more. Since format
    /// 1.4.
    JoinWithdrawn {
        nodes: Vec<NodeName>,
    },
    /// About to run the playbooks on the machines of these nodes, and no others. Since format 1.2.
    Provisioning {
        nodes: Vec<NodeName>,
    },

    /// About to change labels and taints of these Nodes, by name their UIDs, and of no others. Nothing of it is ever
    /// undone: the next `apply` goes on where it was cut off. Since format 1.3.
    Labelling {
        nodes: BTreeMap<NodeName, String>,
    },
    /// They are as the cluster file wants them. Since format 1.3.
    Labelled,

    /// The cluster has become known: by this UID of its `kube-system`. Since format 1.5.
    ClusterKnown {
        uid: String,
    },
    /// A new machine's Node is Ready.
    NodeReady {
        node: NodeName,
        uid: String,
    },
    /// A new machine stands, and its Node is not Ready: there was no cluster to join, or it did not join in time.
    NodeNotReady {
        node: NodeName,
        why: String,
    },
    /// The cloud confirms that the machine is gone.
    MachineGone {
        node: NodeName,
        machine_id: String,
    },
    /// There is no Node with this UID any more.
    NodeDeleted {
        node: NodeName,
        uid: String,
    },

    /// Before the part's point of no return: about to restore what it changed.
    UndoBegan {
        part: PartId,
        why: String,
    },
    /// The cordon was put back to what it was.
    Uncordoned {
        node: NodeName,
        found: UncordonFound,
    },

    /// The one thing that must be fixed before the part can be finished.
    Stuck {
        part: PartId,
        thing: String,
    },
    /// The record was committed.
    Committed {
        generation: u64,
    },
    /// Nothing is done about it any more, because the whole cluster goes. The last, in place of `finished`. Since format
    /// 1.1.
    Superseded {
        why: String,
    },
    /// Always the last.
    Finished {
        outcome: Outcome,
    },
}

/// By what a machine joins at its first boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinOffer {
    /// The bootstrap token's id.
    pub token: String,
    /// The join file's key.
    pub file: String,
}

/// How one run of `terraform apply` ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum ApplyEnd {
    /// With the state that it wrote, and the id of each machine that it made.
    Done { serial: StackSerial, machines: BTreeMap<NodeName, String> },
    /// The plan no longer fitted the state, or Terraform did not get its lock on it: nothing was done.
    Stale,
    /// Some of it may have been done. The reason is Terraform's, without values.
    Failed { why: String, serial: Option<StackSerial> },
}

/// What a guarded plan will do, by resource address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanSummary {
    pub create: Vec<String>,
    pub update: Vec<String>,
    pub delete: Vec<String>,
}

/// What an uncordon met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UncordonFound {
    /// Our mark was there; the node is as it was before the operation.
    Ours,
    /// Somebody had removed or replaced our mark: the node was left as it was found.
    NotOurs,
    /// There is no such Node, or another one of this name.
    Gone,
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All of it was done.
    Done,
    /// None of it was done; what it had changed is as before.
    Undone,
    /// Some of it.
    Partial,
}
