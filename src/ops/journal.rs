//! The journal's runner: one dense sequence of entries an operation, each created once by a writer that has seen all
//! before it.

use std::sync::Arc;

use bytes::Bytes;

use super::lease::Lease;
use super::lock;
use super::ports::{Clock, Condition, Put, Store};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::{Document, Entry, FORMAT, Start, folder, key};
use crate::model::names::OperationId;

/// The journal of the running operation.
pub struct Journal {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    lease: Lease,
    operation: OperationId,
    next: u64,
}

impl Journal {
    /// Begins the journal of a new operation.
    pub async fn begin(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        lease: Lease,
        operation: OperationId,
    ) -> Result<Journal> {
        Ok(Journal { store, clock, lease, operation, next: 1 })
    }

    /// Writes the next entry. What it speaks of may be done only when this has returned.
    pub async fn write(&mut self, entry: Entry) -> Result<()> {
        self.lease.check()?;
        let document = Document {
            format: FORMAT,
            operation: self.operation.clone(),
            seq: self.next,
            fence: self.lease.fence,
            nonce: format!("{:016x}{:016x}", self.clock.random(), self.clock.random()),
            at: self.clock.now(),
            entry,
        };
        let text = serde_json::to_vec_pretty(&document)
            .map_err(|error| Failure::failed("a journal entry cannot be written as JSON").caused_by(&error))?;
        let key = key(&self.operation, self.next);
        if self.store.put(&key, Bytes::from(text), Condition::Absent).await? == Put::Conflict {
            self.recognise(&key, &document).await?;
        }
        self.next += 1;
        Ok(())
    }

    /// After a conflict: an answer may have been lost, and the entry be ours.
    async fn recognise(&self, key: &str, ours: &Document) -> Result<()> {
        let found = read(self.store.as_ref(), key).await?;
        match found {
            Some(found) if found.nonce == ours.nonce => Ok(()),
            _ => Err(Failure::new(Kind::Partial, format!("another run writes to the journal of operation {}", ours.operation))
                .because(format!("entry {} is not ours: the lock was lost", ours.seq))
                .hint("`scaler status` shows who is at work")),
        }
    }
}

async fn read(store: &dyn Store, key: &str) -> Result<Option<Document>> {
    let Some(object) = store.get(key).await? else { return Ok(None) };
    serde_json::from_slice(&object.bytes).map(Some).map_err(|error| {
        Failure::failed(format!("the journal entry {key} cannot be read"))
            .because(error)
            .hint("it may have been written by a newer scaler; use that one")
    })
}

/// An operation that began and did not end.
#[derive(Debug, Clone, PartialEq)]
pub struct Unfinished {
    pub start: Start,
    pub operation: OperationId,
    pub last: Document,
}

impl Unfinished {
    pub fn operation(&self) -> &OperationId {
        &self.operation
    }

    /// Who ran it, when it last did something, and what that was.
    pub fn told(&self) -> String {
        let holder = &self.start.holder;
        let step = serde_json::to_value(&self.last.entry).ok();
        let step = step.as_ref().and_then(|entry| entry["kind"].as_str()).unwrap_or("unknown").replace('-', " ");
        format!(
            "operation {} of {} on {} (pid {}, `{}`) ended in the middle; its last journal entry, number {}, is \"{step}\", of {}",
            self.operation, holder.user, holder.host, holder.pid, holder.command, self.last.seq, self.last.at
        )
    }
}

/// The operation that was not finished. The lock names the last operation that held it, and one begins only when the
/// one before has ended, so there is at most one, and no other journal needs to be read.
pub async fn unfinished(store: &dyn Store) -> Result<Option<Unfinished>> {
    let Some(lock) = lock::look(store).await? else { return Ok(None) };
    if lock.is_live() {
        // Its holder is at work.
        return Ok(None);
    }
    let operation = lock.lock.operation;
    let keys = store.list(&folder(&operation)).await?;
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Ok(None) };
    let (Some(first), Some(last)) = (read(store, first).await?, read(store, last).await?) else { return Ok(None) };
    match (first.entry, &last.entry) {
        (_, Entry::Finished { .. }) => Ok(None),
        (Entry::Started(start), _) => Ok(Some(Unfinished { start: *start, operation, last })),
        _ => Err(Failure::failed(format!("the journal of operation {operation} does not begin with its start"))
            .hint("nothing was changed; bring its first entry back from the store's former versions")),
    }
}
