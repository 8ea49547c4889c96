//! How many machines each pool should have.

use std::collections::BTreeMap;

use super::request::{Request, SizeChange};
use super::standing::{Condition, Standing};
use crate::model::failure::{Failure, Result};
use crate::model::file::{ClusterFile, Pool, PoolSize};
use crate::model::names::NodeName;
use crate::model::record::Record;

/// The size that `pool` should have after `request`, when it has the machines of `present` now.
pub fn target(
    file: &ClusterFile,
    record: Option<&Record>,
    request: &Request,
    pool: &Pool,
    present: &[NodeName],
) -> Result<u32> {
    match request {
        Request::Destroy => Ok(0),
        Request::Apply { .. } => {
            Ok(sized(pool, record.and_then(|record| record.pools.get(&pool.name)).map(|pool| pool.size)))
        }
        Request::Rollback { sizes, .. } => Ok(sized(pool, sizes.get(&pool.name).copied())),
        Request::Scale { pool: wanted, .. } if *wanted != pool.name => Ok(present.len() as u32),
        Request::Provision { .. } => Ok(present.len() as u32),
        Request::Scale { change, .. } => scaled(file, pool, change, present),
    }
}

/// Whether a request can come to new machines in `pool`: then an image is needed for them.
pub fn may_grow(
    file: &ClusterFile,
    record: Option<&Record>,
    request: &Request,
    pool: &Pool,
    standings: &BTreeMap<NodeName, Standing>,
) -> Result<bool> {
    let nodes = record.and_then(|record| record.pools.get(&pool.name)).map(|pool| &pool.nodes);
    let gone = |name: &NodeName| standings.get(name).is_some_and(|standing| standing.condition == Condition::Gone);
    let present: Vec<NodeName> =
        nodes.into_iter().flatten().map(|(name, _)| name).filter(|name| !gone(name)).cloned().collect();
    Ok(target(file, record, request, pool, &present)? > present.len() as u32)
}

/// With `count` the file decides; with bounds the recorded size does, moved into them.
fn sized(pool: &Pool, recorded: Option<u32>) -> u32 {
    match pool.size {
        PoolSize::Fixed(count) => count,
        PoolSize::Bounds { min, max } => recorded.unwrap_or(min).clamp(min, max),
    }
}

fn scaled(file: &ClusterFile, pool: &Pool, change: &SizeChange, nodes: &[NodeName]) -> Result<u32> {
    let present = nodes.len() as u32;
    let wanted = match change {
        SizeChange::UpTo(size) | SizeChange::DownTo(size) => *size,
        SizeChange::UpBy(more) => present.saturating_add(*more),
        SizeChange::DownBy(less) => present.checked_sub(*less).ok_or_else(|| {
            Failure::refused(format!("pool `{}` has {present} machines; {less} cannot be removed", pool.name))
        })?,
        SizeChange::Without(named) => nodes.iter().filter(|name| !named.contains(name)).count() as u32,
    };
    let grows = matches!(change, SizeChange::UpTo(_) | SizeChange::UpBy(_));
    if grows && wanted < present {
        return Err(Failure::refused(format!(
            "pool `{}` has {present} machines already; {wanted} is fewer",
            pool.name
        ))
        .hint(format!("to remove machines: scaler scale-down --pool {} --to {wanted}", pool.name)));
    }
    if !grows && wanted > present {
        return Err(Failure::refused(format!("pool `{}` has only {present} machines; {wanted} is more", pool.name))
            .hint(format!("to add machines: scaler scale-up --pool {} --to {wanted}", pool.name)));
    }
    match pool.size {
        PoolSize::Fixed(count) if count == wanted => Ok(wanted),
        PoolSize::Fixed(count) => Err(Failure::refused(format!(
            "the size of pool `{}` is fixed by `count: {count}` in the cluster file",
            pool.name
        ))
        .hint(format!("write `count: {wanted}` there and apply, or let --write do both"))
        .hint("give the pool `min` and `max` instead of `count` to size it by command")),
        PoolSize::Bounds { min, max } if wanted < min || wanted > max => {
            let (bound, value) = if wanted < min { ("min", min) } else { ("max", max) };
            Err(Failure::refused(format!(
                "pool `{}` of cluster `{}` may not have {wanted} machines: its `{bound}` is {value}",
                pool.name, file.name
            ))
            .hint(format!("change `{bound}` of the pool in the cluster file, or stay between {min} and {max}")))
        }
        PoolSize::Bounds { .. } => Ok(wanted),
    }
}
