//! Machines and Nodes that belong to no recorded node.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use super::matching::{Roll, Tie};
use super::{Sources, recorded};
use crate::model::machine::Machine;
use crate::model::names::NodeName;
use crate::model::record::Record;

pub(super) fn strangers(sources: &Sources, record: &Record, roll: Option<&Roll>) -> Vec<Finding> {
    let names: BTreeSet<&NodeName> = recorded(record).map(|(_, name, _)| name).collect();
    let rightful = rightful(sources, record);
    let owned: BTreeSet<&str> = rightful
        .values()
        .copied()
        .chain(sources.states.values().flat_map(|nodes| nodes.values().map(String::as_str)))
        .collect();
    let mut findings = Vec::new();
    for (stack, nodes) in sources.states {
        for (node, machine_id) in nodes.iter().filter(|(node, _)| !names.contains(node)) {
            let (node, machine_id, stack) = (node.clone(), machine_id.clone(), stack.clone());
            findings.push(Finding::NotRecorded { node, machine_id, stack });
        }
    }
    let orphans = sources.machines.iter().filter(|machine| !machine.is_dead() && !owned.contains(machine.id.as_str()));
    findings.extend(orphans.map(|machine| orphan(machine, &rightful)));
    if let Some(roll) = roll {
        findings.extend(stray_nodes(sources, roll, &names, &owned));
    }
    findings
}

/// The machine of each node: as recorded, or else as Terraform's state has it.
fn rightful<'a>(sources: &'a Sources, record: &'a Record) -> BTreeMap<&'a NodeName, &'a str> {
    let of = |(stack, name, node): (_, &'a NodeName, &'a crate::model::record::NodeRecord)| {
        let in_state = || sources.states.get(&stack).and_then(|nodes| nodes.get(name)).map(String::as_str);
        Some((name, node.machine_id.as_deref().or_else(in_state)?))
    };
    recorded(record).filter_map(of).collect()
}

fn orphan(machine: &Machine, rightful: &BTreeMap<&NodeName, &str>) -> Finding {
    Finding::Orphan {
        machine_id: machine.id.clone(),
        node: machine.node.clone(),
        state: machine.state,
        operation: machine.operation.clone(),
        twin_of: machine.node.as_ref().and_then(|node| rightful.get(node)).map(|id| (*id).to_owned()),
    }
}

/// Nodes that no recorded node and no machine of the cluster accounts for. A machine that is dead, and no node's of the
/// record, has none: its Node was left over, or came back.
fn stray_nodes<'a>(
    sources: &'a Sources,
    roll: &'a Roll,
    names: &'a BTreeSet<&NodeName>,
    owned: &'a BTreeSet<&str>,
) -> impl Iterator<Item = Finding> + 'a {
    let alive = || sources.machines.iter().filter(|machine| !machine.is_dead());
    let listed: BTreeSet<&str> = alive().map(|machine| machine.id.as_str()).collect();
    let tied: BTreeSet<&str> = alive()
        .filter_map(|machine| {
            let name = machine.node.clone().unwrap_or_else(|| NodeName::from_text(""));
            match roll.tie(&name, Some(&machine.id), &machine.addresses()) {
                Tie::Node(node) | Tie::Conflict { node, .. } => Some(node.name.as_str()),
                Tie::None => None,
            }
        })
        .collect();
    let accounted = move |name: &str, machine: Option<&str>| {
        names.contains(&NodeName::from_text(name))
            || tied.contains(name)
            || machine.is_some_and(|id| listed.contains(id) || owned.contains(id))
    };
    roll.nodes()
        .iter()
        .filter(move |node| !accounted(&node.name, roll.machine_of(node)))
        .map(|node| Finding::Stray { kubernetes_node: node.name.clone(), provider_id: node.provider_id.clone() })
}
