//! What an operation will do, decided before anything is touched.
//!
//! [`decide`] is a pure function of the cluster file, the record and what was observed. Its result is what a person
//! is shown, what a PLAN file holds, and what the guard's allow-list is made from.

mod decide;
mod fixed;
mod foundation;
mod labels;
mod provisioned;
mod request;
#[cfg(test)]
pub(crate) mod samples;
mod sizes;
mod standing;
mod stored;
mod zones;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use decide::{CONTROL_PLANE, Inputs, decide};
pub use foundation::decides_control_plane;
pub use labels::Labelling;
pub use request::{Request, SizeChange};
pub use sizes::may_grow;
pub use standing::{Condition, Standing};
pub use stored::stored;

use super::names::{NodeName, OperationId, StackId};
use super::provider::Provider;
use super::record::{NodeRecord, Source, StackSerial};

/// Decisions. They hold for one generation of the record and one serial of each state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    pub format: u32,
    pub cluster: String,
    pub cluster_id: String,
    pub provider: Provider,
    pub request: Request,
    pub base: Base,
    /// The cluster file that was decided on, and the files that it names.
    pub source: Source,
    /// The record will hold another cluster file than now, or other `--set` options, or other text of a file that it names.
    #[serde(default)]
    pub stores: bool,
    pub foundation: FoundationChange,
    /// One a pool that has something to do, in the order of the file; pools that are going come last.
    pub pools: Vec<PoolChange>,
    /// Machines that stand and on which the playbooks are run, by node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provision: Vec<NodeName>,
    /// Nodes that stand and whose labels or taints are not as the cluster file wants them; never one that goes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Labelling>,
    /// What a person should know and that changes nothing, such as a field that applies to new nodes only.
    pub notes: Vec<String>,
}

/// The format of a PLAN file; another one is refused.
pub const PLAN_FORMAT: u32 = 1;

/// What the decisions were made on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Base {
    /// None: there was no record.
    pub generation: Option<u64>,
    pub serials: BTreeMap<StackId, StackSerial>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "camelCase")]
pub enum FoundationChange {
    /// Nothing to do.
    Keep,
    /// There is none: network, control plane and endpoint are made.
    Create { nodes: BTreeMap<NodeName, NodeRecord> },
    /// In place: tags of what is there, and the roles by which machines join at boot.
    Tags,
    /// Everything goes.
    Destroy { nodes: BTreeMap<NodeName, Option<String>> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolChange {
    pub pool: String,
    pub before: u32,
    pub after: u32,
    /// New machines, with everything that is fixed for them.
    pub additions: BTreeMap<NodeName, NodeRecord>,
    /// Machines that go, in the order in which they were chosen.
    pub removals: Vec<Removal>,
    /// The tags of those that stay change.
    pub tags: bool,
    /// The pool is no longer in the file: its stack goes.
    pub retired: bool,
}

impl PoolChange {
    pub fn stack(&self) -> StackId {
        StackId::Pool(self.pool.clone())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Removal {
    pub node: NodeName,
    /// None: the machine was never known to stand.
    pub machine_id: Option<String>,
    /// The UID of its Node, where it has one.
    pub node_uid: Option<String>,
    pub way: Way,
    /// Why this one, in words.
    pub reason: String,
}

/// The reason that will have to be proven before the machine may go (invariant 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// It will be drained.
    Drained,
    /// It never became a Node.
    NeverJoined,
    /// The cloud says that it is terminated.
    Gone,
    /// A person accepted the loss.
    Accepted,
    /// `destroy`: drained as far as the deadline allows.
    Destroyed,
}

impl Plan {
    /// True if there is nothing to do. A cluster file that is stored is something: later runs go by it.
    pub fn is_empty(&self) -> bool {
        !self.stores && !self.changes_stacks() && self.provision.is_empty() && self.labels.is_empty()
    }

    /// True if there is anything for Terraform.
    pub fn changes_stacks(&self) -> bool {
        self.foundation != FoundationChange::Keep || !self.pools.is_empty()
    }

    /// The plan with the operation's name on every machine that it makes: they are found again by it.
    pub fn carried_out_by(mut self, operation: &OperationId) -> Plan {
        let foundation = match &mut self.foundation {
            FoundationChange::Create { nodes } => Some(nodes),
            _ => None,
        };
        let made = self.pools.iter_mut().map(|change| &mut change.additions).chain(foundation);
        for node in made.flat_map(BTreeMap::values_mut).filter(|node| node.machine_id.is_none()) {
            node.operation = operation.clone();
        }
        self
    }

    pub fn removals(&self) -> impl Iterator<Item = &Removal> {
        self.pools.iter().flat_map(|pool| &pool.removals)
    }

    pub fn additions(&self) -> impl Iterator<Item = (&NodeName, &NodeRecord)> {
        self.pools.iter().flat_map(|pool| &pool.additions)
    }

    /// True if something that stands would go: a person is asked about such a plan.
    pub fn destroys(&self) -> bool {
        self.removals().next().is_some() || matches!(self.foundation, FoundationChange::Destroy { .. })
    }
}

#[cfg(test)]
mod tests;
