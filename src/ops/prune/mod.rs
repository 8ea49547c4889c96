//! The past of a cluster that its store need not keep any longer: generations, journals, and inputs that nothing refers to.

mod survey;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use super::interrupts::Interrupts;
use super::lease::Lease;
use super::lock::{self, Seeker};
use super::ports::{Clock, Ports, Store};
use super::record::history_key;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::names::OperationId;
use crate::model::retention::Keep;

pub use survey::{Journal, Scope, survey};

/// How many generations must be too many before an operation prunes: most then only list the keys of history.
const SLACK: usize = 20;

/// How many are deleted side by side.
const AT_ONCE: usize = 16;

/// About how many objects an operation deletes at most, and for how long it does that: nobody waits for it.
const AT_MOST: usize = 1000;
const PATIENCE: Duration = Duration::from_secs(20);

/// What can go, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Prunable {
    pub format: u32,
    pub store: String,
    pub keep: Keep,
    pub generations: Vec<u64>,
    pub journals: Vec<Journal>,
    /// Keys of inputs that nothing which stays refers to.
    pub inputs: Vec<String>,
    /// How many generations stay.
    pub left: usize,
    /// Whether they were deleted.
    pub pruned: bool,
}

impl Prunable {
    pub fn is_empty(&self) -> bool {
        self.generations.is_empty() && self.journals.is_empty() && self.inputs.is_empty()
    }

    /// Only what is in the other one too.
    fn only(&mut self, other: &Prunable) {
        self.generations.retain(|number| other.generations.contains(number));
        self.journals.retain(|journal| other.journals.iter().any(|one| one.operation == journal.operation));
        self.inputs.retain(|key| other.inputs.contains(key));
    }

    /// The objects in the order of their deletion; those of one group may go in any order. A generation goes after its
    /// journal, and a journal's end after all else of it, so that what a deletion leaves that was cut short can be told, and
    /// goes the next time.
    fn groups(&self) -> impl Iterator<Item = Vec<String>> {
        let journals = self.journals.iter().flat_map(|journal| {
            let (end, rest) = journal.keys.split_last().map_or((None, &[][..]), |(end, rest)| (Some(end), rest));
            [rest.to_vec(), end.cloned().into_iter().collect()]
        });
        let generations = self.generations.chunks(AT_ONCE).map(|few| few.iter().copied().map(history_key).collect());
        journals.chain(generations).chain(self.inputs.chunks(AT_ONCE).map(<[String]>::to_vec))
    }
}

/// Prunes what is usual under the lock of an operation that has committed. It is never a reason to fail.
pub async fn after_commit(ports: &Ports, lease: &Lease) {
    let work = async {
        let found = survey(ports.store.as_ref(), Keep::USUAL, ports.clock.now(), Scope::AtLeast(SLACK)).await?;
        delete(ports.store.as_ref(), lease, &found, AT_MOST, &Interrupts::never()).await
    };
    tokio::select! {
        biased;
        done = work => match done {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "history was pruned"),
            Err(failure) => tracing::warn!(%failure, "history was not pruned"),
        },
        () = ports.clock.sleep(PATIENCE) => tracing::warn!("history was not pruned in time; the next operation goes on"),
    }
}

/// Deletes under the cluster's lock what was shown, as far as it still can go.
pub async fn prune(seeker: Seeker, shown: Prunable) -> Result<Prunable> {
    let (store, clock, progress): (Arc<dyn Store>, Arc<dyn Clock>, _) =
        (seeker.store.clone(), seeker.clock.clone(), seeker.progress.clone());
    let interrupts = seeker.interrupts.clone();
    let operation = OperationId::new(clock.now(), clock.random());
    let held = lock::acquire(seeker, operation).await?;
    let done = async {
        let mut now = survey(store.as_ref(), shown.keep, clock.now(), Scope::All).await?;
        now.only(&shown);
        delete(store.as_ref(), &held.lease(), &now, usize::MAX, &interrupts).await?;
        Ok(Prunable { pruned: true, ..now })
    }
    .await;
    held.give_back(progress.as_ref()).await;
    done
}

/// Returns how many objects were deleted.
async fn delete(
    store: &dyn Store,
    lease: &Lease,
    prunable: &Prunable,
    at_most: usize,
    interrupts: &Interrupts,
) -> Result<usize> {
    let mut count = 0;
    for group in prunable.groups() {
        if count >= at_most {
            break;
        }
        if interrupts.count() > 0 {
            return Err(Failure::new(Kind::Interrupted, format!("interrupted after {count} objects were deleted"))
                .hint("what is left stays; run it again to go on"));
        }
        lease.check()?;
        let size = group.len();
        stream::iter(group)
            .map(|key| async move { store.delete(&key).await })
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        count += size;
    }
    Ok(count)
}
