//! Machines that the cloud proves to be gone leave Terraform's state, the cluster and the record.

use serde_json::Value;

use crate::model::failure::Result;
use crate::model::guard;
use crate::model::journal::{Act, Deathbed, Entry, PartId, Permit, Proof};
use crate::model::plan::{PoolChange, Removal, Way};
use crate::ops::ports::Event;
use crate::ops::ports::terraform::PlanMode;
use crate::ops::stacks;

use super::Ended;
use super::part::{PartEnd, PartRun};
use super::session::Session;

impl Session<'_> {
    pub(super) async fn retire(&mut self, foundation: &Value, ended: &mut Ended) -> Result<()> {
        let plan = self.plan;
        for change in &plan.pools {
            let gone: Vec<&Removal> = change.removals.iter().filter(|removal| removal.way == Way::Gone).collect();
            if !gone.is_empty() {
                self.interrupts.check()?;
                self.retire_from(change, &gone, foundation, ended).await?;
            }
        }
        Ok(())
    }

    async fn retire_from(
        &mut self,
        change: &PoolChange,
        gone: &[&Removal],
        foundation: &Value,
        ended: &mut Ended,
    ) -> Result<()> {
        let id = PartId::new(change.stack(), Act::Retire);
        for removal in gone {
            self.note(Entry::Evidence {
                node: removal.node.clone(),
                uid: removal.node_uid.clone(),
                machine_id: removal.machine_id.clone(),
                proof: Proof::Gone { seen: self.deathbed(removal).await? },
            })
            .await?;
        }
        let mut nodes = self.nodes(&change.pool);
        for removal in gone {
            nodes.remove(&removal.node);
        }
        let lock = stacks::init_pool(self.ports, self.task, &self.record, &change.pool, &nodes, foundation).await?;
        let machines: Vec<guard::Machine> =
            gone.iter().filter_map(|removal| Some((removal.node.clone(), removal.machine_id.clone()?))).collect();
        let run = PartRun {
            id: id.clone(),
            mode: PlanMode::Apply,
            expected: guard::permits_for_pool(
                self.plan.provider,
                self.flavour().await?,
                &change.pool,
                &guard::PoolChange { gone: &machines, ..Default::default() },
            ),
            permits: gone.iter().map(|removal| permit(removal)).collect(),
        };
        match self.run_part(&run, async || Ok(())).await? {
            PartEnd::Done(state) => {
                self.pin(&id, lock).await?;
                self.serial(change.stack(), state.serial.clone());
            }
            PartEnd::Failed { failure, .. } => return Err(failure),
        }
        for removal in gone {
            if let (Some(uid), Ok(kubernetes)) = (&removal.node_uid, &self.ports.kubernetes) {
                self.lease.check()?;
                kubernetes.delete_node(removal.node.as_str(), uid).await?;
                self.note(Entry::NodeDeleted { node: removal.node.clone(), uid: uid.clone() }).await?;
                self.tell(Event::NodeDeleted { node: removal.node.clone() });
            }
            self.pool(&change.pool).nodes.remove(&removal.node);
            ended.removed.push(removal.node.clone());
        }
        Ok(())
    }

    /// Looked at once more, right before it is relied on.
    async fn deathbed(&self, removal: &Removal) -> Result<Deathbed> {
        use crate::model::failure::Failure;
        use crate::model::machine::{MachineState, Sighting};
        let Some(machine_id) = &removal.machine_id else { return Ok(Deathbed::UnknownTwice) };
        match self.ports.cloud.sight(machine_id).await? {
            Sighting::Found(MachineState::Terminated) => Ok(Deathbed::Terminated),
            // It was unknown when this was decided, and is again, later.
            Sighting::Unknown => Ok(Deathbed::UnknownTwice),
            Sighting::Found(state) => Err(Failure::refused(format!("machine {machine_id} of node `{}` is not gone", removal.node))
                .because(format!("the cloud says that it is {state}"))
                .hint("plan again, and look at what it says now")),
        }
    }
}

pub(super) fn permit(removal: &Removal) -> Permit {
    Permit {
        node: removal.node.clone(),
        node_uid: removal.node_uid.clone(),
        machine_id: removal.machine_id.clone(),
    }
}
