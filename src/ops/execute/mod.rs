//! Doing what was decided: under the lock, in the journal, each part past its own point of no return.

mod acquaint;
mod broken_off;
mod carry_on;
mod destroy;
mod finish;
mod give_back;
mod join;
mod label;
mod login;
mod lost;
mod make;
mod part;
mod provision;
pub mod recover;
mod remove;
mod retire;
mod session;
mod unsaved;
mod witness;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::Entry;
use crate::model::machine::Place;
use crate::model::names::{NodeName, OperationId};
use crate::model::plan::{self, FoundationChange, Plan, Request};
use crate::model::record::{NodeRecord, PoolRecord, Record, Source, WentBack};
use crate::ops::interrupts::Interrupts;
use crate::ops::journal::Journal;
use crate::ops::lock::{self, Seeker};
use crate::ops::ports::provisioner::HostEnd;
use crate::ops::ports::{Event, Ports, Version};
use crate::ops::task::{Mandate, Task};
use crate::ops::{images, observe, place, prune, record, start};

use provision::control_plane::ControlPlane;
use session::Session;

/// What an operation did.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    pub operation: OperationId,
    /// The record's generation that holds it.
    pub generation: u64,
    pub added: Vec<NodeName>,
    pub removed: Vec<NodeName>,
    /// Machines were changed in place (their tags).
    pub changed: bool,
    /// Nodes that stood before and whose labels or taints were changed.
    pub labelled: Vec<NodeName>,
    /// The machines on which the playbooks ran to become nodes, and how they came out of it.
    pub provisioned: BTreeMap<NodeName, HostEnd>,
    /// Why it is not all that was wanted: exit code 6.
    #[serde(serialize_with = "text_of")]
    pub shortfall: Option<Failure>,
}

fn text_of<S: serde::Serializer>(failure: &Option<Failure>, to: S) -> Result<S::Ok, S::Error> {
    match failure {
        Some(failure) => to.serialize_some(&failure.to_string()),
        None => to.serialize_none(),
    }
}

/// What came of a plan that was agreed to.
pub enum Ran {
    Done(Done),
    /// Another run has changed the cluster since this was decided, and so nothing was done. Whoever did not bind
    /// themselves to this very plan may look again.
    Outdated(Failure),
}

/// Carries out a plan that was agreed to. What it was decided on is checked again under the lock.
pub async fn run(ports: &Ports, task: &Task, mandate: Mandate, plan: Plan, interrupts: Interrupts) -> Result<Ran> {
    if provision::needed(&task.file, &plan) {
        // A missing tool is told before anything is changed.
        ports.provisioner.check().await?;
    }
    let operation = OperationId::new(ports.clock.now(), ports.clock.random());
    let plan = plan.carried_out_by(&operation);
    let held = lock::acquire(Seeker::of(ports, task, interrupts.clone()), operation.clone()).await?;
    ports.progress.tell(Event::OperationStarted { operation: operation.clone(), command: task.holder.command.clone() });
    let done = under_lock(ports, task, mandate, &plan, operation, held.lease(), interrupts).await;
    held.give_back(ports.progress.as_ref()).await;
    done
}

async fn under_lock(
    ports: &Ports,
    task: &Task,
    mandate: Mandate,
    plan: &Plan,
    operation: OperationId,
    lease: crate::ops::lease::Lease,
    interrupts: Interrupts,
) -> Result<Ran> {
    let place = ports.cloud.place().await?;
    let stored = record::load(ports.store.as_ref()).await?;
    let known = stored.as_ref().map(|(record, _)| record);
    if let Some(outdated) = outdated(plan, known) {
        return Ok(Ran::Outdated(outdated));
    }
    if let Some(record) = known {
        record::check_writable(ports.store.as_ref(), record)?;
        place::check(record, &place)?;
    }
    if let Some(outdated) = images::outdated(ports, task, plan).await? {
        return Ok(Ran::Outdated(outdated));
    }
    let tool = ports.terraform.tool().await?;
    let inputs = start::keep(ports, &task.source, &task.sets, &lease).await?;
    let source = plan::stored(&plan.request, &plan.source, known)?;
    let keeps = start::keep(ports, &source, &source.sets, &lease).await?;
    let started = start::entry(task, mandate, plan, &place, &tool, known, start::Stored { inputs, keeps });
    let mut journal = Journal::new(ports.store.clone(), ports.clock.clone(), lease.clone(), operation.clone());
    journal.write(Entry::Started(Box::new(started))).await?;
    let (record, version) = match stored {
        Some(stored) => stored,
        None => first_record(ports, task, plan, &place, &operation, &lease).await?,
    };
    let former = Some(record.source.clone()).filter(|_| plan.base.generation.is_some());
    let record = adopt(record, task, plan, source)?;
    let mut session = Session::new(ports, task, plan, operation, lease, interrupts, journal, former, record);
    let ended = session.work().await;
    session.close(ended, version).await.map(Ran::Done)
}

/// What was shown must still be so.
fn outdated(plan: &Plan, record: Option<&Record>) -> Option<Failure> {
    let now = record.map(|record| record.generation);
    if now == plan.base.generation {
        return None;
    }
    let told = |generation: Option<u64>| generation.map_or("no record".to_owned(), |n| format!("generation {n}"));
    let failure = Failure::refused("the cluster was changed by another run since this was decided")
        .because(format!("it was decided on {}, and the store has {}", told(plan.base.generation), told(now)))
        .hint("plan again, and look at what it says now");
    Some(failure)
}

/// The record comes before the first cloud resource: whatever is made carries an id that can be found again.
async fn first_record(
    ports: &Ports,
    task: &Task,
    plan: &Plan,
    place: &Place,
    operation: &OperationId,
    lease: &crate::ops::lease::Lease,
) -> Result<(Record, Version)> {
    let mut record =
        Record::new(&plan.cluster_id, &plan.cluster, plan.provider, place, plan.source.clone(), operation.clone());
    record.fence = lease.fence;
    if let FoundationChange::Create { nodes } = &plan.foundation {
        record.control_plane = control_plane(nodes);
    }
    let version = record::commit(ports.store.as_ref(), lease, &record, None, &task.holder, ports.clock.now()).await?;
    Ok((record, version))
}

fn control_plane(nodes: &BTreeMap<NodeName, NodeRecord>) -> PoolRecord {
    PoolRecord { next_number: nodes.len() as u64 + 1, size: nodes.len() as u32, nodes: nodes.clone() }
}

/// The record as this operation will leave it, before anything was done: names that it uses are used up.
fn adopt(mut record: Record, task: &Task, plan: &Plan, source: Source) -> Result<Record> {
    hold(&mut record, source)?;
    record.name = task.file.name.clone();
    if let FoundationChange::Create { nodes } = &plan.foundation {
        record.control_plane = control_plane(nodes);
    }
    for change in &plan.pools {
        let pool = record.pools.entry(change.pool.clone()).or_default();
        let used = change.additions.len() as u64;
        pool.next_number = pool.next_number.max(1) + used;
    }
    Ok(record)
}

/// The record holds this cluster file from now on.
fn hold(record: &mut Record, source: Source) -> Result<()> {
    let former = observe::previous(record)?;
    for stack in record.stacks.keys() {
        // The stored cluster file changes now, and with it the answer to which tags stand.
        record.tags.entry(stack.clone()).or_insert_with(|| former.tags.clone());
    }
    record.source = source;
    Ok(())
}

/// How the work of an operation ended, once it had begun.
struct Ended {
    added: Vec<NodeName>,
    removed: Vec<NodeName>,
    changed: bool,
    /// The cluster was made on its control planes.
    made_cluster: bool,
    labelled: Vec<NodeName>,
    shortfalls: Vec<Failure>,
}

impl Session<'_> {
    async fn work(&mut self) -> Result<Ended> {
        let mut ended = Ended::nothing();
        let worked = if self.plan.request == Request::Destroy {
            self.destroy(&mut ended).await
        } else {
            match self.change(&mut ended).await {
                // What could not be ended in its time may be now.
                Ok(()) => self.revoke_tokens().await,
                Err(failure) => Err(failure),
            }
        };
        match worked {
            Ok(()) => Ok(ended),
            // Something was done already: that part stays, and the rest is reported.
            Err(failure) if ended.something() || failure.kind == Kind::Partial => {
                ended.shortfalls.push(self.left_undone(failure));
                Ok(ended)
            }
            Err(failure) if failure.kind == Kind::Interrupted => Err(failure.hint("no machine was made or destroyed")),
            Err(failure) => Err(failure),
        }
    }

    /// An interruption after something was done: what that means, and what to do about it.
    fn left_undone(&self, failure: Failure) -> Failure {
        if failure.kind != Kind::Interrupted {
            return failure;
        }
        let failure = failure.context("interrupted: what was begun is finished, and the rest was left undone");
        match self.plan.request {
            Request::Destroy => failure.hint("run scaler destroy again: it goes on from here"),
            _ => failure.hint("`scaler status` shows what is so now"),
        }
    }

    async fn change(&mut self, ended: &mut Ended) -> Result<()> {
        self.learn_cluster().await?;
        // First of all: cut off here, nothing else was done, and the record keeps the file that says which labels it gave.
        self.label(ended).await?;
        if !self.plan.changes_stacks() && self.plan.provision.is_empty() {
            return Ok(());
        }
        let (foundation, made) = self.make_foundation(&make::Left::default()).await?;
        ended.changed |= self.plan.foundation == FoundationChange::Tags;
        ended.made(made);
        let control_plane = self.has_cluster(&foundation, ended).await?;
        if control_plane == ControlPlane::Missing {
            // Nothing could join.
            return Ok(());
        }
        self.retire(&foundation, ended).await?;
        let plan = self.plan;
        let mut joining = BTreeMap::new();
        for change in plan.pools.iter().filter(|change| !change.additions.is_empty() || change.tags) {
            self.interrupts.check()?;
            let made = self.make_pool(change, &foundation).await?;
            ended.changed |= change.tags;
            for node in &made.nodes {
                joining.insert(node.clone(), self.record.pools[&change.pool].nodes[node].machine_id.clone());
            }
            ended.made(made);
        }
        joining.extend(self.standing(&self.plan.provision));
        if control_plane == ControlPlane::Made {
            // What did not come of it just now would not a moment later.
            joining.retain(|node, _| !self.record.control_plane.nodes.contains_key(node));
        }
        match self.join(&joining).await? {
            Some(shortfall) => ended.shortfalls.push(shortfall),
            None if !joining.is_empty() => self.learn_cluster().await?,
            None => {}
        }
        if plan.removals().next().is_some() && !ended.shortfalls.is_empty() {
            // New nodes come first: without them the pods of the old ones may have no place to go.
            return Ok(());
        }
        self.remove(&foundation, ended).await
    }

    /// The pools' sizes from now on: as wanted, or as far as it came. Where nothing was done they stay.
    fn settle_sizes(&mut self, ended: &Ended) {
        for change in &self.plan.pools {
            let pool = self.record.pools.entry(change.pool.clone()).or_default();
            pool.size = if ended.shortfalls.is_empty() { change.after } else { pool.nodes.len() as u32 };
        }
    }

    async fn write_down(&mut self, base: Version) -> Result<()> {
        let now = self.ports.clock.now();
        record::commit(self.ports.store.as_ref(), &self.lease, &self.record, Some(base), &self.task.holder, now)
            .await?;
        self.note(Entry::Committed { generation: self.record.generation }).await?;
        // What is stuck, or could not be put back, keeps the operation open: the next command names it.
        if let Some(outcome) = self.ending().await {
            self.note(Entry::Finished { outcome }).await?;
            prune::after_commit(&self.ports, &self.lease).await;
        }
        Ok(())
    }

    /// Writes down what is so now, and ends the journal.
    async fn close(mut self, ended: Result<Ended>, base: Version) -> Result<Done> {
        let (ended, refusal) = match ended {
            Ok(ended) => {
                self.settle_sizes(&ended);
                (ended, None)
            }
            Err(failure) => (Ended::nothing(), Some(failure)),
        };
        self.learn_who_joined().await;
        self.next_generation();
        if refusal.is_some() {
            // Nothing was done: the cluster file that was not applied is not the cluster's.
            self.record.source = self.former.clone().unwrap_or_else(|| self.record.source.clone());
        } else if let Some(to) = self.plan.request.back_to() {
            self.record.went_back = Some(WentBack { to, operation: self.operation.clone() });
        }
        if let Err(unwritten) = self.write_down(base).await {
            return Err(told_unwritten(unwritten, refusal, ended));
        }
        match refusal {
            Some(failure) => Err(failure),
            None => Ok(Done {
                operation: self.operation.clone(),
                generation: self.record.generation,
                added: ended.added,
                removed: ended.removed,
                changed: ended.changed,
                labelled: ended.labelled,
                provisioned: self.provisioned,
                shortfall: make::partly(ended.shortfalls),
            }),
        }
    }
}

/// The store did not take what was done, or that nothing was.
fn told_unwritten(unwritten: Failure, refusal: Option<Failure>, ended: Ended) -> Failure {
    if let Some(refusal) = refusal {
        return refusal.because(unwritten.context("that this operation has ended could not be written to the store"));
    }
    let names = |what: &str, names: &[NodeName]| {
        let names: Vec<&str> = names.iter().map(NodeName::as_str).collect();
        (!names.is_empty()).then(|| format!("{what}: {}", names.join(", ")))
    };
    let done = [names("added", &ended.added), names("removed", &ended.removed)];
    let failure = unwritten
        .context("the work was done as far as is said here, and the record of it could not be written to the store")
        .with_kind(Kind::Partial);
    let failure = done.into_iter().flatten().fold(failure, Failure::because);
    ended.shortfalls.into_iter().fold(failure, Failure::because).hint("`scaler status` shows what is so now")
}

impl Ended {
    fn nothing() -> Ended {
        Ended {
            added: Vec::new(),
            removed: Vec::new(),
            changed: false,
            made_cluster: false,
            labelled: Vec::new(),
            shortfalls: Vec::new(),
        }
    }

    fn something(&self) -> bool {
        let nodes = [&self.added, &self.removed, &self.labelled];
        let more = self.changed || self.made_cluster || !self.shortfalls.is_empty();
        nodes.iter().any(|nodes| !nodes.is_empty()) || more
    }

    fn made(&mut self, made: make::Made) {
        self.added.extend(made.nodes);
        self.shortfalls.extend(made.shortfall);
    }
}
