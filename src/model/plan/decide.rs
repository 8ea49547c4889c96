//! From what is asked and what is there to what will be done.

use std::collections::BTreeMap;

use super::foundation::{foundation_change, joins_change};
use super::request::Request;
use super::standing::{Condition, Standing};
use super::stored::stored;
use super::{Base, PLAN_FORMAT, Plan, PoolChange, Removal, Way, fixed, labels, provisioned, sizes, zones};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::{ClusterFile, Pool, Provisioning};
use crate::model::kubernetes::Node;
use crate::model::names::{NodeName, OperationId, StackId};
use crate::model::record::{NodeRecord, PoolRecord, Record, Source, StackSerial};
use crate::model::{user_data, victims};

/// Everything that a decision depends on.
pub struct Inputs<'a> {
    pub file: &'a ClusterFile,
    pub source: Source,
    pub record: Option<&'a Record>,
    /// The file that was applied last.
    pub previous: Option<&'a ClusterFile>,
    /// The record's id, or the one that a new cluster will have.
    pub cluster_id: &'a str,
    pub request: Request,
    /// Stands for the operation whose name new machines will carry ([`Plan::carried_out_by`]).
    pub operation: OperationId,
    pub serials: BTreeMap<StackId, StackSerial>,
    /// Some stack's state has something in it.
    pub stands: bool,
    /// Every node of the record.
    pub standings: &'a BTreeMap<NodeName, Standing>,
    /// The cluster's Nodes, as far as it could be asked.
    pub nodes: &'a [Node],
    /// Pool → the id of the image for its new machines. The control plane's is under [`CONTROL_PLANE`].
    pub images: &'a BTreeMap<String, String>,
    /// Chooses `count` of these nodes of a pool to go, each with the reason in words, in the order of going.
    pub choose: &'a Chooser<'a>,
}

/// Pool, its nodes, how many are to go → those that go, each with the reason in words.
pub type Chooser<'a> = dyn Fn(&str, &[NodeName], u32) -> Vec<(NodeName, String)> + 'a;

/// The control plane's place among the pools: in node names and where images are resolved. No pool may have this name.
pub const CONTROL_PLANE: &str = "control-plane";

/// Decides. A refusal (exit 5) says which field, pool or node stands against it.
pub fn decide(inputs: &Inputs) -> Result<Plan> {
    let mut notes = Vec::new();
    // While a first apply has made nothing, its cluster file can still be corrected.
    if let (Some(previous), Some(record)) = (inputs.previous, inputs.record)
        && (inputs.stands || !record.stacks.is_empty())
    {
        fixed::refuse(inputs, previous, record)?;
        notes.extend(fixed::notes(previous, inputs.file));
    }
    if let Request::Scale { pool, .. } = &inputs.request {
        known_pool(inputs, pool)?;
    }
    let kept = stored(&inputs.request, &inputs.source, inputs.record)?;
    if matches!(inputs.request, Request::Scale { .. } | Request::Provision { .. })
        && (&kept.cluster_file, &kept.files) != (&inputs.source.cluster_file, &inputs.source.files)
    {
        notes.push(
            "the cluster file is not the one that was applied: this run goes by it, and the stored one stays; \
             `scaler apply` stores it"
                .into(),
        );
    }
    let mut pools = Vec::new();
    // Who provisions changes no stack; what vanished is for the next operation that does.
    let of_stacks = !matches!(inputs.request, Request::Provision { .. });
    for pool in inputs.file.pools.iter().filter(|_| of_stacks) {
        // What another pool has lost is no matter of this one's.
        if matches!(&inputs.request, Request::Scale { pool: wanted, .. } if *wanted != pool.name) {
            continue;
        }
        let change = pool_change(inputs, pool)?;
        if change.before != change.after || has_work(&change) {
            pools.push(change);
        }
    }
    if of_stacks && !matches!(inputs.request, Request::Scale { .. }) {
        pools.extend(departing_pools(inputs)?);
    }
    let labels = labels::decide(inputs, &pools);
    notes.extend(labels::notes(&labels));
    Ok(Plan {
        format: PLAN_FORMAT,
        cluster: inputs.file.name.clone(),
        cluster_id: inputs.cluster_id.to_owned(),
        provider: inputs.file.provider,
        request: inputs.request.clone(),
        base: Base { generation: inputs.record.map(|record| record.generation), serials: inputs.serials.clone() },
        source: inputs.source.clone(),
        stores: inputs.record.is_none_or(|record| record.source != kept),
        foundation: foundation_change(inputs)?,
        provision: provisioned::nodes(inputs)?,
        pools,
        labels,
        notes,
    })
}

fn has_work(change: &PoolChange) -> bool {
    !change.additions.is_empty() || !change.removals.is_empty() || change.tags || change.retired
}

/// A pool that only the cluster file at hand has would go again with the next `apply` of the stored one.
fn known_pool(inputs: &Inputs, pool: &str) -> Result<()> {
    let file = inputs.file;
    if file.pool(pool).is_none() {
        let names: Vec<&str> = file.pools.iter().map(|pool| pool.name.as_str()).collect();
        return Err(Failure::new(Kind::Usage, format!("cluster `{}` has no pool `{pool}`", file.name))
            .hint(format!("its pools are: {}", names.join(", "))));
    }
    if inputs.previous.is_some_and(|previous| previous.pool(pool).is_none()) {
        return Err(Failure::refused(format!("pool `{pool}` is new in the cluster file, and was not applied yet"))
            .hint("`scaler apply` makes it and stores the cluster file; after that it can be scaled"));
    }
    Ok(())
}

/// Stack by stack: an operation that ended halfway may have changed those of one and not of another.
pub(super) fn tags_changed(inputs: &Inputs, stack: &StackId) -> bool {
    let standing = inputs.record.and_then(|record| record.tags.get(stack));
    standing.or(inputs.previous.map(|previous| &previous.tags)).is_some_and(|tags| *tags != inputs.file.tags)
}

pub(super) fn image_for(inputs: &Inputs, pool: &str) -> Result<String> {
    inputs
        .images
        .get(pool)
        .cloned()
        .ok_or_else(|| Failure::failed(format!("no image was resolved for the new machines of `{pool}`")))
}

fn pool_change(inputs: &Inputs, pool: &Pool) -> Result<PoolChange> {
    let empty = PoolRecord::default();
    let record = inputs.record.and_then(|record| record.pools.get(&pool.name)).unwrap_or(&empty);
    if let (Some(named), Some(record)) = (inputs.request.named(&pool.name), inputs.record) {
        victims::check_named(record, &pool.name, named)?;
    }
    let (gone, present) = split_gone(inputs, record);
    let before = record.nodes.len() as u32;
    let target = sizes::target(inputs.file, inputs.record, &inputs.request, pool, &present)?;
    let mut removals = retire(inputs, &pool.name, &gone, before)?;
    let leaving = (present.len() as u32).saturating_sub(target);
    removals.extend(leave(inputs, &pool.name, &present, leaving)?);
    let additions = additions(inputs, pool, record, &present, target.saturating_sub(present.len() as u32))?;
    let stays = present.len() as u32 - leaving;
    let stack = StackId::Pool(pool.name.clone());
    Ok(PoolChange {
        pool: pool.name.clone(),
        before,
        after: target,
        additions,
        removals,
        tags: inputs.request.brings_file() && stays > 0 && tags_changed(inputs, &stack),
        retired: false,
    })
}

/// Pools that the record has and the file no longer names: everything of them goes.
fn departing_pools(inputs: &Inputs) -> Result<Vec<PoolChange>> {
    let mut changes = Vec::new();
    for (name, record) in inputs.record.iter().flat_map(|record| &record.pools) {
        // The counter of a pool that went stays: its names are never used again.
        if inputs.file.pool(name).is_some() || record.nodes.is_empty() {
            continue;
        }
        let (gone, present) = split_gone(inputs, record);
        let mut removals = retire(inputs, name, &gone, record.nodes.len() as u32)?;
        removals.extend(leave(inputs, name, &present, present.len() as u32)?);
        changes.push(PoolChange {
            pool: name.clone(),
            before: record.nodes.len() as u32,
            after: 0,
            additions: BTreeMap::new(),
            removals,
            tags: false,
            retired: true,
        });
    }
    Ok(changes)
}

fn split_gone(inputs: &Inputs, record: &PoolRecord) -> (Vec<NodeName>, Vec<NodeName>) {
    record
        .nodes
        .keys()
        .cloned()
        .partition(|name| inputs.standings.get(name).is_some_and(|standing| standing.condition == Condition::Gone))
}

/// Machines that the cloud proves to be gone leave the record. Many at once is more likely a mistake of ours (another
/// account, a filter) than of the cloud: each must then be accepted by name.
fn retire(inputs: &Inputs, pool: &str, gone: &[NodeName], total: u32) -> Result<Vec<Removal>> {
    let many = gone.len() > 1 && gone.len() as u32 * 10 > total * 3;
    if many && inputs.request != Request::Destroy {
        let unaccepted: Vec<&NodeName> =
            gone.iter().filter(|name| !inputs.request.accept_lost().contains(name)).collect();
        if !unaccepted.is_empty() {
            let names = unaccepted.iter().map(|name| name.as_str()).collect::<Vec<_>>();
            return Err(Failure::refused(format!(
                "{} of the {total} machines of pool `{pool}` are gone from the cloud: {}",
                gone.len(),
                names.join(", ")
            ))
            .because("so many at once are retired only when a person says so for each")
            .hint(format!(
                "if they are really gone: add {}",
                names.iter().map(|name| format!("--accept-lost {name}")).collect::<Vec<_>>().join(" ")
            )));
        }
    }
    let removal = |name: &NodeName| removal(inputs, name, Way::Gone, "its machine is gone from the cloud".to_owned());
    Ok(gone.iter().map(removal).collect())
}

fn leave(inputs: &Inputs, pool: &str, present: &[NodeName], count: u32) -> Result<Vec<Removal>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let chosen = match inputs.request.named(pool) {
        // One that vanished is retired: there is nothing to choose.
        Some(named) => {
            let there = named.iter().filter(|name| present.contains(name));
            there.map(|name| (name.clone(), "named by you".to_owned())).collect()
        }
        None => (inputs.choose)(pool, present, count),
    };
    if chosen.len() as u32 != count {
        return Err(Failure::failed(format!(
            "{count} nodes of pool `{pool}` were to be chosen, and {} were",
            chosen.len()
        )));
    }
    chosen.into_iter().map(|(name, reason)| Ok(removal(inputs, &name, way(inputs, &name)?, reason))).collect()
}

/// The reason by which a node that is still there may go.
fn way(inputs: &Inputs, name: &NodeName) -> Result<Way> {
    if inputs.request == Request::Destroy {
        return Ok(Way::Destroyed);
    }
    let accepted = inputs.request.accept_lost().contains(name);
    let condition = inputs.standings.get(name).map(|standing| &standing.condition);
    match condition {
        Some(Condition::Ready) => Ok(Way::Drained),
        Some(Condition::NeverJoined) => Ok(Way::NeverJoined),
        Some(Condition::Gone) => Ok(Way::Gone),
        Some(Condition::NotReady) if accepted => Ok(Way::Accepted),
        Some(Condition::NotReady) => Err(Failure::refused(format!("node `{name}` is not Ready, and its machine runs"))
            .because("its pods cannot be seen to stop, so it cannot be drained, and may still be at work")
            .hint("repair the node, or terminate its machine in the cloud")
            .hint(format!("if its pods may be lost: --accept-lost {name}"))),
        Some(Condition::Unseen { .. }) if accepted => Ok(Way::Accepted),
        Some(Condition::Unseen { why }) => Err(Failure::refused(format!("nobody can tell how node `{name}` stands"))
            .because(why)
            .hint(format!("if nothing on it is needed, it goes without a drain: --accept-lost {name}"))),
        Some(Condition::Unproven { why }) => {
            Err(Failure::refused(format!("nobody can tell how node `{name}` stands")).because(why))
        }
        None => {
            Err(Failure::refused(format!("nobody can tell how node `{name}` stands")).because("it was not looked at"))
        }
    }
}

fn removal(inputs: &Inputs, name: &NodeName, way: Way, reason: String) -> Removal {
    let standing = inputs.standings.get(name);
    Removal {
        node: name.clone(),
        machine_id: standing.and_then(|standing| standing.machine_id.clone()),
        node_uid: standing.and_then(|standing| standing.node_uid.clone()),
        way,
        reason,
    }
}

fn additions(
    inputs: &Inputs,
    pool: &Pool,
    record: &PoolRecord,
    present: &[NodeName],
    count: u32,
) -> Result<BTreeMap<NodeName, NodeRecord>> {
    if count == 0 {
        return Ok(BTreeMap::new());
    }
    let file = inputs.file;
    if pool.provisioning == Provisioning::Boot && !inputs.request.brings_file() && joins_change(inputs) {
        return Err(Failure::refused(format!("new machines of pool `{}` could not join", pool.name))
            .because("they are to join at boot, and the foundation has no role for that yet, or one for another store")
            .hint("`scaler apply` makes it; after that the pool can be scaled"));
    }
    let image = image_for(inputs, &pool.name)?;
    let zone = match &inputs.request {
        Request::Scale { zone: Some(zone), .. } => Some(zone),
        _ => None,
    };
    if let Some(zone) = zone
        && !file.network.zones.contains(zone)
    {
        return Err(Failure::new(Kind::Usage, format!("cluster `{}` has no zone `{zone}`", file.name))
            .hint(format!("its zones are: {}", file.network.zones.join(", "))));
    }
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for name in present {
        *taken.entry(record.nodes[name].zone.clone()).or_default() += 1;
    }
    let zones = match zone {
        Some(zone) => vec![zone.clone(); count as usize],
        None => zones::spread(&file.network.zones, &taken, count),
    };
    let numbers = record.next_number.max(1)..;
    let nodes = zones.into_iter().zip(numbers).map(|(zone, number)| {
        let name = NodeName::new(&file.name, &pool.name, number);
        let node = NodeRecord {
            user_data: user_data::worker_user_data(file, inputs.cluster_id, pool, &name, &zone),
            zone,
            image: image.clone(),
            machine: pool.machine.clone(),
            disk: pool.disk.clone(),
            capacity: pool.capacity,
            subnet: None,
            public_address: !file.network.private,
            key_name: None,
            operation: inputs.operation.clone(),
            machine_id: None,
            adopted: false,
            addresses: None,
            host_keys: Vec::new(),
            join: None,
            joined: false,
        };
        (name, node)
    });
    Ok(nodes.collect())
}
