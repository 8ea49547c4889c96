//! How record, Terraform's states, the cloud's machines and the cluster's Nodes fit together.
//!
//! Pure. What does not fit is a [`Finding`]; what a decision needs to know of each recorded node is its [`Standing`].
//! Nothing here takes a machine for gone because a listing does not have it: that is for [`death`] to prove.

pub mod death;
mod finding;
mod matching;
mod member;
mod recognition;
mod states;
mod strangers;

use std::collections::BTreeMap;

pub use finding::Finding;
pub use matching::{Roll, Tie};
pub use recognition::recognises;
pub use states::machines_in_state;

use super::kubernetes::Node;
use super::machine::Machine;
use super::names::{NodeName, StackId};
use super::plan::{Condition, Standing};
use super::provider::Provider;
use super::record::{NodeRecord, Record};
use death::{Death, Suspect};

/// What was observed, all of it whole: a source that could not be read is an error before it comes here.
pub struct Sources<'a> {
    pub provider: Provider,
    /// None: the cluster was never applied.
    pub record: Option<&'a Record>,
    /// Every machine with the cluster's id, in any state.
    pub machines: &'a [Machine],
    /// Stack → node → the machine's id in that stack's state.
    pub states: &'a BTreeMap<StackId, BTreeMap<NodeName, String>>,
    /// Or why the cluster's API could not be asked.
    pub nodes: Result<&'a [Node], String>,
    /// The wall clock.
    pub at: jiff::Timestamp,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Census {
    standings: BTreeMap<NodeName, Standing>,
    findings: Vec<Finding>,
    suspects: Vec<Suspect>,
}

/// Compares the sources.
pub fn take(sources: &Sources) -> Census {
    let Some(record) = sources.record else { return Census::default() };
    let roll = sources.nodes.as_ref().ok().map(|nodes| Roll::of(sources.provider, nodes));
    let listed: BTreeMap<&str, &Machine> =
        sources.machines.iter().map(|machine| (machine.id.as_str(), machine)).collect();
    // A record that knows its cluster was held against the API server before the list was taken.
    let ours = record.kube_system_uid.is_some()
        || roll.as_ref().is_some_and(|roll| recognition::knows(roll, record, sources.machines));
    let silence = sources.nodes.as_ref().err().map_or("", String::as_str);
    let mut census = Census::default();
    let empty = inventory_is_empty(record, sources.machines);
    census.findings.extend(empty);
    for (stack, name, node) in recorded(record) {
        let in_state = sources.states.get(&stack).and_then(|nodes| nodes.get(name)).map(String::as_str);
        let twin = sources.machines.iter().find(|machine| machine.node.as_ref() == Some(name) && !machine.is_dead());
        let member = member::Member {
            name,
            node,
            stack,
            in_state,
            listed: &listed,
            twin,
            roll: roll.as_ref(),
            silence,
            ours,
            at: sources.at,
        };
        let mut judged = member.judge();
        if census.findings.first().is_some_and(|finding| matches!(finding, Finding::EmptyInventory { .. })) {
            // One finding says it for all; and a list that is wrong as a whole makes nobody a suspect.
            judged.findings.retain(|finding| !matches!(finding, Finding::Missing { .. }));
            judged.suspect = None;
        }
        census.findings.extend(judged.findings);
        census.suspects.extend(judged.suspect);
        census.standings.insert(name.clone(), judged.standing);
    }
    census.findings.extend(strangers::strangers(sources, record, roll.as_ref()));
    census
}

impl Census {
    /// What does not fit together, the recorded nodes' first.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Of every node of the record.
    pub fn standings(&self) -> BTreeMap<NodeName, Standing> {
        self.standings.clone()
    }

    /// Machines that are known and that the cloud does not list: to be asked for one by one.
    pub fn suspects(&self) -> &[Suspect] {
        &self.suspects
    }

    /// Takes in that a machine is proven to be gone.
    pub fn settle(&mut self, death: &Death) {
        let Some(standing) = self.standings.get_mut(death.node()) else { return };
        if standing.machine_id.as_deref() != Some(death.machine_id()) {
            return;
        }
        standing.condition = Condition::Gone;
        let missing = |finding: &Finding| matches!(finding, Finding::Missing { node, .. } if node == death.node());
        for finding in self.findings.iter_mut().filter(|finding| missing(finding)) {
            *finding = Finding::Vanished { node: death.node().clone(), machine_id: death.machine_id().to_owned() };
        }
        self.suspects.retain(|suspect| suspect.node != *death.node());
    }

    /// Takes in why a machine is not proven to be gone.
    pub fn doubt(&mut self, suspect: &Suspect, why: String) {
        if let Some(standing) = self.standings.get_mut(&suspect.node) {
            standing.condition = Condition::Unproven { why };
        }
    }
}

/// Control planes and workers with their stacks.
fn recorded(record: &Record) -> impl Iterator<Item = (StackId, &NodeName, &NodeRecord)> {
    let planes = record.control_plane.nodes.iter().map(|(name, node)| (StackId::Foundation, name, node));
    let workers = record
        .pools
        .iter()
        .flat_map(|(pool, record)| record.nodes.iter().map(|(name, node)| (StackId::Pool(pool.clone()), name, node)));
    planes.chain(workers)
}

/// A list without a single machine is more likely a wrong question (a filter, rights, a region) than a true answer.
fn inventory_is_empty(record: &Record, machines: &[Machine]) -> Option<Finding> {
    let known = recorded(record).filter(|(_, _, node)| node.machine_id.is_some()).count();
    (machines.is_empty() && known > 0).then_some(Finding::EmptyInventory { known })
}

#[cfg(test)]
pub(crate) mod tests;
