//! One running operation: what it holds, and what every step of it uses.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::model::failure::Result;
use crate::model::journal::{Entry, Outcome};
use crate::model::names::{NodeName, OperationId, StackId};
use crate::model::plan::Plan;
use crate::model::record::{FORMAT, NodeRecord, PoolRecord, Record, Source, StackSerial};
use crate::model::state::State;
use crate::ops::interrupts::Interrupts;
use crate::ops::journal::Journal;
use crate::ops::lease::Lease;
use crate::ops::ports::provisioner::HostEnd;
use crate::ops::ports::{Event, Ports};
use crate::ops::stacks;
use crate::ops::task::Task;

pub struct Session<'a> {
    /// The way to the cluster's API may come in the middle, when the cluster is made.
    pub ports: Ports,
    pub task: &'a Task,
    pub plan: &'a Plan,
    pub operation: OperationId,
    pub lease: Lease,
    pub interrupts: Interrupts,
    pub(super) journal: Arc<Mutex<Journal>>,
    /// The cluster file that was applied before; None for a new cluster.
    pub former: Option<Source>,
    /// What the record will be when this operation commits. Only what was done goes in.
    pub record: Record,
    /// The machines on which the playbooks ran to become nodes, and how they came out of it.
    pub provisioned: BTreeMap<NodeName, HostEnd>,
}

impl<'a> Session<'a> {
    #[allow(clippy::too_many_arguments, reason = "built in one place, from what that place has just made")]
    pub fn new(
        ports: &'a Ports,
        task: &'a Task,
        plan: &'a Plan,
        operation: OperationId,
        lease: Lease,
        interrupts: Interrupts,
        journal: Journal,
        former: Option<Source>,
        record: Record,
    ) -> Session<'a> {
        Session {
            ports: ports.clone(),
            task,
            plan,
            operation,
            lease,
            interrupts,
            journal: Arc::new(Mutex::new(journal)),
            former,
            record,
            provisioned: BTreeMap::new(),
        }
    }

    /// Writes an entry. What it speaks of may be done only when this has returned.
    pub async fn note(&self, entry: Entry) -> Result<()> {
        self.journal.lock().await.write(entry).await
    }

    /// How the operation ends by its journal; None while something of it is left to finish or to put back.
    pub async fn ending(&self) -> Option<Outcome> {
        self.journal.lock().await.status().and_then(|status| status.ending().ok())
    }

    /// The record becomes what this operation commits.
    pub(super) fn next_generation(&mut self) {
        self.record.format = FORMAT;
        self.record.generation += 1;
        self.record.operation = self.operation.clone();
        self.record.fence = self.lease.fence;
    }

    pub fn tell(&self, event: Event) {
        self.ports.progress.tell(event);
    }

    /// The pool's part of the record, made when it has none.
    pub fn pool(&mut self, pool: &str) -> &mut PoolRecord {
        self.record.pools.entry(pool.to_owned()).or_default()
    }

    pub fn nodes(&self, pool: &str) -> BTreeMap<NodeName, NodeRecord> {
        self.record.pools.get(pool).map(|pool| pool.nodes.clone()).unwrap_or_default()
    }

    /// Binds a pool's nodes to the machines that its state knows, where an earlier run could not read what it had made.
    pub fn bind(&mut self, pool: &str, state: Option<&State>) {
        let ids = state.map(|state| stacks::machine_ids(self.plan.provider, state)).unwrap_or_default();
        for (name, node) in self.pool(pool).nodes.iter_mut().filter(|(_, node)| node.machine_id.is_none()) {
            node.machine_id = ids.get(name).cloned();
        }
    }

    pub fn serial(&mut self, stack: StackId, serial: StackSerial) {
        self.record.stacks.insert(stack, serial);
    }
}
