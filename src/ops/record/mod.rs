//! The record in the store: read as it is, changed by compare-and-swap alone.

mod moved;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::lease::Lease;
use super::ports::{Condition, Put, Store, Version};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::{Document, Entry, key};
use crate::model::lock::Holder;
use crate::model::names::OperationId;
use crate::model::record::{FORMAT, Format, Record};

pub use moved::refuse as refuse_moved;

/// The record's key.
pub const KEY: &str = "cluster.json";

/// One committed generation, as history keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Generation {
    pub format: Format,
    pub generation: u64,
    pub operation: OperationId,
    /// Who committed it. None where that could not be found out any more.
    pub holder: Option<Holder>,
    /// When, by the writer's clock; for people.
    pub at: Option<jiff::Timestamp>,
    /// Whole, so that one generation can be shown, compared and gone back to without the others.
    pub record: Record,
}

/// Where a generation is kept. Padded, so that keys sort as numbers do.
pub fn history_key(generation: u64) -> String {
    format!("history/{generation:08}.json")
}

/// The record and the version it was read at; None if there is none yet. One that was moved to another store is refused:
/// whoever comes here goes by an old cluster file.
pub async fn load(store: &dyn Store) -> Result<Option<(Record, Version)>> {
    let found = load_any(store).await?;
    if let Some((record, _)) = &found {
        moved::refuse(store, record)?;
    }
    Ok(found)
}

/// As [`load`], also where the cluster was moved.
pub async fn load_any(store: &dyn Store) -> Result<Option<(Record, Version)>> {
    let Some(object) = store.get(KEY).await? else { return Ok(None) };
    let record = decode(&object.bytes, &format!("{}/{KEY}", store.url()))?;
    Ok(Some((record, object.version)))
}

/// Reads a record; `whence` names it in errors. One of a newer major format is refused, so that nothing of it is lost.
pub fn decode(bytes: &[u8], whence: &str) -> Result<Record> {
    decode_as(bytes, &format!("the record {whence}")).map_err(|failure| match failure.kind {
        Kind::Refused => failure,
        _ => failure
            .hint("nothing was changed; former ones lie in the folder history/ beside it, and in the store's versions"),
    })
}

/// Reads a document with the record's format; `what` is its name in errors. One of a newer major format is refused.
pub fn decode_as<T: DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T> {
    #[derive(Deserialize)]
    struct Head {
        format: Format,
    }
    let broken = |error: serde_json::Error| Failure::failed(format!("{what} cannot be read")).because(error);
    let head: Head = serde_json::from_slice(bytes).map_err(broken)?;
    if head.format.major > FORMAT.major {
        return Err(newer(what, head.format));
    }
    serde_json::from_slice(bytes).map_err(broken)
}

fn newer(what: &str, format: Format) -> Failure {
    Failure::refused(format!("{what} was written by a newer scaler"))
        .because(format!(
            "its format is {}.{}, and this one knows {}.{}",
            format.major, format.minor, FORMAT.major, FORMAT.minor
        ))
        .hint("nothing was changed; use the version of scaler that this cluster is run with")
}

/// Refuses (exit 5) to work on a record of a newer minor format: it can be read, and has fields that would be lost by
/// writing it.
pub fn check_writable(store: &dyn Store, record: &Record) -> Result<()> {
    match record.format > FORMAT {
        true => Err(newer(&format!("the record {}/{KEY}", store.url()), record.format)),
        false => Ok(()),
    }
}

/// Writes the record if the store still has `base` (None: nothing), and keeps it in history.
///
/// History is written after the commit, so that it never has a generation that was not committed. A run that dies
/// between the two leaves one out; the next commit puts it in before it overwrites the record.
pub async fn commit(
    store: &dyn Store,
    lease: &Lease,
    record: &Record,
    base: Option<Version>,
    holder: &Holder,
    now: jiff::Timestamp,
) -> Result<Version> {
    check_writable(store, record)?;
    if base.is_some() {
        complete_history(store, lease, record.generation.saturating_sub(1)).await?;
    }
    let condition = base.map_or(Condition::Absent, Condition::Is);
    lease.check()?;
    let version = match store.put(KEY, encode(record)?, condition).await? {
        Put::Written(version) => version,
        Put::Conflict => own_write(store, record).await?,
    };
    let kept = Generation {
        format: FORMAT,
        generation: record.generation,
        operation: record.operation.clone(),
        holder: Some(holder.clone()),
        at: Some(now),
        record: record.clone(),
    };
    // The commit stands: history that cannot be written now is completed by the next one.
    if let Err(failure) = keep(store, &kept).await {
        tracing::warn!(%failure, generation = record.generation, "history was not written");
    }
    Ok(version)
}

/// Marks the record as that of who has the lock now, in the same generation. A record that a former holder sent, and that
/// is still on its way, is of another version from then on and comes too late.
///
/// # Errors
/// Where that one has just arrived.
pub async fn fence(
    store: &dyn Store,
    lease: &Lease,
    (mut record, version): (Record, Version),
) -> Result<(Record, Version)> {
    check_writable(store, &record)?;
    record.fence = lease.fence;
    lease.check()?;
    let version = match store.put(KEY, encode(&record)?, Condition::Is(version)).await? {
        Put::Written(version) => version,
        Put::Conflict => own_write(store, &record).await?,
    };
    Ok((record, version))
}

/// After a conflict: an answer may have been lost, and the write be ours.
async fn own_write(store: &dyn Store, record: &Record) -> Result<Version> {
    match load(store).await? {
        Some((found, version)) if found == *record => Ok(version),
        found => {
            let by = found.map_or("it is not there any more".to_owned(), |(found, _)| {
                format!("it was last written by operation {} (generation {})", found.operation, found.generation)
            });
            Err(Failure::new(
                Kind::Partial,
                "the cluster's record was changed by another run in the middle of this one",
            )
            .because(by)
            .hint("`scaler status` shows what is so now"))
        }
    }
}

async fn keep(store: &dyn Store, kept: &Generation) -> Result<()> {
    // One that is there already is of the same generation, and there is only one of each.
    store.put(&history_key(kept.generation), encode(kept)?, Condition::Absent).await.map(drop)
}

/// Puts the generation into history that the store has now, if a death left it out.
async fn complete_history(store: &dyn Store, lease: &Lease, generation: u64) -> Result<()> {
    if store.get(&history_key(generation)).await?.is_some() {
        return Ok(());
    }
    let Some((record, _)) = load(store).await?.filter(|(record, _)| record.generation == generation) else {
        return Ok(());
    };
    let first = match store.get(&key(&record.operation, 1)).await? {
        Some(object) => Document::parse(&object.bytes).ok(),
        None => None,
    };
    let holder = first.as_ref().and_then(|first| match &first.entry {
        Entry::Started(start) => Some(start.holder.clone()),
        _ => None,
    });
    lease.check()?;
    let at = first.map(|first| first.at);
    let kept = Generation { format: FORMAT, generation, operation: record.operation.clone(), holder, at, record };
    keep(store, &kept).await
}

/// A document as it is stored.
pub fn encode<T: Serialize>(value: &T) -> Result<Bytes> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| Failure::failed("the record cannot be written as JSON").caused_by(&error))?;
    text.push(b'\n');
    Ok(Bytes::from(text))
}

#[cfg(test)]
mod tests;
