//! Undoing what an operation left that was cut off: part by part, where the point of no return was not reached.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Mutex;

use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::{Act, Entry, Outcome, PartId, Status};
use crate::model::names::{NodeName, OperationId};
use crate::model::record::Record;
use crate::ops::drain::Victim;
use crate::ops::interrupts::Interrupts;
use crate::ops::journal::{self, Journal};
use crate::ops::lease::Lease;
use crate::ops::lock::Seeker;
use crate::ops::ports::{Kubernetes, Ports};
use crate::ops::task::Task;
use crate::ops::{identity, lock, place, record};

use super::give_back::{give_back, still_cordoned};
use super::witness::Drains;

/// What an abort came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Aborted {
    pub operation: OperationId,
    /// How the operation ended; None if parts that are past their point of no return are still to be finished.
    pub outcome: Option<Outcome>,
    /// The parts that were undone.
    pub undone: Vec<PartId>,
    /// Nodes that are as they were before the operation.
    pub given_back: Vec<NodeName>,
    /// What is left to be finished.
    pub left: Vec<String>,
}

/// Whether an operation can be undone, at least in part. The error says why not.
pub fn check(status: &Status) -> Result<()> {
    if !status.undoable().is_empty() || status.ending().is_ok() {
        return Ok(());
    }
    let past: Vec<String> = status.past().iter().map(PartId::to_string).collect();
    Err(Failure::refused(format!("operation {} cannot be undone any more", status.operation()))
        .because(format!("past the point of no return: {}", past.join(", ")))
        .because(status.told())
        .hint("what is past that point can only be finished, and that (`scaler resume`) is not there yet")
        .hint("`scaler status` shows what it left"))
}

/// Takes the unfinished operation over, puts back what it had changed, and ends it. None if nothing is unfinished.
pub async fn abort(ports: &Ports, task: &Task, interrupts: Interrupts) -> Result<Option<Aborted>> {
    let taken = lock::take_over(Seeker::of(ports, task, interrupts.clone())).await?;
    let Some((held, operation)) = taken else { return Ok(None) };
    let done = match journal::open(ports.store.as_ref(), &operation).await {
        Ok(Some(status)) => under_lock(ports, task, held.lease(), status, interrupts).await.map(Some),
        // Its run did nothing before it died: there is only its lock to give back.
        Ok(None) => Ok(None),
        Err(failure) => Err(failure),
    };
    held.give_back(ports.progress.as_ref()).await;
    done
}

async fn under_lock(
    ports: &Ports,
    task: &Task,
    lease: Lease,
    status: Status,
    interrupts: Interrupts,
) -> Result<Aborted> {
    check(&status)?;
    let stored = record::load(ports.store.as_ref()).await?;
    if let Some((record, _)) = &stored {
        place::check(record, &ports.cloud.place().await?)?;
    }
    let undoable = status.undoable();
    let cordoned = undoable.iter().any(|part| status.cordoned(part).next().is_some());
    let kubernetes = match cordoned {
        true => Some(reach(ports, stored.as_ref().map(|(record, _)| record)).await?),
        false => None,
    };
    let operation = status.operation().clone();
    let why = format!("aborted by {} on {}", task.holder.user, task.holder.host);
    let began = status.clone();
    let journal = Journal::taken_over(ports.store.clone(), ports.clock.clone(), lease.clone(), status);
    let journal = Arc::new(Mutex::new(journal));
    let note = async |entry: Entry| journal.lock().await.write(entry).await;
    note(Entry::TakenOver { holder: task.holder.clone() }).await?;
    let drains = kubernetes.map(|kubernetes| {
        let (rules, operation) = (task.file.drain.clone(), operation.clone());
        Drains::for_giving_back(ports, kubernetes, lease.clone(), interrupts, journal.clone(), rules, operation)
    });
    let (mut given_back, mut left) = (Vec::new(), Vec::new());
    for part in &undoable {
        note(Entry::UndoBegan { part: part.clone(), why: why.clone() }).await?;
        let Some(drains) = &drains else { continue };
        let victims: Vec<Victim> = began
            .cordoned(part)
            .map(|(node, cordon)| Victim { node: node.to_string(), uid: cordon.uid.clone() })
            .collect();
        let given = give_back(drains, &victims, note).await;
        if let Some(unwritten) = given.unwritten {
            return Err(unwritten);
        }
        given_back.extend(given.back.into_iter().map(NodeName::from_text));
        left.extend(given.left);
    }
    if !left.is_empty() {
        return Err(still_cordoned(left).hint("run scaler abort again when the cluster answers"));
    }
    if let Some((mut record, version)) = stored {
        retire_names(&mut record, &began);
        record.generation += 1;
        record.operation = operation.clone();
        record.fence = lease.fence;
        let now = ports.clock.now();
        record::commit(ports.store.as_ref(), &lease, &record, Some(version), &task.holder, now).await?;
        note(Entry::Committed { generation: record.generation }).await?;
    }
    let ending = journal.lock().await.status().map(Status::ending);
    let (outcome, left) = match ending {
        Some(Ok(outcome)) => {
            note(Entry::Finished { outcome }).await?;
            (Some(outcome), Vec::new())
        }
        Some(Err(left)) => (None, left),
        None => (None, Vec::new()),
    };
    Ok(Aborted { operation, outcome, undone: undoable, given_back, left })
}

/// The way to the record's cluster: nodes are to be given back there.
async fn reach(ports: &Ports, record: Option<&Record>) -> Result<Arc<dyn Kubernetes>> {
    let kubernetes = ports.kubernetes.clone().map_err(|failure| {
        Failure::new(Kind::Refused, "the cluster cannot be reached, and nodes of it are to be given back")
            .because(failure)
            .hint("nothing was changed; `scaler doctor` looks at the way to the cluster")
    })?;
    if let Some(uid) = record.and_then(|record| record.kube_system_uid.as_ref()) {
        identity::same(kubernetes.as_ref(), uid).await?;
    }
    Ok(kubernetes)
}

/// Names that the operation had planned are used up, whether or not it came to use them.
fn retire_names(record: &mut Record, status: &Status) {
    for part in status.start().parts.iter().filter(|part| part.id.act == Act::Make) {
        let Some(pool) = part.id.stack.pool() else { continue };
        let highest = part.additions.keys().filter_map(NodeName::number).max();
        if let Some(number) = highest {
            let pool = record.pools.entry(pool.to_owned()).or_default();
            pool.next_number = pool.next_number.max(number + 1);
        }
    }
}
