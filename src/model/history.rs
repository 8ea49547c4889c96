//! What one generation of the record changed against the one before it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::names::NodeName;
use super::record::{PoolRecord, Record};

/// One difference. It reads as half a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Change {
    /// The cluster's first generation.
    Begun,
    /// A former generation's cluster file and sizes became the wish again.
    WentBack {
        to: u64,
    },
    /// Another cluster file, other `--set` options, or other text of a file that it names.
    ClusterFile,
    /// Which cluster it is was learned.
    ClusterLearned,
    PoolSize {
        pool: String,
        before: u32,
        after: u32,
    },
    NodeAdded {
        node: NodeName,
        machine_id: Option<String>,
    },
    NodeRemoved {
        node: NodeName,
        machine_id: Option<String>,
    },
    /// The node's machine became known, or is another one.
    MachineBound {
        node: NodeName,
        before: Option<String>,
        after: Option<String>,
    },
    /// The tags that a stack's machines carry.
    Tags,
    Destroyed,
}

/// The differences in the order of the record: itself, its pools' sizes, its nodes.
pub fn changes(before: Option<&Record>, after: &Record) -> Vec<Change> {
    let empty = BTreeMap::new();
    let mut changes = Vec::new();
    let mut note = |is: bool, change: Change| {
        if is {
            changes.push(change);
        }
    };
    note(before.is_none(), Change::Begun);
    if let Some(back) = after.went_back.as_ref().filter(|back| back.operation == after.operation) {
        note(true, Change::WentBack { to: back.to });
    }
    note(before.is_some_and(|before| before.source != after.source), Change::ClusterFile);
    let learned = before.is_some_and(|before| before.kube_system_uid != after.kube_system_uid);
    note(learned, Change::ClusterLearned);
    note(before.is_some_and(|before| !before.tags.is_empty() && before.tags != after.tags), Change::Tags);
    note(after.destroyed && !before.is_some_and(|before| before.destroyed), Change::Destroyed);
    let former = before.map_or(&empty, |before| &before.pools);
    let pools: std::collections::BTreeSet<&String> = former.keys().chain(after.pools.keys()).collect();
    for pool in pools {
        let size = |pools: &BTreeMap<String, PoolRecord>| pools.get(pool).map_or(0, |pool| pool.size);
        let (before, after) = (size(former), size(&after.pools));
        note(before != after, Change::PoolSize { pool: pool.clone(), before, after });
    }
    let (before, after) = (before.map(machines).unwrap_or_default(), machines(after));
    for (node, machine_id) in &before {
        let gone = Change::NodeRemoved { node: (*node).clone(), machine_id: machine_id.cloned() };
        note(!after.contains_key(node), gone);
    }
    for (node, machine_id) in &after {
        match before.get(node) {
            None => note(true, Change::NodeAdded { node: (*node).clone(), machine_id: machine_id.cloned() }),
            Some(former) => {
                let (node, before, after) = ((*node).clone(), former.cloned(), machine_id.cloned());
                note(before != after, Change::MachineBound { node, before, after });
            }
        }
    }
    changes
}

/// Every node, control planes too, with its machine's id.
fn machines(record: &Record) -> BTreeMap<&NodeName, Option<&String>> {
    let pools = record.pools.values().chain([&record.control_plane]);
    pools.flat_map(|pool| &pool.nodes).map(|(name, node)| (name, node.machine_id.as_ref())).collect()
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = |machine: &Option<String>| machine.clone().unwrap_or_else(|| "no machine".to_owned());
        match self {
            Change::Begun => f.write_str("the cluster was begun"),
            Change::WentBack { to } => write!(f, "the cluster went back to generation {to}"),
            Change::ClusterFile => f.write_str("another cluster file was stored"),
            Change::ClusterLearned => f.write_str("which Kubernetes cluster it is was learned"),
            Change::PoolSize { pool, before, after } => write!(f, "pool {pool}: {before} -> {after}"),
            Change::NodeAdded { node, machine_id } => write!(f, "+ {node} ({})", id(machine_id)),
            Change::NodeRemoved { node, machine_id } => write!(f, "- {node} ({})", id(machine_id)),
            Change::MachineBound { node, before: None, after } => write!(f, "{node}: its machine is {}", id(after)),
            Change::MachineBound { node, before, after } => {
                write!(f, "{node}: its machine was {} and is {}", id(before), id(after))
            }
            Change::Tags => f.write_str("tags of machines changed"),
            Change::Destroyed => f.write_str("everything was destroyed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::machine::Place;
    use crate::model::names::OperationId;
    use crate::model::plan::samples;
    use crate::model::provider::Provider;
    use crate::model::record::{Source, WentBack};

    fn record() -> Record {
        let place = Place { account: "1".into(), region: "r".into() };
        let source = Source { cluster_file: "a".into(), sets: Vec::new(), files: BTreeMap::new() };
        Record::new("id", "demo", Provider::Sandbox, &place, source, OperationId::from_text("op"))
    }

    fn with(record: &Record, nodes: &[(&str, Option<&str>)]) -> Record {
        let mut record = record.clone();
        let sample = samples::plan().pools[0].additions.values().next().unwrap().clone();
        let pool = record.pools.entry("w".into()).or_default();
        pool.nodes.clear();
        for (name, machine_id) in nodes {
            let mut node = sample.clone();
            node.machine_id = machine_id.map(str::to_owned);
            pool.nodes.insert(NodeName::from_text(*name), node);
        }
        pool.size = nodes.len() as u32;
        record
    }

    fn told(before: Option<&Record>, after: &Record) -> Vec<String> {
        changes(before, after).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_changes_between_a_record_and_itself() {
        let record = with(&record(), &[("w-1", Some("m-1"))]);
        assert_eq!(told(Some(&record), &record), [""; 0]);
    }

    #[test]
    fn each_difference_is_told_once() {
        let first = record();
        assert_eq!(told(None, &first), ["the cluster was begun"]);
        let two = with(&first, &[("w-1", Some("m-1")), ("w-2", None)]);
        assert_eq!(told(Some(&first), &two), ["pool w: 0 -> 2", "+ w-1 (m-1)", "+ w-2 (no machine)"]);
        let other = with(&two, &[("w-2", Some("m-2")), ("w-10", Some("m-3"))]);
        let expected = ["- w-1 (m-1)", "w-2: its machine is m-2", "+ w-10 (m-3)"];
        assert_eq!(told(Some(&two), &other), expected);
        let mut last = with(&other, &[]);
        last.source.sets.push("x=1".into());
        last.kube_system_uid = Some("u".into());
        last.destroyed = true;
        last.operation = OperationId::from_text("op-9");
        last.went_back = Some(WentBack { to: 3, operation: last.operation.clone() });
        let expected = [
            "the cluster went back to generation 3",
            "another cluster file was stored",
            "which Kubernetes cluster it is was learned",
            "everything was destroyed",
            "pool w: 2 -> 0",
            "- w-2 (m-2)",
            "- w-10 (m-3)",
        ];
        assert_eq!(told(Some(&other), &last), expected);
        // What a former operation did is no news.
        let later = Record { operation: OperationId::from_text("op-10"), ..last.clone() };
        assert_eq!(told(Some(&last), &later), [""; 0]);
    }
}
