//! The journal as the witness of a drain, and everything else that a drain needs, apart from the session.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::model::failure::Result;
use crate::model::file::DrainSpec;
use crate::model::journal::{Entry, Proof};
use crate::model::names::{NodeName, OperationId};
use crate::ops::drain::{Drainer, Obstacle, Victim, Witness};
use crate::ops::interrupts::Interrupts;
use crate::ops::journal::Journal;
use crate::ops::lease::Lease;
use crate::ops::ports::{Clock, Kubernetes, Progress};

use super::session::Session;

/// How often a node is drained again that had a late pod at the last look. More would only hide who puts them there.
const LATE_DRAINS: u32 = 2;

/// What drains need. Holds nothing of the session, which goes on changing meanwhile.
pub struct Drains {
    pub kubernetes: Arc<dyn Kubernetes>,
    clock: Arc<dyn Clock>,
    progress: Arc<dyn Progress>,
    lease: Lease,
    interrupts: Interrupts,
    witness: Arc<dyn Witness>,
    operation: OperationId,
    rules: DrainSpec,
    keep_going: bool,
}

impl Drains {
    /// `keep_going`: a node that cannot be emptied does not end the work on the others.
    pub fn of(session: &Session, kubernetes: Arc<dyn Kubernetes>, rules: DrainSpec, keep_going: bool) -> Drains {
        let machines = session.plan.removals().map(|removal| (removal.node.clone(), removal.machine_id.clone()));
        let witness = JournalWitness { journal: session.journal.clone(), machines: machines.collect() };
        let (lease, interrupts) = (session.lease.clone(), session.interrupts.clone());
        Drains {
            kubernetes,
            clock: session.ports.clock.clone(),
            progress: session.ports.progress.clone(),
            lease,
            interrupts,
            witness: Arc::new(witness),
            operation: session.operation.clone(),
            rules,
            keep_going,
        }
    }

    /// Of nodes that are past their point of no return: the journal has nothing more to learn of how they are emptied.
    pub fn silent(session: &Session, kubernetes: Arc<dyn Kubernetes>, rules: DrainSpec) -> Drains {
        Drains { witness: Arc::new(Silent), ..Drains::of(session, kubernetes, rules, true) }
    }

    /// Whether drained nodes are empty still. A pod that came late is seen off as the others were; what stays is returned.
    pub async fn see_off_late(&self, drained: &[Victim]) -> Result<Vec<Obstacle>> {
        let mut obstacles = self.drainer().verify_empty(drained).await?;
        for _ in 0..LATE_DRAINS {
            if obstacles.is_empty() {
                break;
            }
            let late: Vec<Victim> = obstacles.iter().map(|obstacle| obstacle.victim.clone()).collect();
            let ends = self.drainer().drain_all(&late).await?;
            let staying: Vec<Obstacle> = ends.into_iter().filter_map(Result::err).collect();
            if !staying.is_empty() {
                return Ok(staying);
            }
            obstacles = self.drainer().verify_empty(drained).await?;
        }
        Ok(obstacles)
    }

    pub fn drainer(&self) -> Drainer<'_> {
        Drainer {
            kubernetes: self.kubernetes.as_ref(),
            clock: self.clock.as_ref(),
            progress: self.progress.as_ref(),
            lease: &self.lease,
            interrupts: &self.interrupts,
            witness: self.witness.as_ref(),
            operation: &self.operation,
            rules: &self.rules,
            keep_going: self.keep_going,
        }
    }
}

struct Silent;

#[async_trait]
impl Witness for Silent {
    async fn cordoning(&self, _: &NodeName, _: &str, _: bool) -> Result<()> {
        Ok(())
    }

    async fn cordoned(&self, _: &NodeName, _: &str) -> Result<()> {
        Ok(())
    }

    async fn draining(&self, _: &NodeName) -> Result<()> {
        Ok(())
    }

    async fn drained(&self, _: &NodeName, _: &str) -> Result<()> {
        Ok(())
    }

    async fn blocked(&self, _: &NodeName, _: &[String]) -> Result<()> {
        Ok(())
    }
}

struct JournalWitness {
    journal: Arc<Mutex<Journal>>,
    machines: Vec<(NodeName, Option<String>)>,
}

impl JournalWitness {
    async fn note(&self, entry: Entry) -> Result<()> {
        self.journal.lock().await.write(entry).await
    }
}

#[async_trait]
impl Witness for JournalWitness {
    async fn cordoning(&self, node: &NodeName, uid: &str, was_unschedulable: bool) -> Result<()> {
        self.note(Entry::Cordoning { node: node.clone(), uid: uid.to_owned(), was_unschedulable }).await
    }

    async fn cordoned(&self, node: &NodeName, uid: &str) -> Result<()> {
        self.note(Entry::Cordoned { node: node.clone(), uid: uid.to_owned() }).await
    }

    async fn draining(&self, node: &NodeName) -> Result<()> {
        self.note(Entry::DrainStarted { node: node.clone() }).await
    }

    async fn drained(&self, node: &NodeName, uid: &str) -> Result<()> {
        let machine = self.machines.iter().find(|(name, _)| name == node);
        self.note(Entry::Evidence {
            node: node.clone(),
            uid: Some(uid.to_owned()),
            machine_id: machine.and_then(|(_, id)| id.clone()),
            proof: Proof::Drained,
        })
        .await
    }

    async fn blocked(&self, node: &NodeName, reasons: &[String]) -> Result<()> {
        self.note(Entry::NodeBlocked { node: node.clone(), reasons: reasons.to_vec() }).await
    }
}
