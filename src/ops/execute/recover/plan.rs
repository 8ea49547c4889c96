//! The plan of an operation, from its journal.

use crate::model::journal::{Act, Command, Part, PartId, Proof, Removal as Journalled, Status};
use crate::model::names::{NodeName, StackId};
use crate::model::plan::{self, Base, FoundationChange, PLAN_FORMAT, Plan, PoolChange, Request, SizeChange, Way};
use crate::model::record::{Record, Source};

/// The decisions that the first entry holds, for those steps of an operation that go by a plan.
pub fn of(status: &Status, record: &Record, source: &Source) -> Plan {
    let start = status.start();
    let mut pools: Vec<PoolChange> = Vec::new();
    for part in &start.parts {
        let Some(pool) = part.id.stack.pool() else { continue };
        let removals = part.removals.iter().map(|(node, removal)| of_removal(status, &part.id, node, removal));
        let retired = part.removals.values().any(|one| one.reason == crate::model::journal::Reason::PoolRemoved);
        let index = pools.iter().position(|change| change.pool == pool).unwrap_or_else(|| {
            pools.push(empty(pool, record, start.sizes.get(pool).copied()));
            pools.len() - 1
        });
        let change = &mut pools[index];
        change.additions.extend(part.additions.clone());
        change.removals.extend(removals);
        change.retired |= retired;
        change.tags |= part.id.act == Act::Make && matches!(start.command, Command::Apply | Command::Rollback);
    }
    Plan {
        format: PLAN_FORMAT,
        cluster: record.name.clone(),
        cluster_id: start.cluster_id.clone(),
        provider: record.provider,
        request: request(status),
        base: Base { generation: start.base_generation, serials: Default::default() },
        source: source.clone(),
        stores: start.keeps.is_some(),
        foundation: foundation(&start.parts),
        pools,
        provision: Vec::new(),
        labels: Vec::new(),
        notes: Vec::new(),
    }
}

fn empty(pool: &str, record: &Record, after: Option<u32>) -> PoolChange {
    let before = record.pools.get(pool).map_or(0, |pool| pool.nodes.len() as u32);
    PoolChange {
        pool: pool.to_owned(),
        before,
        after: after.unwrap_or(before),
        additions: Default::default(),
        removals: Vec::new(),
        tags: false,
        retired: false,
    }
}

fn of_removal(status: &Status, part: &PartId, node: &NodeName, removal: &Journalled) -> plan::Removal {
    let proof = status.victims().get(node).and_then(|victim| victim.proof.as_ref());
    let way = match (part.act, proof) {
        (Act::Destroy, _) => Way::Destroyed,
        (Act::Retire, _) | (_, Some(Proof::Gone { .. })) => Way::Gone,
        (_, Some(Proof::NeverJoined { .. })) => Way::NeverJoined,
        (_, Some(Proof::Accepted { .. })) => Way::Accepted,
        (_, Some(Proof::Drained) | None) => Way::Drained,
    };
    plan::Removal {
        node: node.clone(),
        machine_id: removal.machine_id.clone(),
        node_uid: removal.node_uid.clone(),
        way,
        reason: removal.note.clone(),
    }
}

fn request(status: &Status) -> Request {
    let start = status.start();
    let accept_lost = start.accept_lost.clone();
    match start.command {
        // What a way back leads to is in its inputs; it is an `apply` of them.
        Command::Apply | Command::Rollback => Request::Apply { accept_lost },
        Command::Destroy => Request::Destroy,
        Command::Provision => Request::Provision { limit: Vec::new(), tags: Vec::new() },
        Command::ScaleUp | Command::ScaleDown => {
            let pool = start.parts.iter().find_map(|part| part.id.stack.pool()).unwrap_or_default();
            let size = start.sizes.get(pool).copied().unwrap_or_default();
            Request::Scale {
                pool: pool.to_owned(),
                change: SizeChange::UpTo(size),
                zone: None,
                write: None,
                accept_lost,
            }
        }
    }
}

fn foundation(parts: &[Part]) -> FoundationChange {
    let of = |act| parts.iter().find(|part| part.id == PartId::new(StackId::Foundation, act));
    match (of(Act::Make), of(Act::Destroy)) {
        (Some(make), _) if make.additions.is_empty() => FoundationChange::Tags,
        (Some(make), _) => FoundationChange::Create { nodes: make.additions.clone() },
        (None, Some(_)) => FoundationChange::Destroy { nodes: Default::default() },
        (None, None) => FoundationChange::Keep,
    }
}

/// Names that the operation had planned are used up, whether or not it came to use them.
pub fn use_up_names(record: &mut Record, status: &Status) {
    for part in status.start().parts.iter().filter(|part| part.id.act == Act::Make) {
        let Some(pool) = part.id.stack.pool() else { continue };
        let highest = part.additions.keys().filter_map(NodeName::number).max();
        if let Some(number) = highest {
            let pool = record.pools.entry(pool.to_owned()).or_default();
            pool.next_number = pool.next_number.max(number + 1);
        }
    }
}
