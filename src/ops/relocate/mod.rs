//! Moving a cluster to another store: record, history, journals, inputs and Terraform's states.
//!
//! Everything is copied and read back while the old store is in force, the record last, and beside its place. Then the
//! old record is marked as moved, by compare-and-swap: from here on every command refuses the old store. Only then the new
//! one gets its record. At no moment are both in force; a move that was cut short is taken up where it ended.

mod copy;
mod marker;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Serialize;

use super::interrupts::Interrupts;
use super::lease::Lease;
use super::lock::{self, Seeker};
use super::ports::{Clock, Event, Progress, Store};
use super::{history, locked_states, proof, record};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::names::OperationId;
use crate::model::record::Record;

use copy::Copied;
use marker::{Destination, Stage};

/// From where to where.
#[derive(Clone)]
pub struct Move {
    pub from: Arc<dyn Store>,
    pub to: Arc<dyn Store>,
    /// The whole URL of the new store, with which every command finds it.
    pub url: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub format: u32,
    pub cluster: String,
    pub from: String,
    pub to: String,
    /// How many objects are, or would be, in the new store.
    pub objects: usize,
    /// Their sizes together; only when they were copied.
    pub bytes: Option<u64>,
    /// Keys that stay behind: they are none of a cluster's.
    pub left_behind: Vec<String>,
    /// An earlier move was cut short, and this one takes it up.
    pub resumes: bool,
    pub moved: bool,
}

/// Looks whether this move can be made. Changes nothing.
pub async fn look(way: &Move) -> Result<Report> {
    let (from, to) = (way.from.as_ref(), way.to.as_ref());
    let Some((record, _)) = record::load_any(from).await? else { return Err(history::no_cluster(from)) };
    let marked = is_marked(way, &record)?;
    let found = marker::look(to, &record, &from.url()).await?;
    let keys = copy::keys(from).await?;
    let report = Report {
        format: 1,
        cluster: record.name.clone(),
        from: from.url(),
        to: way.url.clone(),
        // The record and the lock come with them.
        objects: keys.of_cluster.len() + 2,
        bytes: None,
        left_behind: keys.others,
        resumes: marked || found == Destination::Begun,
        moved: marked && found == Destination::Done,
    };
    match (marked, found) {
        (true, Destination::Empty) => Err(gone(way)),
        (false, Destination::Done) => Err(marker::not_empty(to, record::KEY)),
        (false, _) => {
            no_terraform(way).await?;
            Ok(report)
        }
        (true, _) => Ok(report),
    }
}

/// Whether the old store says already that the cluster is where it is to go.
fn is_marked(way: &Move, record: &Record) -> Result<bool> {
    match &record.moved_to {
        None => Ok(false),
        Some(url) if *url == way.url => Ok(true),
        Some(_) => record::refuse_moved(way.from.as_ref(), record).map(|()| false),
    }
}

fn gone(way: &Move) -> Failure {
    Failure::failed(format!("{} says that the cluster was moved to {}", way.from.url(), way.url))
        .because("there is nothing of it")
        .hint("look at the former versions of `cluster.json` in both stores before you change anything")
}

/// A state that Terraform holds may be written in the middle of the copying.
async fn no_terraform(way: &Move) -> Result<()> {
    let locked = locked_states::found(way.from.as_ref(), None).await?;
    if locked.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::refused("Terraform's own lock lies on a state of this cluster");
    failure.causes = locked.iter().map(locked_states::Locked::told).collect();
    Err(failure
        .hint("see whether that Terraform still runs, and let it end")
        .hint("one that was left behind is removed in the stack's folder: terraform force-unlock ID"))
}

/// Moves under the lock of the old store. What was shown before is looked at again.
pub async fn relocate(seeker: Seeker, way: &Move) -> Result<Report> {
    let (clock, progress, interrupts) = (seeker.clock.clone(), seeker.progress.clone(), seeker.interrupts.clone());
    let operation = OperationId::new(clock.now(), clock.random());
    let held = lock::acquire(seeker, operation.clone()).await?;
    let work = Work { way, lease: held.lease(), operation, clock, progress: progress.clone(), interrupts };
    let done = work.run().await;
    held.give_back(progress.as_ref()).await;
    done
}

struct Work<'a> {
    way: &'a Move,
    lease: Lease,
    operation: OperationId,
    clock: Arc<dyn Clock>,
    progress: Arc<dyn Progress>,
    interrupts: Interrupts,
}

impl Work<'_> {
    async fn run(&self) -> Result<Report> {
        let mut report = look(self.way).await?;
        if report.moved {
            return Ok(report);
        }
        let (from, to) = (self.way.from.as_ref(), self.way.to.as_ref());
        let Some((record, version)) = record::load_any(from).await? else { return Err(history::no_cluster(from)) };
        let stage = Stage { to, lease: &self.lease };
        if !is_marked(self.way, &record)? {
            record::check_writable(from, &record)?;
            let copied = self.copy(&stage, &record).await?;
            report.bytes = Some(copied.bytes);
            report.objects = copied.objects + 2;
            self.interrupted()?;
            marker::mark(from, &self.lease, record, version, &self.way.url).await?;
        }
        stage.enforce().await.map_err(|failure| {
            failure
                .context(format!("the cluster is marked as moved to {}, and is not in force there yet", self.way.url))
                .with_kind(Kind::Partial)
                .hint("nothing is lost; run this again, it goes on from here")
        })?;
        Ok(Report { moved: true, ..report })
    }

    async fn copy(&self, stage: &Stage<'_>, record: &Record) -> Result<Copied> {
        let (from, to) = (self.way.from.as_ref(), self.way.to.as_ref());
        let step = "move".to_owned();
        let told = |title: &str| title.to_owned();
        self.progress.tell(Event::StepStarted { step: step.clone(), title: told("copying the store") });
        // The cluster's life there begins with this.
        proof::assure(to, self.clock.as_ref()).await?;
        stage.begin(record, &from.url()).await?;
        let copied = copy::copy(from, to, &self.lease, &self.interrupts).await?;
        stage.put_record(from).await?;
        stage.put_lock(&self.operation, self.clock.as_ref()).await?;
        self.progress.tell(Event::StepNote { step: step.clone(), note: "reading everything back".into() });
        copy::verify(from, to, &self.interrupts).await?;
        self.progress.tell(Event::StepDone { step, title: told("copied the store, and read it back") });
        Ok(copied)
    }

    fn interrupted(&self) -> Result<()> {
        match self.interrupts.count() {
            0 => Ok(()),
            _ => Err(copy::interrupted()),
        }
    }
}
