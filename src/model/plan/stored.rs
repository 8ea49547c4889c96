//! Which cluster file the record holds after an operation.

use super::request::Request;
use crate::model::failure::{Failure, Result};
use crate::model::file::{self, PoolSize, Set};
use crate::model::record::{Record, Source};

/// Only `apply` and the way back to a former generation store the cluster file with its `--set` options, and `--write` the
/// count that it writes. Every other
/// operation goes by what it was given for this once, and the record keeps what was applied.
///
/// Refuses (exit 5) a `--write` whose count the stored cluster file cannot take.
pub fn stored(request: &Request, given: &Source, record: Option<&Record>) -> Result<Source> {
    let Some(record) = record else { return Ok(given.clone()) };
    match request {
        Request::Apply { .. } | Request::Rollback { .. } => Ok(given.clone()),
        Request::Scale { pool, write: Some(count), .. } => counted(&record.source, pool, *count),
        Request::Scale { .. } | Request::Provision { .. } | Request::Destroy => Ok(record.source.clone()),
    }
}

fn counted(source: &Source, pool: &str, count: u32) -> Result<Source> {
    let refused = |why: String| {
        Failure::refused(format!("the stored cluster file cannot take `count: {count}` for pool `{pool}`"))
            .because(why)
            .hint("nothing was changed; `scaler apply` stores the cluster file as it is now, then scale again")
    };
    let text = file::set_count(&source.cluster_file, pool, count).map_err(|failure| refused(failure.to_string()))?;
    let sets: Vec<Set> = source.sets.iter().map(Set::new).collect();
    let file =
        file::parse("the stored cluster file", &text, &sets).map_err(|problems| refused(problems.to_string()))?;
    match file.pool(pool).map(|pool| &pool.size) {
        Some(PoolSize::Fixed(size)) if *size == count => Ok(Source { cluster_file: text, ..source.clone() }),
        _ => Err(refused("a stored `--set` decides its size".into())),
    }
}
