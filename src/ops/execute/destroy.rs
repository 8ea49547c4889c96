//! Everything goes: pool by pool, drained as far as the deadlines allow, and then the foundation.

use crate::model::failure::{Failure, Kind, Result};
use crate::model::guard;
use crate::model::journal::{Act, PartId};
use crate::model::machine::MachineState;
use crate::model::names::StackId;
use crate::model::plan::{FoundationChange, PoolChange, Removal};
use crate::ops::drain::Victim;
use crate::ops::ports::Event;
use crate::ops::ports::terraform::PlanMode;
use crate::ops::{images, stacks, state};

use super::Ended;
use super::part::{PartEnd, PartRun};
use super::retire::permit;
use super::session::Session;
use super::witness::Drains;

impl Session<'_> {
    pub(super) async fn destroy(&mut self, ended: &mut Ended) -> Result<()> {
        let plan = self.plan;
        let state = state::read(&self.ports, &StackId::Foundation).await?;
        let foundation = state.as_ref().and_then(|state| stacks::foundation_output(state).ok());
        for change in &plan.pools {
            self.interrupts.check()?;
            self.drain_what_goes(change).await?;
            let Some(foundation) = &foundation else { continue };
            let nodes = self.nodes(&change.pool);
            let tags = stacks::standing_tags(self.task, &self.record, &change.pool);
            let lock_file =
                stacks::init_pool(&self.ports, self.task, &self.record, &change.pool, &nodes, foundation, tags).await?;
            self.destroy_pool(change, lock_file, ended).await?;
        }
        self.interrupts.check()?;
        let nodes = self.record.control_plane.nodes.clone();
        let lock_file = stacks::init_foundation(&self.ports, self.task, &self.record, &nodes).await?;
        self.destroy_foundation(lock_file, ended).await?;
        self.nothing_left().await?;
        self.record.destroyed = true;
        // That it cannot be looked up changes nothing of what was done.
        if let Ok(Some(text)) = images::left_by_destroy(self.ports.store.as_ref()).await {
            self.tell(Event::Warning { text });
        }
        Ok(())
    }

    /// As far as the deadlines allow. What cannot be emptied goes all the same: that was agreed to.
    async fn drain_what_goes(&self, change: &PoolChange) -> Result<()> {
        let victim =
            |removal: &Removal| Some(Victim { node: removal.node.to_string(), uid: removal.node_uid.clone()? });
        let victims: Vec<Victim> = change.removals.iter().filter_map(victim).collect();
        let kubernetes = match &self.ports.kubernetes {
            Ok(kubernetes) if !victims.is_empty() => kubernetes.clone(),
            _ if change.removals.iter().all(|removal| removal.machine_id.is_none()) => return Ok(()),
            Ok(_) => {
                self.without_drain(
                    change,
                    "the cluster has no Nodes of it, or could not be reached when this was decided",
                );
                return Ok(());
            }
            Err(failure) => {
                self.without_drain(change, failure);
                return Ok(());
            }
        };
        let drains = Drains::of(self, kubernetes, self.task.file.drain.clone(), true);
        let drainer = drains.drainer();
        let drained = async {
            let mut obstacles = drainer.cordon_all(&victims).await?;
            let cordoned: Vec<Victim> =
                victims.iter().filter(|victim| !obstacles.iter().any(|one| one.victim == **victim)).cloned().collect();
            obstacles.extend(drainer.drain_all(&cordoned).await?.into_iter().filter_map(Result::err));
            Ok::<_, Failure>(obstacles)
        };
        match drained.await {
            Ok(obstacles) => {
                for obstacle in obstacles {
                    self.tell(Event::Warning { text: format!("destroyed without being empty: {obstacle}") });
                }
                Ok(())
            }
            Err(failure) if failure.kind == Kind::Failed => {
                self.tell(Event::Warning { text: format!("destroyed without a drain: {failure}") });
                Ok(())
            }
            Err(failure) => {
                // Nothing of this pool was destroyed yet: its nodes are given back.
                let part = PartId::new(change.stack(), Act::Destroy);
                Err(self.undo_part(&drains, part, &victims, failure).await)
            }
        }
    }

    fn without_drain(&self, change: &PoolChange, why: impl std::fmt::Display) {
        self.tell(Event::Warning { text: format!("pool {} is destroyed without a drain: {why}", change.pool) });
    }

    async fn destroy_pool(&mut self, change: &PoolChange, lock_file: String, ended: &mut Ended) -> Result<()> {
        let id = PartId::new(change.stack(), Act::Destroy);
        self.bind(&change.pool, state::read(&self.ports, &change.stack()).await?.as_ref());
        let machines = stacks::bound(&self.nodes(&change.pool));
        let run = PartRun {
            id: id.clone(),
            mode: PlanMode::Destroy,
            expected: guard::permits_for_destroy(self.plan.provider, self.flavour().await?, change.stack(), &machines),
            permits: change.removals.iter().map(permit).collect(),
            leaving: Vec::new(),
            lock_file,
        };
        match self.run_part(&run, async || Ok(())).await? {
            PartEnd::Done(state) => self.serial(change.stack(), state.serial),
            PartEnd::Failed { failure, .. } => return Err(halted(&id, failure)),
        }
        let removals: Vec<&Removal> = change.removals.iter().collect();
        self.bury(&id, &change.pool, &removals).await?;
        ended.removed.extend(removals.iter().map(|removal| removal.node.clone()));
        Ok(())
    }

    async fn destroy_foundation(&mut self, lock_file: String, ended: &mut Ended) -> Result<()> {
        let id = PartId::new(StackId::Foundation, Act::Destroy);
        let machines = stacks::bound(&self.record.control_plane.nodes);
        let run = PartRun {
            id: id.clone(),
            mode: PlanMode::Destroy,
            expected: guard::permits_for_destroy(
                self.plan.provider,
                self.flavour().await?,
                StackId::Foundation,
                &machines,
            ),
            permits: Vec::new(),
            leaving: Vec::new(),
            lock_file,
        };
        match self.run_part(&run, async || Ok(())).await? {
            PartEnd::Done(state) => self.serial(StackId::Foundation, state.serial),
            PartEnd::Failed { failure, .. } => return Err(halted(&id, failure)),
        }
        if let FoundationChange::Destroy { nodes } = &self.plan.foundation {
            ended.removed.extend(nodes.keys().cloned());
        }
        self.record.control_plane.nodes.clear();
        Ok(())
    }

    /// The cloud has the last word: nothing with the cluster's id may run on.
    pub(super) async fn nothing_left(&self) -> Result<()> {
        let machines = self.ports.cloud.machines(&self.record.cluster_id).await?;
        let left: Vec<String> = machines
            .iter()
            .filter(|machine| !matches!(machine.state, MachineState::Terminated | MachineState::ShuttingDown))
            .map(|machine| format!("{} ({})", machine.id, machine.state))
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        Err(Failure::new(Kind::Partial, "machines that no Terraform state has still carry this cluster's id")
            .because(left.join(", "))
            .hint("look at them in the cloud, and terminate them there if they are yours"))
    }
}

/// Not `Stuck`: a `destroy` may be repeated as it is, and is what finishes this.
fn halted(part: &PartId, failure: Failure) -> Failure {
    failure.context(format!("stack {} was not destroyed in whole", part.stack)).hint("run scaler destroy again")
}
