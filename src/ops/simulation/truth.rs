//! When all is quiet: whether record, states, cloud and cluster say the same, and nothing of an operation is left.

use std::collections::{BTreeMap, BTreeSet};

use super::cluster;
use super::terraform::{TfState, lock_key};
use super::world::{TrueClock, World};
use crate::model::drain::CordonState;
use crate::model::join_file;
use crate::model::journal::Act;
use crate::model::lock::{self, Lock, LockState};
use crate::model::names::{NodeName, StackId};
use crate::model::record::Record;
use crate::ops::ports::Clock;

/// What is not as it should be.
pub fn faults(world: &World) -> Vec<String> {
    let mut faults = Vec::new();
    cluster::follow(world);
    let lock = world.store.text(lock::KEY).map(|text| Lock::parse(text.as_bytes()).expect("a lock"));
    if lock.is_some_and(|lock| lock.state == LockState::Held) {
        faults.push("the lock was not given back".into());
    }
    for (operation, status) in world.watch.journals() {
        if status.outcome().is_none() {
            faults.push(format!("operation {operation} has no end: {}", status.told()));
        }
    }
    ways_in(world, &mut faults);
    let Some(record) = record(world) else {
        faults
            .extend(world.cloud.living().iter().map(|machine| format!("{} lives, and there is no record", machine.id)));
        return faults;
    };
    let recorded = recorded(&record);
    same(&mut faults, "record", &recorded, "Terraform's states", &in_states(world, &record));
    let living: BTreeMap<String, String> = world
        .cloud
        .living()
        .into_iter()
        .map(|machine| (machine.node.map_or(machine.id.clone(), |node| node.to_string()), machine.id))
        .collect();
    if living.len() != world.cloud.living().len() {
        faults.push("two machines have one name".into());
    }
    same(&mut faults, "record", &recorded, "cloud", &living);
    for stack in stacks(&record) {
        if let Some(text) = world.store.text(&lock_key(&stack)) {
            faults.push(format!("a lock of Terraform's is left on {stack}: {text}"));
        }
    }
    let reset = world.reset.lock().unwrap().clone();
    for (name, id) in living.iter().filter(|(_, id)| reset.contains_key(*id)) {
        faults.push(format!("{name} was reset, and its machine {id} lives on"));
    }
    if !record.destroyed {
        tags(world, &record, &mut faults);
        nodes(world, &living, &mut faults);
    }
    faults
}

/// Machines that look for their join file in vain. In a life some may: it was interrupted, or the cluster was away.
pub fn waiting(world: &World) -> Vec<String> {
    let boots = world.boots.lock().unwrap();
    world.cloud.living().into_iter().map(|machine| machine.id).filter(|id| boots.contains_key(id)).collect()
}

/// No way into the cluster is left open, but for what a journal says could not be taken back.
fn ways_in(world: &World, faults: &mut Vec<String>) {
    let journals = world.watch.journals();
    let open = || journals.values().flat_map(|status| status.offers().values());
    let unremoved = world.happened.told().contains_key("a join file could not be removed");
    for file in world.store.kept(join_file::FOLDER) {
        if !unremoved || !open().any(|offer| offer.file == file) {
            faults.push(format!("the join file {file} is left"));
        }
    }
    let now = TrueClock(world.time.clone()).now();
    for (token, expires) in &world.kubernetes.world().tokens {
        let told =
            journals.values().any(|status| status.tokens().contains(token)) || open().any(|one| one.token == *token);
        if *expires > now && !told {
            faults.push(format!("the token {token} is left"));
        }
    }
}

pub fn record(world: &World) -> Option<Record> {
    world.store.text("cluster.json").map(|text| serde_json::from_str(&text).expect("a record"))
}

fn stacks(record: &Record) -> Vec<StackId> {
    let pools = record.pools.keys().map(|pool| StackId::Pool(pool.clone()));
    std::iter::once(StackId::Foundation).chain(pools).collect()
}

fn recorded(record: &Record) -> BTreeMap<String, String> {
    let pools = record.pools.values().chain([&record.control_plane]);
    let nodes = pools.flat_map(|pool| &pool.nodes);
    nodes.map(|(name, node)| (name.to_string(), node.machine_id.clone().unwrap_or_else(|| "none".into()))).collect()
}

fn in_states(world: &World, record: &Record) -> BTreeMap<String, String> {
    let texts = stacks(record).into_iter().filter_map(|stack| world.store.text(&stack.state_key()));
    let states: Vec<TfState> = texts.map(|text| TfState::parse(text.as_bytes())).collect();
    let machines = states
        .iter()
        .flat_map(|state| &state.instances)
        .filter_map(|(address, there)| Some((address.key.clone()?, there["id"].as_str().unwrap_or("none").to_owned())));
    machines.collect()
}

/// The nodes of the record whose machine does not live any more.
pub fn gone(world: &World) -> Vec<NodeName> {
    let living: BTreeSet<String> = world.cloud.living().into_iter().map(|machine| machine.id).collect();
    let Some(record) = record(world) else { return Vec::new() };
    let nodes = record.pools.values().flat_map(|pool| &pool.nodes);
    let is_gone = |id: &Option<String>| id.as_ref().is_some_and(|id| !living.contains(id));
    nodes.filter(|(_, node)| is_gone(&node.machine_id)).map(|(name, _)| name.clone()).collect()
}

/// Each machine has the tags that the record says its stack has.
fn tags(world: &World, record: &Record, faults: &mut Vec<String>) {
    for machine in world.cloud.living() {
        let stack = machine.pool.clone().map_or(StackId::Foundation, StackId::Pool);
        let (has, wants) = (machine.tags.get("team"), record.tags.get(&stack).and_then(|tags| tags.get("team")));
        if has != wants {
            faults.push(format!("{} has the tag {has:?}, and its stack {wants:?}", machine.id));
        }
    }
}

/// Its machine was retired while nobody could ask the cluster about its Node, and so nobody knew of one to delete.
fn unseen(world: &World, name: &str) -> bool {
    let journals = world.watch.journals();
    let victims = journals.values().flat_map(|status| status.victims());
    let mut of_name = victims.filter(|(node, _)| node.as_str() == name);
    of_name.any(|(_, victim)| victim.part.act == Act::Retire && victim.removal.node_uid.is_none())
}

/// The Nodes are the machines, and are as whoever else left them.
fn nodes(world: &World, living: &BTreeMap<String, String>, faults: &mut Vec<String>) {
    let kubernetes = world.kubernetes.world();
    let names: BTreeSet<&String> = kubernetes.nodes.keys().collect();
    let joins = world.joins.lock().unwrap().clone();
    for (name, _) in living.iter().filter(|(name, id)| !names.contains(name) && !joins.contains_key(*id)) {
        faults.push(format!("machine of {name} is no Node"));
    }
    let cordoned = world.cordoned.lock().unwrap().clone();
    for (name, node) in &kubernetes.nodes {
        if !living.contains_key(name) && !unseen(world, name) {
            faults.push(format!("Node {name} has no machine"));
        }
        if CordonState::of(node) != CordonState::None {
            faults.push(format!("Node {name} carries an operation's mark"));
        }
        if node.unschedulable != cordoned.contains(name) {
            let now = if node.unschedulable { "cordoned" } else { "not cordoned" };
            faults.push(format!("Node {name} is {now}, and was not so before"));
        }
    }
}

fn same(
    faults: &mut Vec<String>,
    one: &str,
    first: &BTreeMap<String, String>,
    other: &str,
    second: &BTreeMap<String, String>,
) {
    if first != second {
        faults.push(format!("the {one} says {first:?}, and the {other} says {second:?}"));
    }
}
