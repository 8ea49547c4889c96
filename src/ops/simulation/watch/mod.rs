//! Who watches: sees every change at the moment at which it takes effect, and knows what must never be.
//!
//! Nothing here asks the code that is tested. What happened is held against the world itself, and against the journal
//! as it lies in the store.

mod announced;
mod death;
mod deed;
mod judge;
mod kinds;
mod life;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;

pub use deed::{Deed, Work};
pub use kinds::{KINDS, kind_of_entry};

use crate::model::journal::{Document, Entry, PartId, Proof, Status};
use crate::model::lock::{Lock, LockState};
use crate::model::names::{OperationId, StackId};
use crate::ops::record;

/// How long a world may go on before it counts as one that never ends.
pub const LONGEST: Duration = Duration::from_secs(48 * 3600);
/// How many steps of time that may take.
pub const MOST: u64 = 60_000;

#[derive(Default)]
pub struct Watch {
    inner: Mutex<Inner>,
    /// What must never be, and was.
    violation: Mutex<Option<String>>,
    rung: Notify,
}

#[derive(Default, Clone)]
struct Inner {
    /// The pid of who has the lock by its document, and the operation that this names.
    holder: Option<u32>,
    operation: Option<OperationId>,
    journals: BTreeMap<OperationId, Status>,
    /// Which Terraform works on which state: scaler and stack.
    at_work: BTreeMap<(usize, StackId), Work>,
    /// Machines that became Nodes.
    nodes: BTreeSet<String>,
    /// Cluster id and node name → the machine that was made under it, ever.
    names: BTreeMap<(String, String), String>,
    /// Machines that ended by themselves.
    vanished: BTreeSet<String>,
    kinds: BTreeSet<&'static str>,
    /// Join files that some journal has spoken of.
    offered: BTreeSet<String>,
    /// When a person last uncordoned a node, or it came back to life.
    changed: BTreeMap<String, Duration>,
    /// When Terraform's plan of a part was last found good: whoever looks once more looks after that.
    planned: BTreeMap<(OperationId, PartId), Duration>,
    /// Pool → its least and greatest size.
    bounds: BTreeMap<String, (usize, usize)>,
    /// Who lost the lock or gave it back, and what that scaler had on its way then may still arrive: nobody who came after it
    /// has written anything that goes by what is in the store.
    late: BTreeMap<u32, Late>,
    /// Scalers that were asked to change nothing.
    lookers: BTreeSet<usize>,
}

/// What of a former holder's may still arrive.
#[derive(Clone, Copy)]
struct Late {
    record: bool,
    entry: bool,
}

impl Watch {
    pub fn copy(&self) -> Watch {
        Watch { inner: Mutex::new(self.inner().clone()), ..Watch::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub fn bounds(&self, pool: &str, min: usize, max: usize) {
        self.inner().bounds.insert(pool.to_owned(), (min, max));
    }

    pub fn becomes_node(&self, machine: &str) {
        self.inner().nodes.insert(machine.to_owned());
    }

    pub fn was_node(&self, machine: &str) -> bool {
        self.inner().nodes.contains(machine)
    }

    /// Somebody else than a scaler changed what was proven of a node.
    pub fn changed(&self, node: &str, at: Duration) {
        self.inner().changed.insert(node.to_owned(), at);
    }

    pub fn vanishes(&self, machine: &str) {
        self.inner().vanished.insert(machine.to_owned());
    }

    /// This scaler was asked for something that changes nothing.
    pub fn only_looks(&self, process: usize) {
        self.inner().lookers.insert(process);
    }

    /// The kinds of entries that were written.
    pub fn kinds(&self) -> BTreeSet<&'static str> {
        self.inner().kinds.clone()
    }

    pub fn tools_died(&self, process: usize) {
        self.inner().at_work.retain(|(one, _), _| *one != process);
    }

    pub fn journals(&self) -> BTreeMap<OperationId, Status> {
        self.inner().journals.clone()
    }

    /// A scaler whose Terraform applies something just now.
    pub fn applying(&self) -> Option<usize> {
        self.inner().at_work.iter().find(|(_, work)| **work == Work::Apply).map(|((process, _), _)| *process)
    }

    /// The scaler that has the lock by its document, where its operation has not ended.
    pub fn holder_of_open(&self) -> Option<usize> {
        let inner = self.inner();
        inner.status().filter(|status| status.outcome().is_none())?;
        inner.holder.map(|pid| pid as usize - 1000)
    }

    /// Whether this holder's operation has passed a point of no return.
    pub fn is_past(&self, pid: u32) -> bool {
        let inner = self.inner();
        inner.holder == Some(pid) && inner.status().is_some_and(|status| !status.past().is_empty())
    }

    /// A node that the operation under way has drained, and whose part has not reached its point of no return.
    pub fn drained(&self) -> Option<String> {
        let inner = self.inner();
        let status = inner.journals.get(inner.operation.as_ref()?)?;
        let drained =
            status.victims().iter().find(|(_, victim)| victim.proof == Some(Proof::Drained) && !victim.is_past());
        drained.map(|(node, _)| node.to_string())
    }

    pub fn violation(&self) -> Option<String> {
        self.violation.lock().unwrap().clone()
    }

    pub fn violate(&self, what: String) {
        self.violation.lock().unwrap().get_or_insert(what);
        self.rung.notify_one();
    }

    /// Returns when something was that must never be.
    pub async fn violated(&self) -> String {
        loop {
            if let Some(violation) = self.violation() {
                return violation;
            }
            self.rung.notified().await;
        }
    }
}

impl Inner {
    /// The operation that has the lock, by its journal.
    fn status(&self) -> Option<&Status> {
        self.operation.as_ref().and_then(|operation| self.journals.get(operation))
    }

    /// The first entry of an operation whose run lost the lock while that was on its way from a machine that slept. No lock
    /// names the operation any more, so nobody is ever asked to settle it; whatever its run does next is judged as before.
    fn is_stillborn(&self, deed: &Deed) -> bool {
        let Deed::Journalled { document, .. } = deed else { return false };
        document.seq == 1 && self.operation.as_ref() != Some(&document.operation)
    }

    /// Whether it is what a former holder had on its way when it lost the lock, and nobody has gone by anything else yet.
    fn is_late(&self, pid: u32, deed: &Deed) -> bool {
        let Some(late) = self.late.get(&pid) else { return false };
        match deed {
            Deed::Wrote { key } => *key == record::KEY && late.record,
            Deed::Journalled { document, .. } => late.entry && self.operation.as_ref() == Some(&document.operation),
            _ => false,
        }
    }

    /// The holder has written this: what comes after it from former holders comes too late.
    fn outdates(&mut self, deed: &Deed) {
        let entry = matches!(deed, Deed::Journalled { .. });
        if entry || matches!(deed, Deed::Wrote { key } if *key == record::KEY) {
            for late in self.late.values_mut() {
                late.record = false;
                late.entry &= !entry;
            }
        }
    }

    fn lock_written(&mut self, lock: &Lock) {
        let holder = (lock.state == LockState::Held).then_some(lock.holder.pid);
        if let Some(former) = self.holder.filter(|former| Some(*former) != holder) {
            self.late.insert(former, Late { record: true, entry: true });
        }
        self.holder = holder;
        self.operation = Some(lock.operation.clone());
    }

    /// The journal is dense, and tells nothing that may not be.
    fn journal_written(&mut self, key: &str, document: &Document, now: Duration) -> Result<(), String> {
        self.kinds.insert(kind_of_entry(&document.entry));
        if let Entry::Planned { part, .. } = &document.entry {
            self.planned.insert((document.operation.clone(), part.clone()), now);
        }
        if let Entry::JoinOffering { joins } = &document.entry {
            self.offered.extend(joins.values().map(|offer| offer.file.clone()));
        }
        let written = match self.journals.get_mut(&document.operation) {
            Some(status) => status.follow(document),
            None => {
                Status::begin(document).map(|status| drop(self.journals.insert(document.operation.clone(), status)))
            }
        };
        written.map_err(|illegal| format!("{key}: {illegal}"))
    }
}
