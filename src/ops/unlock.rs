//! Who holds a cluster's lock, and freeing one that was left behind.

use serde::Serialize;

use super::lock::{Freer, LeftBehind, Seen};
use super::locked_states::{self, Locked};
use super::{journal, lock};
use crate::model::failure::{Failure, Result};
use crate::model::journal::Status;
use crate::model::lock::Lock;

/// What is known of the lock, and what was done about it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub format: u32,
    pub store: String,
    pub standing: Standing,
    /// As it lay in the store. None: there was no operation yet.
    pub lock: Option<Lock>,
    /// Since it was last renewed, where that is known.
    pub silent_seconds: Option<u64>,
    /// What the lock's operation left to be finished or undone.
    pub unfinished: Option<Unfinished>,
    /// Terraform's own locks on the states. They are reported, never removed here.
    pub terraform_locks: Vec<Locked>,
    /// The fencing number with which the lock was freed; None if it was not.
    pub freed: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Free,
    Live,
    LeftBehind,
}

#[derive(Debug, Serialize)]
pub struct Unfinished {
    pub operation: String,
    pub told: String,
}

/// The report, and what can be done: to free the lock, or why that is refused.
pub struct Looked {
    pub report: Report,
    /// None where nobody holds the lock.
    pub next: Option<Result<LeftBehind>>,
}

/// Looks at the lock and at what was done under it. Changes nothing.
pub async fn look(freer: &Freer) -> Result<Looked> {
    let (standing, lock, silent, next) = match freer.see().await? {
        Seen::Free(lock) => (Standing::Free, lock, None, None),
        Seen::Live(found) => {
            let refusal = lock::held(&found, freer.clock.now());
            (Standing::Live, Some(found.lock), found.age, Some(Err(refusal)))
        }
        Seen::LeftBehind(left) => (Standing::LeftBehind, Some(left.lock.clone()), Some(left.silent), Some(Ok(left))),
    };
    let store = freer.store.as_ref();
    let unfinished: Option<Status> = match &lock {
        Some(lock) => journal::open(store, &lock.operation).await?,
        None => None,
    };
    let report = Report {
        format: 1,
        store: store.url(),
        standing,
        terraform_locks: locked_states::found(store, unfinished.as_ref()).await?,
        lock,
        silent_seconds: silent.map(|silent| silent.as_secs()),
        unfinished: unfinished
            .map(|status| Unfinished { operation: status.operation().to_string(), told: status.told() }),
        freed: None,
    };
    Ok(Looked { report, next })
}

/// Frees the lock. An operation that is not finished stays so: the next command that changes the cluster settles it, or
/// `abort` undoes it.
pub async fn free(freer: &Freer, left: LeftBehind, mut report: Report) -> Result<Report, Failure> {
    report.freed = Some(freer.free(left).await?.fence);
    Ok(report)
}
