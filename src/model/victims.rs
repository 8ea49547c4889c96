//! Which nodes go when a pool shrinks.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::failure::{Failure, Kind, Result};
use super::kubernetes::Pod;
use super::names::NodeName;
use super::record::Record;

/// A node of the pool, as far as the choice looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub name: NodeName,
    pub zone: String,
    pub standing: NodeStanding,
    /// How many pods its drain would move.
    pub moves: usize,
    /// What would block its drain, if anything is known.
    pub blocked: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeStanding {
    Ready,
    NotReady,
    /// There is no Node for this machine.
    NotJoined,
}

/// A node that was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    pub name: NodeName,
    /// For a person: why this one.
    pub reason: String,
}

/// Chooses `count` nodes, in the order in which they should go.
///
/// Nodes that are not Ready go first: they carry nothing, or carry it badly. Of the others, a zone with the most nodes
/// left gives the next, so that zones stay even; within that, the node whose drain moves the fewest pods, and of equals
/// the one with the highest number. A node whose drain would be blocked goes only when there is no other.
pub fn choose(candidates: &[Candidate], count: usize) -> Vec<Choice> {
    let mut left: Vec<&Candidate> = candidates.iter().collect();
    let mut choices = Vec::new();
    while choices.len() < count && !left.is_empty() {
        let mut zones: BTreeMap<&str, usize> = BTreeMap::new();
        for candidate in &left {
            *zones.entry(&candidate.zone).or_default() += 1;
        }
        let rank = |candidate: &Candidate| {
            let ready = candidate.standing == NodeStanding::Ready;
            let zone = if ready { zones[candidate.zone.as_str()] } else { 0 };
            (candidate.blocked.is_some(), ready, Reverse(zone), candidate.moves, Reverse(candidate.name.clone()))
        };
        let Some(at) = (0..left.len()).min_by_key(|at| rank(left[*at])) else { break };
        let chosen = left.remove(at);
        choices.push(Choice { name: chosen.name.clone(), reason: reason(chosen, &zones) });
    }
    choices
}

fn reason(chosen: &Candidate, zones: &BTreeMap<&str, usize>) -> String {
    let moves = match chosen.moves {
        0 => "moves no pod".to_owned(),
        1 => "moves 1 pod".to_owned(),
        moves => format!("moves {moves} pods"),
    };
    let base = match chosen.standing {
        NodeStanding::NotJoined => "it never joined the cluster".to_owned(),
        NodeStanding::NotReady => format!("it is not Ready; {moves}"),
        NodeStanding::Ready => {
            let most = zones[chosen.zone.as_str()];
            let others = zones.iter().filter(|(zone, _)| **zone != chosen.zone);
            let uneven = others.clone().any(|(_, nodes)| *nodes < most);
            if uneven { format!("zone {} has the most nodes; {moves}", chosen.zone) } else { moves }
        }
    };
    match &chosen.blocked {
        Some(blocked) => format!("{base}; no other is left, though its drain is blocked: {blocked}"),
        None => base,
    }
}

/// How many pods a drain of the node has to see off: all but those that go down with it.
pub fn pods_to_move(pods: &[Pod], node: &str) -> usize {
    let there = pods.iter().filter(|pod| pod.node.as_deref() == Some(node));
    there.filter(|pod| !(pod.mirror || pod.finished() || pod.owned_by("DaemonSet"))).count()
}

/// Checks nodes that a person named for a pool, all at once: names that are unknown, of another pool or said twice are
/// wrong usage.
pub fn check_named(record: &Record, pool: &str, named: &[NodeName]) -> Result<()> {
    let Some(nodes) = record.pools.get(pool).map(|pool| &pool.nodes) else {
        return Err(Failure::new(Kind::Usage, format!("there is no pool `{pool}`")));
    };
    let mut chosen = BTreeSet::new();
    let mut wrong = Vec::new();
    for name in named {
        if !chosen.insert(name.clone()) {
            wrong.push(format!("`{name}` is named twice"));
        } else if !nodes.contains_key(name) {
            wrong.push(misplaced(record, pool, name));
        }
    }
    if !wrong.is_empty() {
        let failure = Failure::new(Kind::Usage, format!("these nodes cannot be removed from pool `{pool}`"));
        let known: Vec<&str> = nodes.keys().map(NodeName::as_str).collect();
        return Err(wrong.into_iter().fold(failure, Failure::because).hint(match known.as_slice() {
            [] => format!("pool `{pool}` has no nodes"),
            known => format!("pool `{pool}` has {}", known.join(", ")),
        }));
    }
    Ok(())
}

fn misplaced(record: &Record, pool: &str, name: &NodeName) -> String {
    if record.control_plane.nodes.contains_key(name) {
        return format!("`{name}` carries the control plane, which never shrinks by a scale-down");
    }
    match record.pools.iter().find(|(_, other)| other.nodes.contains_key(name)) {
        Some((other, _)) => format!("`{name}` belongs to pool `{other}`"),
        None => {
            let known = record.pools.get(pool).into_iter().flat_map(|pool| pool.nodes.keys());
            let near = known
                .map(|known| (strsim::damerau_levenshtein(known.as_str(), name.as_str()), known))
                .min()
                .filter(|(distance, _)| *distance <= 2);
            match near {
                Some((_, near)) => format!("there is no node `{name}`; did you mean `{near}`?"),
                None => format!("there is no node `{name}`"),
            }
        }
    }
}

#[cfg(test)]
mod tests;
