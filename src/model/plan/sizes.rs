//! How many machines each pool should have.

use std::collections::BTreeMap;

use super::request::{Request, SizeChange};
use super::standing::{Condition, Standing};
use crate::model::failure::{Failure, Result};
use crate::model::file::{ClusterFile, Pool, PoolSize};
use crate::model::names::NodeName;
use crate::model::record::Record;

/// The size that `pool` should have after `request`, when it has `present` machines now.
pub fn target(
    file: &ClusterFile,
    record: Option<&Record>,
    request: &Request,
    pool: &Pool,
    present: u32,
) -> Result<u32> {
    match request {
        Request::Destroy => Ok(0),
        Request::Apply { .. } => Ok(applied(record, pool)),
        Request::Scale { pool: wanted, .. } if *wanted != pool.name => Ok(present),
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
    let gone = |name: &&NodeName| standings.get(*name).is_some_and(|standing| standing.condition == Condition::Gone);
    let present = nodes.map(|nodes| nodes.keys().filter(|name| !gone(name)).count()).unwrap_or_default() as u32;
    Ok(target(file, record, &still_asked(request, |name| gone(&name)), pool, present)? > present)
}

/// The request without the named nodes whose machines are gone: they are retired in any case, and count no more.
pub fn still_asked(request: &Request, gone: impl Fn(&NodeName) -> bool) -> Request {
    let mut asked = request.clone();
    if let Request::Scale { change: SizeChange::Without(names), .. } = &mut asked {
        names.retain(|name| !gone(name));
    }
    asked
}

/// With `count` the file decides; with bounds the record does, moved into them.
fn applied(record: Option<&Record>, pool: &Pool) -> u32 {
    match pool.size {
        PoolSize::Fixed(count) => count,
        PoolSize::Bounds { min, max } => {
            let recorded = record.and_then(|record| record.pools.get(&pool.name)).map(|pool| pool.size);
            recorded.unwrap_or(min).clamp(min, max)
        }
    }
}

fn scaled(file: &ClusterFile, pool: &Pool, change: &SizeChange, present: u32) -> Result<u32> {
    let wanted = match change {
        SizeChange::UpTo(size) | SizeChange::DownTo(size) => *size,
        SizeChange::UpBy(more) => present.saturating_add(*more),
        SizeChange::DownBy(less) => present.checked_sub(*less).ok_or_else(|| {
            Failure::refused(format!("pool `{}` has {present} machines; {less} cannot be removed", pool.name))
        })?,
        SizeChange::Without(nodes) => present.saturating_sub(nodes.len() as u32),
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
