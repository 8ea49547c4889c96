//! Parts that remove machines: cordon all, drain all, prove, then pool by pool past the point of no return.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::census::Roll;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::guard;
use crate::model::journal::{Act, Entry, PartId, Permit, Proof, WayIn};
use crate::model::names::NodeName;
use crate::model::plan::{PoolChange, Removal, Way};
use crate::ops::drain::{self, Drain, Ending};
use crate::ops::ports::Kubernetes;
use crate::ops::ports::terraform::PlanMode;
use crate::ops::stacks;

use super::Ended;
use super::part::{PartEnd, PartRun};
use super::retire::permit;
use super::session::Session;

impl Session<'_> {
    pub(super) async fn remove(&mut self, foundation: &Value, ended: &mut Ended) -> Result<()> {
        let plan = self.plan;
        let changes: Vec<&PoolChange> = plan.pools.iter().filter(|change| leaving(change).next().is_some()).collect();
        if changes.is_empty() {
            return Ok(());
        }
        let kubernetes = self.ports.kubernetes.clone().map_err(|failure| {
            failure.context("the cluster cannot be reached, so no node can be drained").with_kind(Kind::Refused)
        })?;
        let victims = victims(&changes);
        let drain = self.drain_of(kubernetes.clone(), self.interrupts.clone());
        // From here on, cordons may be left on nodes whose parts do not reach their point of no return.
        let mut spared = BTreeSet::new();
        let prepared = self.prepare_removal(&drain, &victims, &changes, &mut spared).await;
        let mut undone = match prepared {
            Ok(()) => None,
            Err(failure) => Some(failure),
        };
        let mut passed = BTreeSet::new();
        for change in &changes {
            if undone.is_some() {
                break;
            }
            match self.remove_from(change, foundation, &drain, kubernetes.as_ref(), &spared, ended).await {
                Ok(()) => {
                    passed.insert(change.pool.clone());
                }
                Err(Halt::Before(failure)) => undone = Some(failure),
                Err(Halt::After(failure)) => {
                    passed.insert(change.pool.clone());
                    ended.shortfalls.push(failure);
                }
            }
        }
        let Some(failure) = undone else { return Ok(()) };
        let back: Vec<&PoolChange> = changes.into_iter().filter(|change| !passed.contains(&change.pool)).collect();
        self.undo(&drain, &back, &spared, &failure).await?;
        Err(failure)
    }

    /// Cordons, drains, and collects the evidence for every victim.
    async fn prepare_removal(
        &mut self,
        drain: &Drain<'_>,
        victims: &[drain::Victim],
        changes: &[&PoolChange],
        spared: &mut BTreeSet<NodeName>,
    ) -> Result<()> {
        drain.cordon_all(victims).await?;
        let endings = drain.drain_all(victims, self.task.options.partial).await?;
        let mut blocked = Vec::new();
        for (node, ending) in endings {
            if let Ending::Blocked(holds) = ending {
                let reasons: Vec<String> = holds.iter().map(ToString::to_string).collect();
                self.note(Entry::NodeBlocked { node: node.clone(), reasons }).await?;
                blocked.push((node, holds));
            }
        }
        if !blocked.is_empty() {
            let all = blocked.len() == victims.len();
            let failure = drain::blocked(&blocked);
            if !self.task.options.partial || all {
                return Err(failure);
            }
            for (node, _) in blocked {
                self.note(Entry::Spared { node: node.clone() }).await?;
                drain.uncordon(&node).await?;
                spared.insert(node);
            }
        }
        for removal in changes.iter().flat_map(|change| leaving(change)) {
            match removal.way {
                Way::NeverJoined => {
                    self.never_joined(removal).await?;
                    self.evidence(removal, Proof::NeverJoined { way_in: WayIn::NeverIssued }).await?;
                }
                Way::Accepted => {
                    self.evidence(removal, Proof::Accepted { user: self.task.holder.user.clone() }).await?;
                }
                Way::Drained | Way::Gone | Way::Destroyed => {}
            }
        }
        Ok(())
    }

    async fn evidence(&self, removal: &Removal, proof: Proof) -> Result<()> {
        self.note(Entry::Evidence {
            node: removal.node.clone(),
            uid: removal.node_uid.clone(),
            machine_id: removal.machine_id.clone(),
            proof,
        })
        .await
    }

    /// A complete list has no Node with this machine's provider id, name or address.
    async fn never_joined(&self, removal: &Removal) -> Result<()> {
        let kubernetes = self.ports.kubernetes.clone()?;
        let nodes = kubernetes.nodes().await?;
        let machines = self.ports.cloud.machines(&self.record.cluster_id).await?;
        let machine = machines.iter().find(|machine| Some(&machine.id) == removal.machine_id.as_ref());
        let addresses: Vec<&str> = machine
            .iter()
            .flat_map(|machine| [&machine.private_address, &machine.public_address])
            .filter_map(|address| address.as_deref())
            .collect();
        let roll = Roll::of(self.plan.provider, &nodes.items);
        if roll.tie(&removal.node, removal.machine_id.as_deref(), &addresses).is_none() {
            return Ok(());
        }
        Err(Failure::refused(format!("node `{}` joined the cluster after this was decided", removal.node))
            .because("it must be drained before its machine may go")
            .hint("plan again, and look at what it says now"))
    }

    /// One pool, from its plan to the deletion of its Node objects.
    async fn remove_from(
        &mut self,
        change: &PoolChange,
        foundation: &Value,
        drain: &Drain<'_>,
        kubernetes: &dyn Kubernetes,
        spared: &BTreeSet<NodeName>,
        ended: &mut Ended,
    ) -> Result<(), Halt> {
        let id = PartId::new(change.stack(), Act::Remove);
        let going: Vec<&Removal> = leaving(change).filter(|removal| !spared.contains(&removal.node)).collect();
        if going.is_empty() {
            return Ok(());
        }
        let mut nodes = self.nodes(&change.pool);
        for removal in &going {
            nodes.remove(&removal.node);
        }
        let lock = stacks::init_pool(self.ports, self.task, &self.record, &change.pool, &nodes, foundation).await?;
        let machines: Vec<guard::Machine> =
            going.iter().filter_map(|removal| Some((removal.node.clone(), removal.machine_id.clone()?))).collect();
        let run = PartRun {
            id: id.clone(),
            mode: PlanMode::Apply,
            expected: guard::permits_for_pool(
                self.plan.provider,
                self.flavour().await?,
                &change.pool,
                &guard::PoolChange { removals: &machines, ..Default::default() },
            ),
            permits: going.iter().map(|removal| permit(removal)).collect::<Vec<Permit>>(),
        };
        let drained = victims(&[change]).into_iter().filter(|victim| !spared.contains(&victim.node)).collect::<Vec<_>>();
        let last_look = async || {
            drain.verify_empty(&drained).await?;
            for removal in &going {
                match removal.way {
                    Way::NeverJoined => self.never_joined(removal).await?,
                    Way::Accepted => self.still_lost(removal, kubernetes).await?,
                    Way::Drained | Way::Gone | Way::Destroyed => {}
                }
            }
            Ok(())
        };
        let state = match self.run_part(&run, last_look).await? {
            PartEnd::Done(state) => state,
            PartEnd::Failed { failure, state } => {
                if let Some(state) = state {
                    self.serial(change.stack(), state.serial);
                }
                self.note(Entry::Stuck { part: id.clone(), thing: failure.to_string() }).await.map_err(Halt::After)?;
                return Err(Halt::After(
                    failure.context(format!("the drained nodes of pool `{}` were not all removed", change.pool)),
                ));
            }
        };
        self.pin(&id, lock).await.map_err(Halt::After)?;
        self.serial(change.stack(), state.serial.clone());
        self.bury(&id, &change.pool, &going).await.map_err(Halt::After)?;
        ended.removed.extend(going.iter().map(|removal| removal.node.clone()));
        if !spared.is_empty() {
            let names: Vec<&str> = spared.iter().map(NodeName::as_str).collect();
            ended.shortfalls.push(Failure::new(
                Kind::Partial,
                format!("not removed, because their drains did not finish: {}", names.join(", ")),
            ));
        }
        Ok(())
    }

    /// A node whose loss was accepted must still be lost: one that is Ready again can be drained.
    async fn still_lost(&self, removal: &Removal, kubernetes: &dyn Kubernetes) -> Result<()> {
        match kubernetes.node(removal.node.as_str()).await? {
            Some(node) if node.ready => Err(Failure::refused(format!("node `{}` is Ready again", removal.node))
                .because("it can be drained now, so its loss need not be accepted")
                .hint("run the command again without --accept-lost for it")),
            _ => Ok(()),
        }
    }

    /// Puts back what the parts changed that did not reach their point of no return.
    async fn undo(
        &self,
        drain: &Drain<'_>,
        changes: &[&PoolChange],
        spared: &BTreeSet<NodeName>,
        why: &Failure,
    ) -> Result<()> {
        let mut left = Vec::new();
        for change in changes {
            let part = PartId::new(change.stack(), Act::Remove);
            self.note(Entry::UndoBegan { part, why: why.to_string() }).await?;
            for victim in victims(&[change]).iter().filter(|victim| !spared.contains(&victim.node)) {
                if let Err(failure) = drain.uncordon(&victim.node).await {
                    left.push(format!("{}: {failure}", victim.node));
                }
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        let mut failure = Failure::new(Kind::Partial, "nodes were left cordoned, because undoing it failed");
        failure.causes = left;
        Err(failure.because(why).hint("once the cluster answers again: kubectl uncordon NODE"))
    }
}

/// Where a part came to a halt.
enum Halt {
    Before(Failure),
    After(Failure),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Halt {
        Halt::Before(failure)
    }
}

/// The removals of a pool that are not of machines that are gone already.
fn leaving(change: &PoolChange) -> impl Iterator<Item = &Removal> {
    change.removals.iter().filter(|removal| removal.way != Way::Gone)
}

/// The nodes that are cordoned and drained.
fn victims(changes: &[&PoolChange]) -> Vec<drain::Victim> {
    let drained = changes.iter().flat_map(|change| leaving(change)).filter(|removal| removal.way == Way::Drained);
    let victim = |removal: &Removal| {
        let uid = removal.node_uid.clone()?;
        Some(drain::Victim { node: removal.node.clone(), uid, machine_id: removal.machine_id.clone() })
    };
    drained.filter_map(victim).collect()
}

/// Machines by node name, to tell the journal.
pub(super) fn machine_ids(victims: &[drain::Victim]) -> BTreeMap<NodeName, Option<String>> {
    victims.iter().map(|victim| (victim.node.clone(), victim.machine_id.clone())).collect()
}
