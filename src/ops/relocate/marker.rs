//! What says how far a move has come: in the new store that one has begun, in the old one that the cluster is gone.

use serde::{Deserialize, Serialize};

use super::copy;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::lock::{self, Lock, LockState, TERM};
use crate::model::names::OperationId;
use crate::model::record::{FORMAT, Format, Record};
use crate::ops::lease::Lease;
use crate::ops::lock::nonce;
use crate::ops::ports::{Clock, Condition, Object, Put, Store, Version};
use crate::ops::{proof, record};

/// Which cluster is on its way, and from where. It is there as long as the new store is not in force.
const BEGUN: &str = "moving/from.json";

/// The record, beside its place: with it in its place the new store would be in force.
const STAGED: &str = "moving/cluster.json";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    format: Format,
    cluster_id: String,
    from: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    Empty,
    /// A move of this cluster from this store was cut short.
    Begun,
    /// The cluster is in force there.
    Done,
}

/// How the new store stands. One that has anything else is refused.
pub async fn look(to: &dyn Store, record: &Record, from: &str) -> Result<Destination> {
    let keys = to.list("").await?;
    let Some(first) = keys.iter().find(|key| !proof::is_trials(key)) else { return Ok(Destination::Empty) };
    if let Some(object) = to.get(BEGUN).await? {
        let begun: Begun = record::decode_as(&object.bytes, &format!("{}/{BEGUN}", to.url()))?;
        return match begun.cluster_id == record.cluster_id && begun.from == from {
            true => Ok(Destination::Begun),
            false => Err(not_empty(to, BEGUN).because(format!("a cluster is on its way there from {}", begun.from))),
        };
    }
    match record::load_any(to).await? {
        Some((there, _)) if there.cluster_id == record.cluster_id => Ok(Destination::Done),
        _ => Err(not_empty(to, first)),
    }
}

pub fn not_empty(to: &dyn Store, key: &str) -> Failure {
    Failure::refused(format!("{} is not empty", to.url()))
        .because(format!("`{key}` is there"))
        .hint("nothing was changed; move to a folder of the bucket that nobody uses")
}

/// The new store, before it is in force.
pub struct Stage<'a> {
    pub to: &'a dyn Store,
    pub lease: &'a Lease,
}

impl Stage<'_> {
    /// Takes the new store for this move.
    pub async fn begin(&self, record: &Record, from: &str) -> Result<()> {
        let begun = Begun { format: FORMAT, cluster_id: record.cluster_id.clone(), from: from.to_owned() };
        self.put(BEGUN, record::encode(&begun)?).await
    }

    /// The record as it is in the old store, to the byte.
    pub async fn put_record(&self, from: &dyn Store) -> Result<()> {
        let object = from.get(record::KEY).await?;
        let object = object.ok_or_else(|| Failure::failed(format!("the record went from {}", from.url())))?;
        self.put(STAGED, object.bytes).await
    }

    /// A lock that nobody holds, with the number of the old one: the next holder's is higher.
    pub async fn put_lock(&self, operation: &OperationId, clock: &dyn Clock) -> Result<()> {
        let lock = Lock {
            format: lock::FORMAT,
            state: LockState::Released,
            holder: self.lease.holder.clone(),
            operation: operation.clone(),
            fence: self.lease.fence,
            nonce: nonce(clock),
            acquired: clock.now(),
            term_seconds: TERM.as_secs(),
            left_behind: false,
        };
        self.put(lock::KEY, lock.text().into()).await
    }

    /// Puts the record into its place, and with that the store into force.
    pub async fn enforce(&self) -> Result<()> {
        if let Some(staged) = self.to.get(STAGED).await? {
            self.lease.check()?;
            match self.to.put(record::KEY, staged.bytes.clone(), Condition::Absent).await? {
                Put::Written(_) => copy::same(self.to, record::KEY, &staged).await?,
                // This very write, sent twice; or an earlier run died right behind it, and others have worked since.
                Put::Conflict => {
                    record::load_any(self.to).await?;
                }
            }
        }
        self.to.delete(STAGED).await?;
        self.to.delete(BEGUN).await
    }

    async fn put(&self, key: &str, bytes: bytes::Bytes) -> Result<()> {
        self.lease.check()?;
        let wanted = Object { bytes, version: Version(String::new()), age: None };
        copy::put(self.to, key, &wanted).await?;
        copy::same(self.to, key, &wanted).await
    }
}

/// Marks the old record as moved, if it is still the one that was copied.
pub async fn mark(from: &dyn Store, lease: &Lease, record: Record, version: Version, url: &str) -> Result<()> {
    let marked = Record { format: FORMAT, moved_to: Some(url.to_owned()), ..record };
    lease.check()?;
    let put = from.put(record::KEY, record::encode(&marked)?, Condition::Is(version)).await;
    if let Ok(Put::Written(_)) = put {
        return Ok(());
    }
    // Its answer may have been lost, or it was sent twice below us.
    match (record::load_any(from).await, put) {
        (Ok(Some((found, _))), _) if found == marked => Ok(()),
        (_, Err(failure)) => Err(failure.context("the old store could not be marked as moved").hint("run this again")),
        _ => Err(Failure::new(Kind::Partial, "the record was changed by another run while the store was copied")
            .because("the cluster's lock was lost")
            .hint("the old store is in force as before; run this again")),
    }
}
