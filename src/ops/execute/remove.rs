//! Parts that remove machines: cordon all, drain all, prove, then pool by pool past the point of no return.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::census::{Roll, Tie};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::guard;
use crate::model::journal::{Act, Entry, PartId, Permit, Proof, UncordonFound, WayIn};
use crate::model::names::NodeName;
use crate::model::plan::{PoolChange, Removal, Way};
use crate::ops::drain::{self, Obstacle, Victim};
use crate::ops::ports::Kubernetes;
use crate::ops::ports::terraform::PlanMode;
use crate::ops::{identity, stacks};

use super::part::{PartEnd, PartRun};
use super::retire::permit;
use super::session::Session;
use super::witness::Drains;
use super::{Ended, lost};

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
        let drains = Drains::of(self, kubernetes.clone(), self.task.file.drain.clone(), self.task.options.partial);
        // From here on, cordons may be left on nodes whose parts do not reach their point of no return.
        let mut spared = BTreeSet::new();
        let prepared = self.prepare_removal(&drains, &victims, &changes, &mut spared).await;
        let mut undone = prepared.err();
        let mut passed = BTreeSet::new();
        for change in &changes {
            if undone.is_some() {
                break;
            }
            match self.remove_from(change, foundation, &drains, &spared, ended).await {
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
        let returned = self.undo(&drains, &back, &spared, &failure).await?;
        if failure.kind == Kind::Interrupted && !returned.is_empty() {
            return Err(failure.hint(format!("given back as they were before: {}", returned.join(", "))));
        }
        Err(failure)
    }

    /// Cordons, drains, and collects the evidence for every victim.
    async fn prepare_removal(
        &mut self,
        drains: &Drains,
        victims: &[Victim],
        changes: &[&PoolChange],
        spared: &mut BTreeSet<NodeName>,
    ) -> Result<()> {
        let drainer = drains.drainer();
        let mut obstacles = drainer.cordon_all(victims).await?;
        let stopped = !obstacles.is_empty() && !self.task.options.partial;
        if !stopped {
            let cordoned: Vec<Victim> =
                victims.iter().filter(|victim| !obstacles.iter().any(|one| one.victim == **victim)).cloned().collect();
            let ends = drainer.drain_all(&cordoned).await?;
            obstacles.extend(ends.into_iter().filter_map(Result::err));
        }
        if !obstacles.is_empty() {
            if !self.task.options.partial || obstacles.len() == victims.len() {
                return Err(
                    drain::refusal(&obstacles).hint("nothing was destroyed, and what was cordoned is given back")
                );
            }
            self.spare(drains, &obstacles, spared).await?;
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

    /// `--partial`: these stay, and are given back.
    async fn spare(&self, drains: &Drains, obstacles: &[Obstacle], spared: &mut BTreeSet<NodeName>) -> Result<()> {
        for obstacle in obstacles {
            self.note(Entry::Spared { node: obstacle.node() }).await?;
            spared.insert(obstacle.node());
        }
        let victims: Vec<Victim> = obstacles.iter().map(|obstacle| obstacle.victim.clone()).collect();
        let (_, left) = self.give_back(drains, &victims).await?;
        if left.is_empty() { Ok(()) } else { Err(still_cordoned(left)) }
    }

    /// Uncordons, and tells the journal. Returns the nodes that carried our mark, and why others could not be given back.
    async fn give_back(&self, drains: &Drains, victims: &[Victim]) -> Result<(Vec<String>, Vec<String>)> {
        let (mut returned, mut left) = (Vec::new(), Vec::new());
        for (victim, answer) in drains.drainer().uncordon(victims).await {
            match answer {
                Ok(found) => {
                    if found == UncordonFound::Ours {
                        returned.push(victim.node.clone());
                    }
                    self.note(Entry::Uncordoned { node: NodeName::from_text(victim.node), found }).await?;
                }
                Err(failure) => left.push(failure.to_string()),
            }
        }
        Ok((returned, left))
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

    /// A complete list of this very cluster has no Node with this machine's provider id, name or address.
    async fn never_joined(&self, removal: &Removal) -> Result<()> {
        let nodes = match removal.machine_id {
            Some(_) => self.nodes_as_proof().await?,
            // Where no machine is known none is destroyed: it is a name that leaves the record.
            None => self.ports.kubernetes.clone()?.nodes().await?.items,
        };
        let machines = self.ports.cloud.machines(&self.record.cluster_id).await?;
        let machine = machines.iter().find(|machine| Some(&machine.id) == removal.machine_id.as_ref());
        let addresses: Vec<&str> = machine
            .iter()
            .flat_map(|machine| [&machine.private_address, &machine.public_address])
            .filter_map(|address| address.as_deref())
            .collect();
        let roll = Roll::of(self.plan.provider, &nodes);
        if roll.tie(&removal.node, removal.machine_id.as_deref(), &addresses) == Tie::None {
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
        drains: &Drains,
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
        let drained = kept(&[change], spared);
        let last_look = async || {
            let obstacles = drains.drainer().verify_empty(&drained).await?;
            if !obstacles.is_empty() {
                return Err(
                    drain::refusal(&obstacles).hint("nothing was destroyed, and what was cordoned is given back")
                );
            }
            for removal in &going {
                match removal.way {
                    Way::NeverJoined => self.never_joined(removal).await?,
                    Way::Accepted => self.still_lost(removal, drains.kubernetes.as_ref()).await?,
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

    /// A node whose loss was accepted must still be that node, and lost.
    async fn still_lost(&self, removal: &Removal, kubernetes: &dyn Kubernetes) -> Result<()> {
        if let Some(uid) = &self.record.kube_system_uid {
            identity::same(kubernetes, uid).await?;
        }
        lost::still_lost(removal, kubernetes.node(removal.node.as_str()).await?.as_ref())
    }

    /// Puts back what the parts changed that did not reach their point of no return. Returns the nodes.
    async fn undo(
        &self,
        drains: &Drains,
        changes: &[&PoolChange],
        spared: &BTreeSet<NodeName>,
        why: &Failure,
    ) -> Result<Vec<String>> {
        let (mut returned, mut left) = (Vec::new(), Vec::new());
        for change in changes {
            let part = PartId::new(change.stack(), Act::Remove);
            self.note(Entry::UndoBegan { part, why: why.to_string() }).await?;
            let (back, not) = self.give_back(drains, &kept(&[change], spared)).await?;
            returned.extend(back);
            left.extend(not);
        }
        if left.is_empty() { Ok(returned) } else { Err(still_cordoned(left).because(why)) }
    }
}

fn still_cordoned(left: Vec<String>) -> Failure {
    let mut failure = Failure::new(Kind::Partial, "nodes were left cordoned, because undoing it failed");
    failure.causes = left;
    failure
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
fn victims(changes: &[&PoolChange]) -> Vec<Victim> {
    let drained = changes.iter().flat_map(|change| leaving(change)).filter(|removal| removal.way == Way::Drained);
    let victim = |removal: &Removal| Some(Victim { node: removal.node.to_string(), uid: removal.node_uid.clone()? });
    drained.filter_map(victim).collect()
}

/// Those of them that were not spared.
fn kept(changes: &[&PoolChange], spared: &BTreeSet<NodeName>) -> Vec<Victim> {
    let mut kept = victims(changes);
    kept.retain(|victim| !spared.iter().any(|name| name.as_str() == victim.node));
    kept
}
