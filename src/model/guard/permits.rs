//! From an operation to the list of what Terraform may do for it.

use super::expected::{Act, AttributePath, Expected, Mode, Permit, Target};
use super::shape;
use crate::model::names::{NodeName, StackId};
use crate::model::provider::Provider;
use crate::model::record::Flavour;

/// A node, and the machine that the journal or the record binds to it.
pub type Machine = (NodeName, String);

/// What an operation does to one pool's stack.
#[derive(Debug, Clone, Copy, Default)]
pub struct PoolChange<'a> {
    /// Nodes to make. Not those whose machine Terraform's state already has: a create is not needed of them.
    pub additions: &'a [NodeName],
    /// Nodes whose removal is proven, each with the machine that the proof is about.
    pub removals: &'a [Machine],
    /// Nodes whose machine the cloud says is gone: Terraform may still have to drop them, or may have seen it by itself.
    pub gone: &'a [Machine],
    /// Nodes whose machine was imported into Terraform's state: what the import did not know is filled in.
    pub adopted: &'a [Machine],
    /// Nodes that stay, and whose tags the cluster file may have changed. Empty if it did not.
    pub retagged: &'a [Machine],
}

/// The list for one pool.
pub fn permits_for_pool(provider: Provider, flavour: Flavour, pool: &str, change: &PoolChange<'_>) -> Expected {
    let stack = StackId::Pool(pool.to_owned());
    let mut permits = Vec::new();
    if let Some(facts) = shape::facts(provider) {
        let machine = facts.machine(&stack);
        for node in change.additions {
            permits.push(creation(machine, node));
        }
        for (list, required) in [(change.removals, true), (change.gone, false)] {
            for (node, id) in list {
                permits.push(removal(machine, node, id, required));
            }
        }
        permits.extend(change.adopted.iter().map(|(node, id)| adoption(facts, machine, node, id)));
        for (node, id) in change.retagged {
            permits.push(update(machine, node, id, paths(facts.machine_tags)));
        }
    }
    Expected { stack, provider, flavour, mode: Mode::Normal, permits }
}

/// The list for a foundation that is made for the first time, or whose making was broken off: everything of the module
/// may be created, the control planes that `additions` names must be, and what an import did not know of those that were
/// `adopted` is filled in.
pub fn permits_for_new_foundation(
    provider: Provider,
    flavour: Flavour,
    additions: &[NodeName],
    adopted: &[Machine],
) -> Expected {
    let stack = StackId::Foundation;
    let mut permits = Vec::new();
    if let (Some(facts), Some(module)) = (shape::facts(provider), shape::expected(provider, &stack)) {
        let machine = facts.machine(&stack);
        for node in additions {
            permits.push(creation(machine, node));
        }
        permits.extend(adopted.iter().map(|(node, id)| adoption(facts, machine, node, id)));
        for resource in others(machine, &module) {
            permits.push(Permit { target: Target::Any(resource), act: Act::Create, required: false });
        }
    }
    Expected { stack, provider, flavour, mode: Mode::Normal, permits }
}

/// The list for a foundation that stands: tags may change, after a change of the file's `tags`; these pools may get the
/// role by which their machines join at boot, and the roles that stand may read in another place. None: no role changes.
pub fn permits_for_foundation(
    provider: Provider,
    flavour: Flavour,
    retagged: &[Machine],
    joins: Option<&[&str]>,
) -> Expected {
    let stack = StackId::Foundation;
    let mut permits = Vec::new();
    if let (Some(facts), Some(pools)) = (shape::facts(provider), joins) {
        let made = pools.iter().flat_map(|pool| facts.joins.iter().map(move |of| format!("{of}[\"{pool}\"]")));
        permits.extend(made.map(|address| {
            // An earlier run may have made some of it.
            Permit { target: Target::Instance(address), act: Act::Create, required: false }
        }));
    }
    if let (Some(facts), Some(module), false) =
        (shape::facts(provider), shape::expected(provider, &stack), retagged.is_empty())
    {
        let machine = facts.machine(&stack);
        for (node, id) in retagged {
            permits.push(update(machine, node, id, paths(facts.machine_tags)));
        }
        for resource in others(machine, &module) {
            let reads = joins.is_some() && facts.join_policy == Some(resource.as_str());
            let attributes = if reads { paths(&["policy"]) } else { paths(facts.other_tags) };
            permits.push(Permit {
                target: Target::Any(resource),
                act: Act::Update { id: None, attributes },
                required: false,
            });
        }
    }
    Expected { stack, provider, flavour, mode: Mode::Normal, permits }
}

/// The list for destroying a stack: the machines that record and tags own, by id, and whatever else the module made.
pub fn permits_for_destroy(provider: Provider, flavour: Flavour, stack: StackId, machines: &[Machine]) -> Expected {
    let mut permits = Vec::new();
    if let (Some(facts), Some(module)) = (shape::facts(provider), shape::expected(provider, &stack)) {
        let machine = facts.machine(&stack);
        for (node, id) in machines {
            permits.push(removal(machine, node, id, false));
        }
        for resource in others(machine, &module) {
            permits.push(Permit { target: Target::Any(resource), act: Act::Delete { id: None }, required: false });
        }
    }
    Expected { stack, provider, flavour, mode: Mode::Destroy, permits }
}

/// The resources of a module that are not its machines.
fn others(machine: &str, module: &shape::ModuleShape) -> Vec<String> {
    module.resources.keys().filter(|resource| *resource != machine).cloned().collect()
}

/// The address of a node's machine in a stack; None where `scaler` has no module for the provider.
pub fn machine_address(provider: Provider, stack: &StackId, node: &NodeName) -> Option<String> {
    let machine = shape::facts(provider)?.machine(stack);
    Some(format!("{machine}[\"{node}\"]"))
}

fn instance(machine: &str, node: &NodeName) -> Target {
    Target::Instance(format!("{machine}[\"{node}\"]"))
}

fn creation(machine: &str, node: &NodeName) -> Permit {
    Permit { target: instance(machine, node), act: Act::Create, required: true }
}

fn removal(machine: &str, node: &NodeName, id: &str, required: bool) -> Permit {
    Permit { target: instance(machine, node), act: Act::Delete { id: Some(id.to_owned()) }, required }
}

fn update(machine: &str, node: &NodeName, id: &str, attributes: Vec<AttributePath>) -> Permit {
    let act = Act::Update { id: Some(id.to_owned()), attributes };
    Permit { target: instance(machine, node), act, required: false }
}

/// What an import leaves empty is filled in, and its tags are set.
fn adoption(facts: &shape::Facts, machine: &str, node: &NodeName, id: &str) -> Permit {
    let filled = facts.adoption.iter().map(|name| AttributePath::whole(name));
    update(machine, node, id, paths(facts.machine_tags).into_iter().chain(filled).collect())
}

fn paths(texts: &[&str]) -> Vec<AttributePath> {
    texts.iter().map(|text| AttributePath::below(text)).collect()
}
