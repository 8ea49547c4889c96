//! The journal's runner: one dense sequence of entries an operation, each created once, by a writer that has seen all
//! before it.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::lease::Lease;
use super::lock;
use super::ports::{Clock, Condition, Put, Store};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::{Document, DocumentError, Entry, FORMAT, IllegalTransition, PartId, Status, folder, key};
use crate::model::names::OperationId;

/// How many entries are read side by side.
const AT_ONCE: usize = 16;

/// The journal of the running operation.
pub struct Journal {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    lease: Lease,
    operation: OperationId,
    /// What the entries that are certainly there come to; None before the first.
    status: Option<Status>,
    /// Entries for the next place that had no answer: any one of them may be there.
    doubtful: Vec<Document>,
}

impl Journal {
    /// Of a new operation, whose name nobody used before.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, lease: Lease, operation: OperationId) -> Journal {
        Journal { store, clock, lease, operation, status: None, doubtful: Vec::new() }
    }

    /// Of an operation that another run began: this one goes on behind its last entry.
    pub fn taken_over(store: Arc<dyn Store>, clock: Arc<dyn Clock>, lease: Lease, status: Status) -> Journal {
        let operation = status.operation().clone();
        Journal { store, clock, lease, operation, status: Some(status), doubtful: Vec::new() }
    }

    /// What was written so far comes to; None before the first entry.
    pub fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }

    /// Writes the next entry. What it speaks of may be done only when this has returned.
    ///
    /// After an error the entry may be there all the same; the next write finds out, and goes on behind it.
    pub async fn write(&mut self, entry: Entry) -> Result<()> {
        let mut late: Option<String> = None;
        loop {
            let document = self.next(entry.clone());
            let after = match (self.after(&document), &late) {
                (Ok(after), _) => after,
                (Err(illegal), None) => return Err(self.fault(&illegal)),
                (Err(illegal), Some(late)) => return Err(self.overtaken(late, &illegal)),
            };
            self.lease.check()?;
            let key = key(&self.operation, document.seq);
            let put = self.store.put(&key, Bytes::from(document.text()), Condition::Absent).await;
            match put {
                Ok(Put::Written(_)) => {
                    tracing::info!(operation = %self.operation, seq = document.seq, entry = document.entry.told(), "journal");
                    self.settle(after);
                    return Ok(());
                }
                Ok(Put::Conflict) => {}
                Err(failure) => {
                    let told = document.entry.told();
                    self.doubtful.push(document);
                    return Err(failure.context(format!("`{told}` could not be written to the journal")));
                }
            }
            let found = read(self.store.as_ref(), &key).await?;
            if found.nonce == document.nonce {
                self.settle(after);
                return Ok(());
            }
            match self.doubtful.iter().find(|earlier| earlier.nonce == found.nonce) {
                Some(earlier) => {
                    late = Some(earlier.entry.told());
                    let after = self.after(earlier).map_err(|illegal| self.fault(&illegal))?;
                    self.settle(after);
                }
                None => return Err(self.foreign(&found)),
            }
        }
    }

    /// Whether the part's point of no return is there, or may be: the store did not answer when it was written.
    pub fn may_be_past(&self, part: &PartId) -> bool {
        let passes =
            |document: &Document| matches!(&document.entry, Entry::PointOfNoReturn { part: of, .. } if of == part);
        let is_past = self.status.as_ref().and_then(|status| status.parts().get(part)).is_some_and(|part| part.past);
        is_past || self.doubtful.iter().any(passes)
    }

    fn next(&self, entry: Entry) -> Document {
        Document {
            format: FORMAT,
            operation: self.operation.clone(),
            seq: self.status.as_ref().map_or(0, Status::seq) + 1,
            fence: self.lease.fence,
            nonce: lock::nonce(self.clock.as_ref()),
            at: self.clock.now(),
            entry,
        }
    }

    fn after(&self, document: &Document) -> Result<Status, IllegalTransition> {
        match &self.status {
            None => Status::begin(document),
            Some(status) => {
                let mut status = status.clone();
                status.follow(document).map(|()| status)
            }
        }
    }

    fn settle(&mut self, status: Status) {
        self.status = Some(status);
        // They were all for the place that is taken now.
        self.doubtful.clear();
    }

    fn fault(&self, illegal: &IllegalTransition) -> Failure {
        Failure::failed(format!("operation {} is about to do what does not follow from what it did", self.operation))
            .because(illegal)
            .hint("this is a fault of scaler, and the step was not done; please report it with this text")
    }

    fn overtaken(&self, late: &str, illegal: &IllegalTransition) -> Failure {
        Failure::new(Kind::Partial, format!("`{late}` was written to the journal after all"))
            .because("the store took it and its answer was lost, so the operation went on without it")
            .because(illegal)
            .hint("`scaler status` shows what remains")
    }

    fn foreign(&self, found: &Document) -> Failure {
        Failure::new(Kind::Partial, format!("another run writes to the journal of operation {}", self.operation))
            .because(format!("its entry {}, `{}`, is not ours: the lock was lost", found.seq, found.entry.told()))
            .hint("`scaler status` shows what was done and who is at work")
    }
}

/// An operation's status by its journal; None if it wrote nothing.
pub async fn load(store: &dyn Store, operation: &OperationId) -> Result<Option<Status>> {
    let keys = store.list(&folder(operation)).await?;
    load_keys(store, operation, &keys).await
}

async fn load_keys(store: &dyn Store, operation: &OperationId, keys: &[String]) -> Result<Option<Status>> {
    let documents: Vec<Document> =
        stream::iter(keys.to_vec()).map(async |key| read(store, &key).await).buffered(AT_ONCE).try_collect().await?;
    Status::fold(&documents).map_err(|illegal: IllegalTransition| {
        Failure::failed(format!("the journal of operation {operation} in the store {} makes no sense", store.url()))
            .because(illegal)
            .hint("nothing was changed; an entry may have been removed or written by hand: the store's former versions tell")
    })
}

/// The status of an operation that has not ended; None if it has, or wrote nothing and so did nothing. Of one that ended,
/// only the last entry is read.
pub async fn open(store: &dyn Store, operation: &OperationId) -> Result<Option<Status>> {
    let keys = store.list(&folder(operation)).await?;
    let Some(last) = keys.last() else { return Ok(None) };
    if matches!(read(store, last).await?.entry, Entry::Finished { .. } | Entry::Superseded { .. }) {
        return Ok(None);
    }
    load_keys(store, operation, &keys).await
}

/// The operation that was begun, was not finished, and has nobody at work on it.
///
/// There is at most one, and the lock names it: an operation writes its first entry under the lock, the lock's
/// document names the operation until the next one has the lock, and nobody gets the lock while the operation that it
/// names is unfinished. So no other journal needs to be looked at.
pub async fn unfinished(store: &dyn Store) -> Result<Option<Status>> {
    match lock::look(store).await? {
        Some(found) if !found.is_live() => open(store, &found.lock.operation).await,
        _ => Ok(None),
    }
}

async fn read(store: &dyn Store, key: &str) -> Result<Document> {
    let what = || format!("the journal entry `{key}` of the store {} cannot be read", store.url());
    let Some(object) = store.get(key).await? else {
        return Err(Failure::failed(what()).because("it is not there, and was a moment ago").hint("try again"));
    };
    Document::parse(&object.bytes).map_err(|error| match error {
        DocumentError::Newer(_) => Failure::refused(what())
            .because(error)
            .hint("nothing was changed; use the version of scaler that this cluster is run with"),
        DocumentError::Broken(_) => Failure::failed(what())
            .because(error)
            .hint("nothing was changed; the store's former versions may have it whole"),
    })
}

#[cfg(test)]
mod tests;
