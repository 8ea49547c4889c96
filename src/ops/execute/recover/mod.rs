//! Settling an operation that was cut off, part by part: undone before its point of no return, finished after it.
//!
//! It goes by the journal and its inputs, and by what is there now: Terraform's states, the cloud's machines with the
//! cluster's id, the cluster's Nodes. All of it may be cut off again at any place, and be repeated by the next run.

mod adopt;
mod finish;
mod give_up;
mod plan;
mod remove;
mod undo;

use serde::Serialize;

use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::{Entry, Outcome, PartId, Status};
use crate::model::names::{NodeName, OperationId};
use crate::model::record::{Record, Source, WentBack};
use crate::ops::interrupts::Interrupts;
use crate::ops::journal::{self, Journal};
use crate::ops::lease::Lease;
use crate::ops::lock::Seeker;
use crate::ops::ports::{Ports, Version};
use crate::ops::task::Task;
use crate::ops::{lock, place, record, stacks, start, state_backup, state_lock};

use super::provision::boot;
use super::session::Session;

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Every part is settled.
    Settle,
    /// What can be undone is undone; what is past its point of no return stays as it is.
    Undo,
    /// Nobody goes on with it, because the whole cluster is to be destroyed. What it made is taken in, so that it goes too.
    Supersede,
}

/// What settling an operation came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settled {
    pub operation: OperationId,
    /// How the operation ended; None if something of it is still to be finished.
    pub outcome: Option<Outcome>,
    /// The parts that were undone.
    pub undone: Vec<PartId>,
    /// The parts that were finished.
    pub finished: Vec<PartId>,
    /// Nodes that are as they were before the operation.
    pub given_back: Vec<NodeName>,
    /// New nodes that the operation made, by itself or now.
    pub added: Vec<NodeName>,
    /// Those of them whose machine no state had, and which were imported.
    pub adopted: Vec<NodeName>,
    pub removed: Vec<NodeName>,
    /// What is left to be finished, or stands against it.
    pub left: Vec<String>,
}

impl Settled {
    fn of(operation: &OperationId) -> Settled {
        Settled {
            operation: operation.clone(),
            outcome: None,
            undone: Vec::new(),
            finished: Vec::new(),
            given_back: Vec::new(),
            added: Vec::new(),
            adopted: Vec::new(),
            removed: Vec::new(),
            left: Vec::new(),
        }
    }
}

/// Whether an operation can be undone, at least in part. The error says why not.
pub fn undoable(status: &Status) -> Result<()> {
    if !status.undoable().is_empty() || status.ending().is_ok() {
        return Ok(());
    }
    let past: Vec<String> = status.past().iter().map(PartId::to_string).collect();
    Err(Failure::refused(format!("operation {} cannot be undone any more", status.operation()))
        .because(format!("past the point of no return: {}", past.join(", ")))
        .because(status.told())
        .hint("what is past that point is finished by `scaler resume`"))
}

/// The cluster file that an operation goes by. A task to settle it with is made from this.
pub async fn inputs(ports: &Ports, status: &Status) -> Result<Source> {
    start::kept(ports.store.as_ref(), &status.start().inputs).await
}

/// Takes the unfinished operation over, settles it, and ends it. None if nothing is unfinished.
///
/// `task` goes by the operation's own [`inputs`]; refused if it does not, and something is to be finished.
pub async fn settle(ports: &Ports, task: &Task, goal: Goal, interrupts: Interrupts) -> Result<Option<Settled>> {
    let taken = lock::take_over(Seeker::of(ports, task, interrupts.clone())).await?;
    let Some((held, operation)) = taken else { return Ok(None) };
    let done = match journal::open(ports.store.as_ref(), &operation).await {
        Ok(Some(status)) => under_lock(ports, task, goal, held.lease(), status, interrupts).await.map(Some),
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
    goal: Goal,
    lease: Lease,
    began: Status,
    interrupts: Interrupts,
) -> Result<Settled> {
    if goal == Goal::Undo {
        undoable(&began)?;
    }
    if goal == Goal::Supersede {
        return give_up::give_up(ports, task, lease, began, interrupts).await;
    }
    let stored = stored(ports, &began).await?;
    if let Some((record, _)) = &stored {
        may_change(ports, record).await?;
    }
    let finishes = goal == Goal::Settle && !began.past().is_empty();
    if finishes {
        can_finish(ports, task, &began, stored.as_ref().map(|(record, _)| record)).await?;
    }
    let kubernetes = undo::reach(ports, &began, finishes, stored.as_ref().map(|(record, _)| record)).await?;
    let (journal, stored) = take_over(ports, task, &lease, &began, stored).await?;
    let operation = began.operation().clone();
    let mut settled = Settled::of(&operation);
    let Some((record, version)) = stored else {
        return nothing_recorded(journal, &began, settled).await;
    };
    let plan = plan::of(&began, &record, &task.source);
    let former = Some(record.source.clone());
    let mut session = Session::new(ports, task, &plan, operation, lease, interrupts, journal, former, record);
    session.revoke_tokens().await?;
    session.withdraw(|_| true).await?;
    boot::sweep(&session.ports, &session.lease).await?;
    let given = session.undo_parts(&began, kubernetes, &mut settled).await?;
    if goal == Goal::Settle {
        session.finish_parts(&began, &mut settled).await?;
    }
    session.end(&began, version, given, settled).await
}

/// The record, with what the operation came to know before it was cut off.
async fn stored(ports: &Ports, began: &Status) -> Result<Option<(Record, Version)>> {
    let mut stored = record::load(ports.store.as_ref()).await?;
    if let Some((record, _)) = &mut stored
        && record.kube_system_uid.is_none()
    {
        record.kube_system_uid = began.cluster().map(str::to_owned);
    }
    Ok(stored)
}

/// Whether the record may be written, and speaks of machines of the place that this login reaches.
async fn may_change(ports: &Ports, record: &Record) -> Result<()> {
    record::check_writable(ports.store.as_ref(), record)?;
    place::check(record, &ports.cloud.place().await?)
}

/// The dead run's journal goes on as this run's, what it may still have on its way comes too late, and what its Terraform
/// left locked or half-written is as it was.
async fn take_over(
    ports: &Ports,
    task: &Task,
    lease: &Lease,
    began: &Status,
    stored: Option<(Record, Version)>,
) -> Result<(Journal, Option<(Record, Version)>)> {
    let stored = match stored {
        Some(stored) => Some(record::fence(ports.store.as_ref(), lease, stored).await?),
        None => None,
    };
    let serials = stored.as_ref().map(|(record, _)| record.stacks.clone()).unwrap_or_default();
    let mut journal = Journal::taken_over(ports.store.clone(), ports.clock.clone(), lease.clone(), began.clone());
    journal.write(Entry::TakenOver { holder: task.holder.clone() }).await?;
    state_lock::remove_left_over(ports, lease, began).await?;
    state_backup::bring_back(ports, lease, began, &serials).await?;
    Ok((journal, stored))
}

/// Its run died before the first record: nothing was made that could be left.
async fn nothing_recorded(mut journal: Journal, began: &Status, mut settled: Settled) -> Result<Settled> {
    for part in began.undoable() {
        journal.write(Entry::UndoBegan { part: part.clone(), why: "it was cut off".into() }).await?;
        settled.undone.push(part);
    }
    if let Some(Ok(outcome)) = journal.status().map(Status::ending) {
        journal.write(Entry::Finished { outcome }).await?;
        settled.outcome = Some(outcome);
    }
    Ok(settled)
}

/// What is past its point of no return is finished with the operation's own cluster file, and with its Terraform.
async fn can_finish(ports: &Ports, task: &Task, status: &Status, record: Option<&Record>) -> Result<()> {
    let Some(record) = record else {
        return Err(Failure::failed("the operation is past a point of no return, and there is no record")
            .hint("nothing was changed; the store's former versions may have `cluster.json`"));
    };
    if !start::goes_by(task, &status.start().inputs)? {
        return Err(Failure::failed("an operation can be finished only with the cluster file that it was begun with")
            .hint("this is a fault of scaler; please report it with this text"));
    }
    stacks::check_tool(ports, record).await
}

impl Session<'_> {
    /// Writes down what is so now, and ends the journal if nothing is left.
    async fn end(
        mut self,
        began: &Status,
        version: Version,
        still_cordoned: Vec<String>,
        mut settled: Settled,
    ) -> Result<Settled> {
        plan::use_up_names(&mut self.record, began);
        if !settled.finished.is_empty()
            && let Some(keeps) = &began.start().keeps
        {
            let source = start::kept(self.ports.store.as_ref(), keeps).await?;
            super::hold(&mut self.record, source)?;
            if let Some(to) = began.start().back_to {
                self.record.went_back = Some(WentBack { to, operation: self.operation.clone() });
            }
        }
        self.settle_sizes_of(began).await;
        self.learn_who_joined().await;
        self.next_generation();
        settled.left.extend(still_cordoned);
        self.write_down(version).await?;
        match self.status_ending().await {
            Ok(outcome) => settled.outcome = Some(outcome),
            Err(left) if settled.left.is_empty() => settled.left = left,
            Err(_) => {}
        }
        Ok(settled)
    }

    /// The pools' sizes: as was wanted where all of it was done, else as many as there are.
    async fn settle_sizes_of(&mut self, began: &Status) {
        let whole = self.whole_pools().await;
        for (pool, size) in &began.start().sizes {
            let entry = self.record.pools.entry(pool.clone()).or_default();
            let there = entry.nodes.len() as u32;
            entry.size = if whole.contains(pool) { *size } else { there };
        }
    }
}

impl Settled {
    /// An error (exit 6) if the operation could not be brought to its end: nothing else may begin.
    pub fn ended(&self) -> Result<()> {
        if self.outcome.is_some() {
            return Ok(());
        }
        let failure = Failure::new(Kind::Partial, format!("operation {} is not finished yet", self.operation));
        let failure = self.left.iter().fold(failure, Failure::because);
        Err(failure.hint("`scaler status` shows what remains; `scaler resume` tries again"))
    }

    /// An error (exit 6) also where it ended without all that was wanted of what it finished.
    pub fn verdict(&self) -> Result<()> {
        self.ended()?;
        if self.left.is_empty() {
            return Ok(());
        }
        let failure = Failure::new(Kind::Partial, format!("operation {} ended without all of it", self.operation));
        let failure = self.left.iter().fold(failure, Failure::because);
        Err(failure.hint("`scaler plan` shows what it takes to make up for it"))
    }
}
