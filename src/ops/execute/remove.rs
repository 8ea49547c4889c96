//! Parts that remove machines: cordon all, drain all, prove, then pool by pool past the point of no return.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::census::{Roll, Tie};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::guard;
use crate::model::journal::{Act, Entry, PartId, Permit, Proof};
use crate::model::names::NodeName;
use crate::model::plan::{PoolChange, Removal, Way};
use crate::ops::drain::{self, Obstacle, Victim};
use crate::ops::ports::Kubernetes;
use crate::ops::ports::terraform::PlanMode;
use crate::ops::{identity, stacks};

use super::give_back::still_cordoned;
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
                    // What stopped here may stop the others too, and they are not past anything yet.
                    undone = Some(stopped_at(&change.pool));
                }
            }
        }
        let Some(failure) = undone else { return Ok(()) };
        let back: Vec<&PoolChange> = changes.into_iter().filter(|change| !passed.contains(&change.pool)).collect();
        self.undo(&drains, &back, &spared, failure).await
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
                return Err(blocked(&obstacles));
            }
            self.spare(drains, &obstacles, spared).await?;
        }
        for removal in changes.iter().flat_map(|change| leaving(change)) {
            match removal.way {
                Way::NeverJoined => {
                    let way_in = self.close_way_in(&removal.node).await?;
                    self.never_joined(removal).await?;
                    self.evidence(removal, Proof::NeverJoined { way_in }).await?;
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
        let given = self.give_back(drains, &victims).await;
        if given.left.is_empty() { Ok(()) } else { Err(still_cordoned(given.left)) }
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
    pub(super) async fn never_joined(&self, removal: &Removal) -> Result<()> {
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
        let tags = stacks::standing_tags(self.task, &self.record, &change.pool);
        let lock_file =
            stacks::init_pool(&self.ports, self.task, &self.record, &change.pool, &nodes, foundation, tags).await?;
        let machines: Vec<guard::Machine> =
            going.iter().filter_map(|removal| Some((removal.node.clone(), removal.machine_id.clone()?))).collect();
        let leaving = self.leaving(change, &going).await;
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
            leaving,
            lock_file,
        };
        let drained = kept(&[change], spared);
        let last_look = async || {
            self.still_empty(drains, &drained).await?;
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
                if let Some(state) = state.read() {
                    self.serial(change.stack(), state.serial);
                }
                let stuck = self.note(Entry::Stuck { part: id, thing: failure.with_hints() }).await;
                let failure =
                    failure.context(format!("the drained nodes of pool `{}` were not all removed", change.pool));
                return Err(Halt::After(match stuck {
                    Ok(()) => failure,
                    Err(unwritten) => failure.because(unwritten),
                }));
            }
        };
        self.pin(&run).await.map_err(Halt::After)?;
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
    pub(super) async fn still_lost(&self, removal: &Removal, kubernetes: &dyn Kubernetes) -> Result<()> {
        if let Some(uid) = &self.record.kube_system_uid {
            identity::same(kubernetes, uid).await?;
        }
        lost::still_lost(removal, kubernetes.node(removal.node.as_str()).await?.as_ref())
    }

    /// Whether the drained nodes are empty still.
    async fn still_empty(&self, drains: &Drains, drained: &[Victim]) -> Result<()> {
        let staying = drains.see_off_late(drained).await?;
        if staying.is_empty() { Ok(()) } else { Err(blocked(&staying)) }
    }

    /// Puts back what the parts changed that did not reach their point of no return, and returns why with what came of it.
    async fn undo(
        &self,
        drains: &Drains,
        changes: &[&PoolChange],
        spared: &BTreeSet<NodeName>,
        why: Failure,
    ) -> Result<()> {
        let mut why = why;
        for change in changes {
            let part = PartId::new(change.stack(), Act::Remove);
            why = self.undo_part(drains, part, &kept(&[change], spared), why).await;
        }
        Err(why)
    }
}

/// Before the point of no return, whichever look found it.
fn blocked(obstacles: &[Obstacle]) -> Failure {
    drain::refusal(obstacles).hint("nothing was destroyed, and what was cordoned is given back")
}

fn stopped_at(pool: &str) -> Failure {
    Failure::new(Kind::Partial, format!("the operation stopped at pool `{pool}`, and the nodes of the others stay"))
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
