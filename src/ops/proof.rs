//! Whether a store keeps its conditions: tried before anything relies on it.
//!
//! Lock, journal and record are safe only where a create-only write and a compare-and-swap are refused when they must
//! be. There are servers, and gateways before them, that take such a write and ignore its condition. So an operation's
//! first write to a store, that of the lock, comes after a trial on an object of its own.
//!
//! That a store passed is remembered in the store itself, because every machine that works on the cluster comes there
//! and has nothing else in common. The note is bound to the address under which the store was reached: a store copied
//! to another place, or reached by another way, is tried anew.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ports::{Clock, Condition, Put, Store, Version};
use crate::model::failure::{Failure, Kind, Result};

/// The format of the note.
const FORMAT: u32 = 1;

/// Where trials and notes lie.
const FOLDER: &str = "probe";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    format: u32,
    /// The store's address at that time.
    address: String,
    /// By the clock of who tried; for people only.
    proven: jiff::Timestamp,
}

/// Whether a key is of a trial or a note: a store that has no others is empty.
pub fn is_trials(key: &str) -> bool {
    key.strip_prefix(FOLDER).is_some_and(|rest| rest.starts_with('/'))
}

/// Tries the store unless it was proven before.
pub async fn assure(store: &dyn Store, clock: &dyn Clock) -> Result<()> {
    if is_proven(store).await? {
        return Ok(());
    }
    attempt(store, clock).await.map(drop)
}

/// Whether the store passed before, under the same address.
pub async fn is_proven(store: &dyn Store) -> Result<bool> {
    let Some(object) = store.get(&note_key(store)).await? else { return Ok(false) };
    let note = serde_json::from_slice::<Note>(&object.bytes);
    Ok(note.is_ok_and(|note| note.format == FORMAT && note.address == store.address()))
}

/// What is left of a trial that the store passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leftover {
    Nothing,
    /// Its object, which could not be removed: why. It harms nobody.
    Object(String),
}

/// Tries the store, and notes that it passed. Refused if it does not keep conditions.
pub async fn attempt(store: &dyn Store, clock: &dyn Clock) -> Result<Leftover> {
    let key = format!("{FOLDER}/{:016x}", clock.random());
    let tried = try_conditions(store, &key).await;
    let removed = store.delete(&key).await;
    if let Err(failure) = tried {
        // Whatever it was before: nobody shall believe in it now.
        let _ = store.delete(&note_key(store)).await;
        return Err(failure);
    }
    let note = Note { format: FORMAT, address: store.address(), proven: clock.now() };
    let text = serde_json::to_vec_pretty(&note).expect("numbers and text are all JSON");
    // A conflict: somebody else has noted the same. One that is not this note any more is replaced by none: then the
    // store is tried each time, which costs a second and no safety.
    store.put(&note_key(store), Bytes::from(text), Condition::Absent).await?;
    Ok(match removed {
        Ok(()) => Leftover::Nothing,
        Err(failure) => Leftover::Object(failure.to_string()),
    })
}

fn note_key(store: &dyn Store) -> String {
    format!("{FOLDER}/proven-{}.json", &hex::encode(Sha256::digest(store.address()))[..16])
}

async fn try_conditions(store: &dyn Store, key: &str) -> Result<()> {
    let trial = Trial { store, key };
    trial.must_write("1", Condition::Absent, "it says that an object is there which is not").await?;
    trial.must_refuse("2", Condition::Absent, "it made an object that was there already").await?;
    let first = trial.version("1", "it made an object that was there already").await?;
    trial.must_write("3", Condition::Is(first.clone()), "it refused a write whose condition held").await?;
    trial.must_refuse("4", Condition::Is(first), "it replaced an object that had changed").await?;
    trial.version("3", "it replaced an object that had changed").await.map(drop)
}

/// An object of the trial's own.
struct Trial<'a> {
    store: &'a dyn Store,
    key: &'a str,
}

impl Trial<'_> {
    async fn put(&self, text: &'static str, condition: Condition) -> Result<Put> {
        self.store.put(self.key, Bytes::from_static(text.as_bytes()), condition).await
    }

    /// A conflict may be with this very write, sent twice below us.
    async fn must_write(&self, text: &'static str, condition: Condition, broken: &str) -> Result<()> {
        match self.put(text, condition).await? {
            Put::Written(_) => Ok(()),
            Put::Conflict => self.version(text, broken).await.map(drop),
        }
    }

    async fn must_refuse(&self, text: &'static str, condition: Condition, broken: &str) -> Result<()> {
        match self.put(text, condition).await? {
            Put::Conflict => Ok(()),
            Put::Written(_) => Err(self.broken(broken)),
        }
    }

    /// The version of the object, which must have this text.
    async fn version(&self, text: &str, broken: &str) -> Result<Version> {
        match self.store.get(self.key).await? {
            Some(object) if object.bytes == text => Ok(object.version),
            _ => Err(self.broken(broken)),
        }
    }

    fn broken(&self, what: &str) -> Failure {
        Failure::new(Kind::Refused, format!("the store {} does not keep conditions: {what}", self.store.address()))
            .because("two runs could change the cluster at once, and neither would know")
            .hint("use a store that honours If-None-Match and If-Match on writes, such as S3 or Azure Blob Storage itself")
            .hint("look for a gateway or proxy before it that leaves these headers out")
    }
}

#[cfg(test)]
mod tests;
