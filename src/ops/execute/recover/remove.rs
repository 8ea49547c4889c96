//! Finishing a part that removes machines: the journal's evidence holds, and is looked at again.

use crate::model::failure::{Failure, Kind, Result};
use crate::model::guard;
use crate::model::journal::{PartId, PartPhase, Status};
use crate::model::machine::MachineState;
use crate::model::plan::{Removal, Way};
use crate::ops::drain::{Obstacle, Victim};
use crate::ops::ports::terraform::PlanMode;
use crate::ops::{drain, stacks, state};

use super::super::Ended;
use super::super::part::{PartEnd, PartRun};
use super::super::retire::permit;
use super::super::session::Session;
use super::super::witness::Drains;
use super::finish::phase;

impl Session<'_> {
    pub(super) async fn finish_remove(&mut self, began: &Status, part: &PartId, ended: &mut Ended) -> Result<bool> {
        let change = self.change_of(part)?;
        let permitted = |removal: &&Removal| {
            began.victims().get(&removal.node).is_some_and(|victim| victim.part == *part && victim.is_past())
        };
        let going: Vec<&Removal> = change.removals.iter().filter(permitted).collect();
        let state = if phase(began, part) == Some(PartPhase::Applied) {
            state::read(&self.ports, &part.stack).await?
        } else {
            Some(self.remove_rest(part, &change.pool, &going).await?)
        };
        if let Some(state) = state {
            self.serial(part.stack.clone(), state.serial);
        }
        self.bury_rest(began, part, &change.pool, &going).await?;
        ended.removed.extend(going.iter().map(|removal| removal.node.clone()));
        Ok(true)
    }

    /// Confirms the ends that were not confirmed yet.
    pub(super) async fn bury_rest(
        &mut self,
        began: &Status,
        part: &PartId,
        pool: &str,
        going: &[&Removal],
    ) -> Result<()> {
        let is_gone = |removal: &&&Removal| began.victims().get(&removal.node).is_some_and(|victim| victim.is_gone());
        for removal in going.iter().filter(is_gone) {
            self.pool(pool).nodes.remove(&removal.node);
        }
        let lingering: Vec<&Removal> = going.iter().filter(|removal| !is_gone(removal)).copied().collect();
        self.bury(part, pool, &lingering).await
    }

    /// Plans anew, and lets Terraform remove what the journal's evidence permits and is still there.
    async fn remove_rest(
        &mut self,
        part: &PartId,
        pool: &str,
        going: &[&Removal],
    ) -> Result<crate::model::state::State> {
        let foundation = self.foundation().await?;
        let vanished = self.vanished(pool).await?;
        let alive = self.alive(part, going).await?;
        let mut nodes = self.nodes(pool);
        nodes.retain(|name, _| !vanished.iter().any(|(gone, _)| gone == name));
        for removal in going {
            nodes.remove(&removal.node);
        }
        let tags = stacks::standing_tags(self.task, &self.record, pool);
        let lock_file =
            stacks::init_pool(&self.ports, self.task, &self.record, pool, &nodes, &foundation, tags).await?;
        let machine = |removal: &&Removal| Some((removal.node.clone(), removal.machine_id.clone()?));
        let is_alive = |removal: &&&Removal| alive.iter().any(|one| one.node == removal.node);
        let removals: Vec<guard::Machine> = going.iter().filter(is_alive).filter_map(machine).collect();
        let mut gone: Vec<guard::Machine> =
            going.iter().filter(|removal| !is_alive(removal)).filter_map(machine).collect();
        gone.extend(vanished.into_iter().filter(|(name, _)| !going.iter().any(|removal| removal.node == *name)));
        let run = PartRun {
            id: part.clone(),
            mode: PlanMode::Apply,
            expected: guard::permits_for_pool(
                self.plan.provider,
                self.flavour().await?,
                pool,
                &guard::PoolChange { removals: &removals, gone: &gone, ..Default::default() },
            ),
            permits: going.iter().map(|removal| permit(removal)).collect(),
            // What is left to remove is removed at once: a reset more or less changes nothing for its machines.
            leaving: Vec::new(),
            lock_file,
        };
        match self.run_part(&run, async || self.still_proven(&alive).await).await? {
            PartEnd::Done(state) => {
                self.pin(&run).await?;
                Ok(state)
            }
            PartEnd::Failed { failure, .. } => Err(failure),
        }
    }

    /// The permitted machines that still run and that Terraform has to end. One that runs and is in no state is for a
    /// person: what Terraform does not know it cannot remove.
    async fn alive<'a>(&self, part: &PartId, going: &[&'a Removal]) -> Result<Vec<&'a Removal>> {
        let machines = self.ports.cloud.machines(&self.record.cluster_id).await?;
        let state = state::read(&self.ports, &part.stack).await?;
        let known = state.as_ref().map(|state| stacks::machine_ids(self.plan.provider, state)).unwrap_or_default();
        let mut alive = Vec::new();
        for removal in going {
            let Some(id) = &removal.machine_id else { continue };
            let found = machines.iter().find(|machine| machine.id == *id);
            let ends = |state| matches!(state, MachineState::Terminated | MachineState::ShuttingDown);
            let Some(machine) = found.filter(|machine| !ends(machine.state)) else { continue };
            if known.get(&removal.node) != Some(id) {
                return Err(Failure::new(
                    Kind::Partial,
                    format!(
                        "machine {id} of node `{}` is {}, and Terraform's state does not have it",
                        removal.node, machine.state
                    ),
                )
                .because("it is drained and given up, and only Terraform's own removal is missing")
                .hint(format!("terminate {id} in the cloud, and run scaler resume again")));
            }
            alive.push(*removal);
        }
        Ok(alive)
    }

    /// What was proven of a machine that still runs must hold now: time has passed.
    async fn still_proven(&self, alive: &[&Removal]) -> Result<()> {
        let kubernetes = self.ports.kubernetes.clone()?;
        let mut drained = Vec::new();
        for removal in alive {
            match (removal.way, &removal.node_uid) {
                (Way::Drained, Some(uid)) => {
                    // A Node that was deleted has no pods; its machine only waits for its end.
                    if kubernetes.node(removal.node.as_str()).await?.is_some() {
                        drained.push(Victim { node: removal.node.to_string(), uid: uid.clone() });
                    }
                }
                (Way::NeverJoined, _) => self.never_joined(removal).await?,
                (Way::Accepted, _) => self
                    .still_lost(removal, kubernetes.as_ref())
                    .await
                    .map_err(|failure| Failure { hints: vec![came_back(removal)], ..failure })?,
                (Way::Drained | Way::Gone | Way::Destroyed, _) => {}
            }
        }
        let drains = Drains::silent(self, kubernetes, self.task.file.drain.clone());
        let staying = drains.see_off_late(&drained).await?;
        if staying.is_empty() { Ok(()) } else { Err(not_empty(&staying)) }
    }
}

/// Its part is past its point of no return, and so the machine goes; nothing but its loss was agreed to, so it is emptied by
/// whoever agreed.
fn came_back(removal: &Removal) -> String {
    format!(
        "empty it: kubectl drain {} --ignore-daemonsets; then terminate {} in the cloud, and run scaler resume again",
        removal.node,
        removal.machine_id.as_deref().unwrap_or("its machine")
    )
}

fn not_empty(obstacles: &[Obstacle]) -> Failure {
    drain::refusal(obstacles)
        .context("what was drained is not empty any more, and its machine stays until it is")
        .hint("cordon the nodes that are named here (kubectl cordon), and run scaler resume again")
}
