//! The record in the store: read as it is, changed by compare-and-swap alone.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::lease::Lease;
use super::ports::{Condition, Put, Store, Version};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::lock::Holder;
use crate::model::names::OperationId;
use crate::model::record::{FORMAT, Format, Record};

/// The record's key.
pub const KEY: &str = "cluster.json";

/// One generation as history keeps it. Written before the commit of the same number: a run that dies between the two
/// leaves an entry that no record points at, which its operation's name tells from the one that was committed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Generation {
    pub format: Format,
    pub generation: u64,
    pub operation: OperationId,
    pub holder: Holder,
    /// By the writer's clock; for people.
    pub at: jiff::Timestamp,
    pub record: Record,
}

/// The key of a generation, as one operation wrote it. Padded, so that keys sort as numbers do.
pub fn history_key(generation: u64, operation: &OperationId) -> String {
    format!("history/{generation:08}-{operation}.json")
}

/// The record and the version it was read at; None if there is none yet.
pub async fn load(store: &dyn Store) -> Result<Option<(Record, Version)>> {
    let Some(object) = store.get(KEY).await? else { return Ok(None) };
    let record = decode(&object.bytes, &format!("{}/{KEY}", store.url()))?;
    Ok(Some((record, object.version)))
}

/// Reads a record; `whence` names it in errors. One of a newer major format is refused, so that nothing of it is lost.
pub fn decode(bytes: &[u8], whence: &str) -> Result<Record> {
    #[derive(Deserialize)]
    struct Head {
        format: Format,
    }
    let broken = |error: serde_json::Error| {
        Failure::failed(format!("the record {whence} cannot be read"))
            .because(error)
            .hint("the store's versioning, and the folder history/ beside it, have the former ones")
    };
    let head: Head = serde_json::from_slice(bytes).map_err(broken)?;
    if head.format.major > FORMAT.major {
        return Err(Failure::refused(format!("the record {whence} was written by a newer scaler"))
            .because(format!("its format is {}.{}, and this one knows {}", head.format.major, head.format.minor, FORMAT.major))
            .hint("nothing was changed; use a newer scaler for this cluster"));
    }
    serde_json::from_slice(bytes).map_err(broken)
}

/// Writes the record, if the store still has `base` (None: nothing), and keeps it as history.
pub async fn commit(
    store: &dyn Store,
    lease: &Lease,
    record: &Record,
    base: Option<Version>,
    holder: &Holder,
    now: jiff::Timestamp,
) -> Result<Version> {
    let kept = Generation {
        format: FORMAT,
        generation: record.generation,
        operation: record.operation.clone(),
        holder: holder.clone(),
        at: now,
        record: record.clone(),
    };
    lease.check()?;
    // Its name is this operation's own: if it is there already, this run wrote it.
    store.put(&history_key(record.generation, &record.operation), encode(&kept)?, Condition::Absent).await?;
    let condition = base.map_or(Condition::Absent, Condition::Is);
    lease.check()?;
    match store.put(KEY, encode(record)?, condition).await? {
        Put::Written(version) => Ok(version),
        Put::Conflict => own_write(store, record).await,
    }
}

/// After a conflict: an answer may have been lost, and the write be ours.
async fn own_write(store: &dyn Store, record: &Record) -> Result<Version> {
    match load(store).await? {
        Some((found, version)) if found == *record => Ok(version),
        found => {
            let by = found.map_or("nobody".to_owned(), |(found, _)| {
                format!("operation {} (generation {})", found.operation, found.generation)
            });
            Err(Failure::new(Kind::Partial, "the record was changed by another run in the middle of this operation")
                .because(format!("it was last written by {by}"))
                .hint("`scaler status` shows what is so now"))
        }
    }
}

fn encode<T: Serialize>(value: &T) -> Result<Bytes> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| Failure::failed("the record cannot be written as JSON").caused_by(&error))?;
    text.push(b'\n');
    Ok(Bytes::from(text))
}
