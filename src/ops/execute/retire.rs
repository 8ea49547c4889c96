//! Machines that the cloud proves to be gone leave Terraform's state, the cluster and the record.

use serde_json::Value;

use crate::model::census::death::Suspect;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::guard;
use crate::model::journal::{Act, Deathbed, Entry, PartId, Permit, Proof};
use crate::model::plan::{PoolChange, Removal, Way};
use crate::ops::gone::Inquiry;
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
        for removal in gone {
            self.note(Entry::Evidence {
                node: removal.node.clone(),
                uid: removal.node_uid.clone(),
                machine_id: removal.machine_id.clone(),
                proof: Proof::Gone { seen: self.deathbed(removal).await? },
            })
            .await?;
        }
        self.forget(change, gone, foundation).await?;
        self.forgotten(&change.pool, gone, ended).await.map_err(|failure| failure.with_kind(Kind::Partial))
    }

    /// Lets Terraform's state forget machines that are proven to be gone.
    pub(super) async fn forget(&mut self, change: &PoolChange, gone: &[&Removal], foundation: &Value) -> Result<()> {
        let id = PartId::new(change.stack(), Act::Retire);
        let mut nodes = self.nodes(&change.pool);
        for removal in gone {
            nodes.remove(&removal.node);
        }
        let tags = stacks::standing_tags(self.task, &self.record, &change.pool);
        let lock_file =
            stacks::init_pool(&self.ports, self.task, &self.record, &change.pool, &nodes, foundation, tags).await?;
        let machines: Vec<guard::Machine> =
            gone.iter().filter_map(|removal| Some((removal.node.clone(), removal.machine_id.clone()?))).collect();
        let run = PartRun {
            id,
            mode: PlanMode::Apply,
            expected: guard::permits_for_pool(
                self.plan.provider,
                self.flavour().await?,
                &change.pool,
                &guard::PoolChange { gone: &machines, ..Default::default() },
            ),
            permits: gone.iter().map(|removal| permit(removal)).collect(),
            leaving: Vec::new(),
            lock_file,
        };
        match self.run_part(&run, async || Ok(())).await? {
            PartEnd::Done(state) => {
                self.pin(&run).await?;
                self.serial(change.stack(), state.serial.clone());
            }
            PartEnd::Failed { failure, .. } => return Err(failure),
        }
        Ok(())
    }

    /// Their Nodes go, and their places in the record.
    pub(super) async fn forgotten(&mut self, pool: &str, gone: &[&Removal], ended: &mut Ended) -> Result<()> {
        for removal in gone {
            self.pool(pool).nodes.remove(&removal.node);
            ended.removed.push(removal.node.clone());
            self.delete_node(removal).await?;
        }
        Ok(())
    }

    /// Proven once more, right before it is relied on.
    async fn deathbed(&self, removal: &Removal) -> Result<Deathbed> {
        let unproven =
            || Failure::refused(format!("nobody can prove that the machine of node `{}` is gone", removal.node));
        let Some(machine_id) = &removal.machine_id else {
            return Err(unproven().because("the record knows no machine of it"));
        };
        let suspect = Suspect { node: removal.node.clone(), machine_id: machine_id.clone() };
        let verdicts = Inquiry::of(&self.ports, &self.record).prove(&[suspect]).await?;
        match verdicts.into_iter().next().map(|verdict| verdict.found) {
            Some(Ok(death)) => Ok(death.seen()),
            Some(Err(doubt)) => Err(unproven().because(doubt).hint("plan again, and look at what it says now")),
            None => Err(unproven()),
        }
    }
}

pub(super) fn permit(removal: &Removal) -> Permit {
    Permit { node: removal.node.clone(), node_uid: removal.node_uid.clone(), machine_id: removal.machine_id.clone() }
}
