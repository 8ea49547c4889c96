//! The first entry of an operation's journal, and the inputs that it refers to.

use std::collections::BTreeMap;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::lease::Lease;
use super::ports::terraform::Tool;
use super::ports::{Condition, Ports, Store};
use super::task::{Mandate, Task};
use crate::model::failure::{Failure, Result};
use crate::model::journal::{Act, Inputs, Part, PartId, Reason, Removal, Start};
use crate::model::machine::Place;
use crate::model::names::{NodeName, StackId};
use crate::model::plan::{FoundationChange, Plan, PoolChange, Request, SizeChange, Way};
use crate::model::record::{NodeRecord, Record, Source, TerraformPin};

/// Stores a cluster file and what it names, under the hash of their text.
pub async fn keep(ports: &Ports, source: &Source, sets: &[String], lease: &Lease) -> Result<Inputs> {
    let (text, sha256) = text(source)?;
    let inputs = Inputs { sha256, set: sets.to_vec() };
    lease.check()?;
    // Its name is its content: if it is there already, it is the same.
    ports.store.put(&inputs.key(), Bytes::from(text), Condition::Absent).await?;
    Ok(inputs)
}

fn text(source: &Source) -> Result<(Vec<u8>, String)> {
    let text = serde_json::to_vec(source)
        .map_err(|error| Failure::failed("the cluster file cannot be written as JSON").caused_by(&error))?;
    let sha256 = hex::encode(Sha256::digest(&text));
    Ok((text, sha256))
}

/// Reads a stored cluster file again. One that is not there, or is not what its name says, is an error.
pub async fn kept(store: &dyn Store, inputs: &Inputs) -> Result<Source> {
    let what = || {
        Failure::failed(format!("the cluster file of the unfinished operation cannot be read ({})", inputs.key()))
            .hint("nothing was changed; the store's former versions may have it")
    };
    let Some(object) = store.get(&inputs.key()).await? else { return Err(what().because("it is not in the store")) };
    if hex::encode(Sha256::digest(&object.bytes)) != inputs.sha256 {
        return Err(what().because("its text is not what its name says: it was changed"));
    }
    serde_json::from_slice(&object.bytes).map_err(|error| what().because(error))
}

/// Whether a task goes by the very inputs of an operation.
pub fn goes_by(task: &Task, inputs: &Inputs) -> Result<bool> {
    Ok(text(&task.source)?.1 == inputs.sha256)
}

/// The cluster files that an operation stored before it began.
pub struct Stored {
    /// What it goes by.
    pub inputs: Inputs,
    /// What the record holds when something of it is done.
    pub keeps: Inputs,
}

pub fn entry(
    task: &Task,
    mandate: Mandate,
    plan: &Plan,
    place: &Place,
    tool: &Tool,
    record: Option<&Record>,
    stored: Stored,
) -> Start {
    Start {
        command: mandate.command,
        holder: task.holder.clone(),
        cluster_id: plan.cluster_id.clone(),
        place: place.clone(),
        base_generation: plan.base.generation,
        inputs: stored.inputs,
        keeps: Some(stored.keeps),
        terraform: record.and_then(|record| record.terraform.clone()).unwrap_or_else(|| TerraformPin {
            flavour: tool.flavour,
            least_version: tool.version.clone(),
            locks: BTreeMap::new(),
        }),
        sizes: plan.pools.iter().map(|change| (change.pool.clone(), change.after)).collect(),
        parts: parts(plan),
        partial: task.options.partial,
        consent: mandate.consent,
        accept_lost: plan.request.accept_lost().to_vec(),
        back_to: plan.request.back_to(),
    }
}

/// The parts of an operation, in the order in which they are applied.
fn parts(plan: &Plan) -> Vec<Part> {
    let mut parts = Vec::new();
    match &plan.foundation {
        FoundationChange::Create { nodes } => parts.push(make(StackId::Foundation, nodes.clone())),
        FoundationChange::Tags => parts.push(make(StackId::Foundation, BTreeMap::new())),
        FoundationChange::Keep | FoundationChange::Destroy { .. } => {}
    }
    if plan.request == Request::Destroy {
        let pools = plan.pools.iter().map(|change| part(change.stack(), Act::Destroy, plan, change, |_| true));
        parts.extend(pools);
        parts.push(bare(StackId::Foundation, Act::Destroy));
        return parts;
    }
    let gone = |way: Way| way == Way::Gone;
    for change in plan.pools.iter().filter(|change| change.removals.iter().any(|removal| gone(removal.way))) {
        parts.push(part(change.stack(), Act::Retire, plan, change, gone));
    }
    for change in plan.pools.iter().filter(|change| !change.additions.is_empty() || change.tags) {
        parts.push(make(change.stack(), change.additions.clone()));
    }
    for change in plan.pools.iter().filter(|change| change.removals.iter().any(|removal| !gone(removal.way))) {
        parts.push(part(change.stack(), Act::Remove, plan, change, |way| !gone(way)));
    }
    parts
}

fn bare(stack: StackId, act: Act) -> Part {
    Part { id: PartId::new(stack, act), additions: BTreeMap::new(), removals: BTreeMap::new() }
}

fn make(stack: StackId, additions: BTreeMap<NodeName, NodeRecord>) -> Part {
    Part { additions, ..bare(stack, Act::Make) }
}

fn part(stack: StackId, act: Act, plan: &Plan, change: &PoolChange, of: impl Fn(Way) -> bool) -> Part {
    let named = matches!(&plan.request, Request::Scale { change: SizeChange::Without(_), .. });
    let removals = change.removals.iter().filter(|removal| of(removal.way)).map(|removal| {
        let reason = match removal.way {
            Way::Gone => Reason::Vanished,
            Way::Destroyed => Reason::Destroyed,
            _ if change.retired => Reason::PoolRemoved,
            _ if named => Reason::Named,
            _ => Reason::Chosen,
        };
        let journalled = Removal {
            machine_id: removal.machine_id.clone(),
            node_uid: removal.node_uid.clone(),
            reason,
            note: removal.reason.clone(),
        };
        (removal.node.clone(), journalled)
    });
    Part { removals: removals.collect(), ..bare(stack, act) }
}
