//! The parts of a preview: who would go, what their drains meet, and what Terraform would be allowed.

use std::collections::BTreeMap;

use super::observe::{Observed, View};
use super::ports::Cloud;
use super::stacks;
use super::task::Task;
use crate::model::drain::{self, Hold, NodeReport, Severity, Why};
use crate::model::failure::{Failure, Result};
use crate::model::file::ClusterFile;
use crate::model::guard::{self, Expected};
use crate::model::kubernetes::{Node, Pod};
use crate::model::names::{NodeName, StackId};
use crate::model::plan::{Condition, FoundationChange, Plan, PoolChange, Request, Way};
use crate::model::record::{Flavour, JoinAccess, NodeRecord, Record};
use crate::model::state::State;
use crate::model::victims;

/// Where `scaler` itself runs.
#[derive(Clone, Copy)]
pub struct Own<'a> {
    /// `namespace/name`, if it runs in one.
    pub pod: Option<&'a str>,
    pub host: &'a str,
}

/// Chooses who goes, with the reasons in words. `accepted`: the nodes whose loss a person accepts.
pub fn choose(
    observed: &Observed,
    pool: &str,
    present: &[NodeName],
    count: u32,
    accepted: &[NodeName],
    own: Own,
) -> Vec<(NodeName, String)> {
    let record = observed.record().and_then(|record| record.pools.get(pool));
    let standings = observed.census.standings();
    let candidates = present.iter().map(|name| {
        let node =
            observed.cluster.as_ref().ok().and_then(|view| view.nodes.iter().find(|node| node.name == name.as_str()));
        let pods = observed.cluster.as_ref().map(|view| view.pods.as_slice()).unwrap_or_default();
        let unproven = standings.get(name).and_then(|one| unproven(&one.condition, accepted.contains(name)));
        victims::Candidate {
            name: name.clone(),
            zone: record.and_then(|record| record.nodes.get(name)).map(|node| node.zone.clone()).unwrap_or_default(),
            standing: match node {
                Some(node) if node.ready => victims::NodeStanding::Ready,
                Some(_) => victims::NodeStanding::NotReady,
                None => victims::NodeStanding::NotJoined,
            },
            moves: victims::pods_to_move(pods, name.as_str()),
            blocked: unproven.or_else(|| own.runs_on(name, node, pods)),
        }
    });
    let candidates: Vec<victims::Candidate> = candidates.collect();
    victims::choose(&candidates, count as usize).into_iter().map(|choice| (choice.name, choice.reason)).collect()
}

/// Why a node could not go at all, if nobody can tell how it stands.
fn unproven(condition: &Condition, accepted: bool) -> Option<String> {
    match condition {
        Condition::Unseen { .. } if accepted => None,
        Condition::Unseen { why } | Condition::Unproven { why } => Some(why.clone()),
        Condition::Ready | Condition::NotReady | Condition::NeverJoined | Condition::Gone => None,
    }
}

impl<'a> Own<'a> {
    pub fn of(task: &'a Task) -> Own<'a> {
        Own { pod: task.options.own_pod.as_deref(), host: &task.holder.host }
    }

    /// That it is on this node, in words.
    fn runs_on(&self, name: &NodeName, node: Option<&Node>, pods: &[Pod]) -> Option<String> {
        let pod = pods
            .iter()
            .find(|pod| pod.node.as_deref() == Some(name.as_str()) && Some(pod.title().as_str()) == self.pod);
        match (pod, node) {
            (Some(pod), _) => Some(Hold::pod(pod, Why::OwnPod).to_string()),
            (None, Some(node)) if node.is_host(self.host) => Some(Hold::node(Why::OwnHost).to_string()),
            (None, _) => None,
        }
    }
}

/// The nodes of the plan that are made before any drain, as they will be.
pub async fn newcomers(cloud: &dyn Cloud, file: &ClusterFile, plan: &Plan, view: &View) -> Vec<Node> {
    let mut offers = BTreeMap::new();
    let mut nodes = Vec::new();
    for change in &plan.pools {
        let Some(pool) = file.pool(&change.pool) else { continue };
        if !change.additions.is_empty() && !offers.contains_key(&pool.machine) {
            // Who may not ask, or gets no answer, guesses that there is room.
            offers.insert(pool.machine.clone(), cloud.machine_type(&pool.machine).await.ok().flatten());
        }
        for (name, node) in &change.additions {
            let offers = offers.get(&pool.machine).copied().flatten();
            nodes.push(drain::newcomer(file, pool, name, &node.zone, offers, &view.nodes));
        }
    }
    nodes
}

/// What each node that would be drained will meet. `newcomers` are there by then, too.
pub fn drains(
    task: &Task,
    plan: &Plan,
    view: &View,
    newcomers: Vec<Node>,
    at: jiff::Timestamp,
) -> BTreeMap<NodeName, NodeReport> {
    let own = Own::of(task);
    let nodes: Vec<Node> = view.nodes.iter().cloned().chain(newcomers).collect();
    let victims: Vec<String> = plan
        .removals()
        .filter(|removal| matches!(removal.way, Way::Drained | Way::Destroyed))
        .filter(|removal| removal.node_uid.is_some())
        .map(|removal| removal.node.to_string())
        .collect();
    let reports = drain::preflight(&drain::Situation {
        victims: &victims,
        nodes: &nodes,
        pods: &view.pods,
        budgets: &view.budgets,
        rules: &task.file.drain,
        own_pod: own.pod,
        own_host: own.host,
        operation: None,
        at,
    });
    reports.into_iter().map(|report| (NodeName::from_text(report.node.clone()), report)).collect()
}

/// Exit code 5, if a drain cannot succeed.
pub fn refusal(drains: &BTreeMap<NodeName, NodeReport>) -> Result<()> {
    let blocked: Vec<&NodeReport> = drains.values().filter(|report| report.severity() == Severity::Blocks).collect();
    if blocked.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = blocked.iter().map(|report| report.node.as_str()).collect();
    let mut failure = Failure::refused(format!("the drain of {} cannot succeed", names.join(", ")));
    for finding in
        blocked.iter().flat_map(|report| report.findings()).filter(|finding| finding.severity == Severity::Blocks)
    {
        failure = failure.because(finding);
        if let Some(help) = finding.help() {
            failure = failure.hint(help);
        }
    }
    Err(failure.hint("nothing was changed"))
}

/// The pool's nodes as Terraform will be told.
pub fn nodes_after(record: &Record, change: &PoolChange) -> BTreeMap<NodeName, NodeRecord> {
    let mut nodes = record.pools.get(&change.pool).map(|pool| pool.nodes.clone()).unwrap_or_default();
    for removal in &change.removals {
        nodes.remove(&removal.node);
    }
    nodes.extend(change.additions.clone());
    nodes
}

/// What Terraform may do to a pool, all parts of the operation taken together.
pub fn pool(plan: &Plan, flavour: Flavour, record: &Record, change: &PoolChange) -> Expected {
    let standing = record.pools.get(&change.pool).map(|pool| pool.nodes.clone()).unwrap_or_default();
    let machines = |of: &dyn Fn(Way) -> bool| -> Vec<guard::Machine> {
        let removals = change.removals.iter().filter(|removal| of(removal.way));
        removals.filter_map(|removal| Some((removal.node.clone(), removal.machine_id.clone()?))).collect()
    };
    if plan.request == Request::Destroy {
        return guard::permits_for_destroy(plan.provider, flavour, change.stack(), &stacks::bound(&standing));
    }
    let staying: BTreeMap<NodeName, NodeRecord> =
        standing.into_iter().filter(|(name, _)| !change.removals.iter().any(|removal| removal.node == *name)).collect();
    let retagged = if change.tags { stacks::bound(&staying) } else { Vec::new() };
    let additions: Vec<NodeName> = change.additions.keys().cloned().collect();
    let (removals, gone) = (machines(&|way| way != Way::Gone), machines(&|way| way == Way::Gone));
    let wanted = guard::PoolChange {
        additions: &additions,
        removals: &removals,
        gone: &gone,
        retagged: &retagged,
        ..Default::default()
    };
    guard::permits_for_pool(plan.provider, flavour, &change.pool, &wanted)
}

/// What Terraform may do to the foundation. `adopted`: control planes that were just imported into its state.
pub fn foundation(
    plan: &Plan,
    task: &Task,
    flavour: Flavour,
    record: &Record,
    state: Option<&State>,
    adopted: &[guard::Machine],
) -> Expected {
    let machines = stacks::bound(&record.control_plane.nodes);
    match &plan.foundation {
        FoundationChange::Create { nodes } => {
            let standing = state.map(|state| stacks::machine_ids(plan.provider, state)).unwrap_or_default();
            let missing: Vec<NodeName> = nodes.keys().filter(|name| !standing.contains_key(*name)).cloned().collect();
            guard::permits_for_new_foundation(plan.provider, flavour, &missing, adopted)
        }
        FoundationChange::Destroy { .. } => {
            guard::permits_for_destroy(plan.provider, flavour, StackId::Foundation, &machines)
        }
        FoundationChange::Tags | FoundationChange::Keep => {
            let standing = record.joins.as_ref();
            let wanted = JoinAccess::wanted(&task.file, standing).filter(|wanted| standing != Some(wanted));
            let joins: Option<Vec<&str>> = wanted.as_ref().map(|wanted| {
                let stands = |pool: &&String| standing.is_some_and(|access| access.pools.contains(*pool));
                wanted.pools.iter().filter(|pool| !stands(pool)).map(String::as_str).collect()
            });
            guard::permits_for_foundation(plan.provider, flavour, &machines, joins.as_deref())
        }
    }
}

#[cfg(test)]
mod tests;
