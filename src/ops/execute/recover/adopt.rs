//! Finishing a part that makes machines: what stands is taken in, and the rest is made.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::adoption;
use crate::model::census::death::Suspect;
use crate::model::failure::{Failure, Result};
use crate::model::guard;
use crate::model::journal::{Entry, PartId, PartPhase, Status};
use crate::model::machine::Machine;
use crate::model::names::{NodeName, StackId};
use crate::model::plan::FoundationChange;
use crate::model::record::NodeRecord;
use crate::model::state::State;
use crate::ops::gone::Inquiry;
use crate::ops::{confirm, stacks, state};

use super::super::Ended;
use super::super::make::{Left, Made};
use super::super::session::Session;
use super::Settled;
use super::finish::phase;

impl Session<'_> {
    pub(super) async fn finish_make(
        &mut self,
        began: &Status,
        part: &PartId,
        ended: &mut Ended,
        settled: &mut Settled,
    ) -> Result<bool> {
        let made = match part.stack {
            StackId::Foundation => self.finish_foundation(began, part, settled).await?,
            StackId::Pool(_) => self.finish_pool(began, part, settled).await?,
        };
        ended.added.extend(made.nodes);
        match made.shortfall {
            Some(failure) => Err(failure),
            None => Ok(true),
        }
    }

    async fn finish_foundation(&mut self, began: &Status, part: &PartId, settled: &mut Settled) -> Result<Made> {
        let applied = phase(began, part) == Some(PartPhase::Applied);
        let FoundationChange::Create { nodes } = &self.plan.foundation else {
            if !applied {
                return Ok(self.make_foundation(&Left::default()).await?.1);
            }
            let state = self.state_of(&part.stack).await?;
            self.record_stack(part, &state, began).await?;
            return Ok(Made { nodes: Vec::new(), shortfall: None });
        };
        if applied {
            let state = self.state_of(&part.stack).await?;
            self.keep_control_plane(nodes, &state);
            self.record_stack(part, &state, began).await?;
            return Ok(Made { nodes: nodes.keys().cloned().collect(), shortfall: None });
        }
        let state = state::read(&self.ports, &part.stack).await?;
        let mut left = self.left_of(began, part, nodes.keys(), state.as_ref()).await?;
        if let Some((name, id)) = left.made.lost.iter().next() {
            return Err(Failure::failed(format!(
                "control plane `{name}` was made, and its machine {id} is gone again"
            ))
            .hint("`scaler destroy` removes what was made; then apply again, with another store"));
        }
        stacks::init_foundation(&self.ports, self.task, &self.record, &left.told(nodes)).await?;
        self.take_in(part, &mut left, state.as_ref(), settled).await?;
        Ok(self.make_foundation(&left).await?.1)
    }

    async fn finish_pool(&mut self, began: &Status, part: &PartId, settled: &mut Settled) -> Result<Made> {
        let change = self.change_of(part)?;
        let foundation = self.foundation().await?;
        if phase(began, part) == Some(PartPhase::Applied) {
            let state = self.state_of(&part.stack).await?;
            let flagged = left_imported(began, part);
            let additions = self.settle(&change.pool, &change.additions, &foundation);
            let additions = Left { adopted: flagged, ..Left::default() }.told(&additions);
            let nodes = self.keep_made(&change.pool, additions, &state);
            self.record_stack(part, &state, began).await?;
            return Ok(Made { nodes, shortfall: None });
        }
        let state = state::read(&self.ports, &part.stack).await?;
        let mut left = self.left_of(began, part, change.additions.keys(), state.as_ref()).await?;
        left.vanished = self.vanished(&change.pool).await?;
        let mut nodes: BTreeMap<NodeName, NodeRecord> = self.nodes(&change.pool);
        nodes.retain(|name, _| !left.vanished.iter().any(|(gone, _)| gone == name));
        nodes.extend(left.told(&self.settle(&change.pool, &change.additions, &foundation)));
        self.init_as_wanted(&change.pool, &nodes, &foundation).await?;
        self.take_in(part, &mut left, state.as_ref(), settled).await?;
        let made = self.make_rest(&change, &foundation, &left).await?;
        self.used_up(began, &left, settled).await?;
        Ok(made)
    }

    /// Terraform's files of a pool with these nodes.
    pub(super) async fn init_as_wanted(
        &self,
        pool: &str,
        nodes: &BTreeMap<NodeName, NodeRecord>,
        foundation: &Value,
    ) -> Result<()> {
        let tags = stacks::wanted_tags(self.task, &self.record, &self.plan.request, pool).clone();
        stacks::init_pool(&self.ports, self.task, &self.record, pool, nodes, foundation, &tags).await.map(drop)
    }

    /// How the new nodes of a part stand.
    pub(super) async fn left_of<'a>(
        &self,
        began: &Status,
        part: &PartId,
        names: impl Iterator<Item = &'a NodeName>,
        state: Option<&State>,
    ) -> Result<Left> {
        let in_state = state.map(|state| stacks::machine_ids(self.plan.provider, state)).unwrap_or_default();
        let machines = self.ports.cloud.machines(&self.record.cluster_id).await?;
        let mut made = adoption::made(names, &in_state, &machines).map_err(|why| {
            Failure::failed(format!("what part {part} made cannot be taken in"))
                .because(why)
                .hint("look at both in the cloud, terminate the one that is to go, and run scaler resume again")
        })?;
        self.settle_tainted(part, &mut made, state, &machines).await?;
        let mut adopted = left_imported(began, part);
        adopted.retain(|(name, id)| made.standing.get(name) == Some(id));
        adopted.extend(made.adoptable.iter().map(|(name, id)| (name.clone(), id.clone())));
        Ok(Left { made, adopted, vanished: Vec::new() })
    }

    /// One whose making was broken off, and that the cloud does not list, may not be there at all.
    async fn settle_tainted(
        &self,
        part: &PartId,
        made: &mut adoption::Made,
        state: Option<&State>,
        machines: &[Machine],
    ) -> Result<()> {
        let unseen: Vec<Suspect> = made
            .standing
            .iter()
            .filter(|(name, id)| self.is_tainted(part, name, state) && !machines.iter().any(|one| one.id == **id))
            .map(|(name, id)| Suspect { node: name.clone(), machine_id: id.clone() })
            .collect();
        for verdict in Inquiry::of(&self.ports, &self.record).prove(&unseen).await? {
            let Suspect { node, machine_id } = verdict.suspect;
            match verdict.found {
                Ok(_) => {
                    made.standing.remove(&node);
                    made.lost.insert(node, machine_id);
                }
                Err(doubt) => {
                    return Err(Failure::failed(format!(
                        "whether machine {machine_id} of node `{node}` stands cannot be told"
                    ))
                    .because(doubt)
                    .hint("look at it in the cloud, and run scaler resume again"));
                }
            }
        }
        Ok(())
    }

    fn is_tainted(&self, part: &PartId, name: &NodeName, state: Option<&State>) -> bool {
        let address = guard::machine_address(self.plan.provider, &part.stack, name);
        address.zip(state).is_some_and(|(address, state)| state.tainted.contains(&address))
    }

    /// Imports what no state has, and keeps what Terraform would replace only because its making was broken off.
    pub(super) async fn take_in(
        &self,
        part: &PartId,
        left: &mut Left,
        state: Option<&State>,
        settled: &mut Settled,
    ) -> Result<()> {
        let address = |name: &NodeName| {
            guard::machine_address(self.plan.provider, &part.stack, name)
                .ok_or_else(|| Failure::failed(format!("node `{name}` has no address in stack {}", part.stack)))
        };
        for (name, id) in &left.made.standing {
            if self.is_tainted(part, name, state) {
                let (node, machine_id) = (name.clone(), id.clone());
                self.note(Entry::Untainting { part: part.clone(), node, machine_id }).await?;
                self.lease.check()?;
                let address = address(name)?;
                let untaint = self.ports.terraform.untaint(&part.stack, &address, &self.lease);
                self.change_state(&part.stack, untaint).await?;
            }
        }
        for (name, id) in std::mem::take(&mut left.made.adoptable) {
            self.note(Entry::Adopting { part: part.clone(), node: name.clone(), machine_id: id.clone() }).await?;
            self.lease.check()?;
            let address = address(&name)?;
            let import = self.ports.terraform.import(&part.stack, &address, &id, &self.lease);
            self.change_state(&part.stack, import).await?;
            settled.adopted.push(name.clone());
            left.made.standing.insert(name, id);
        }
        Ok(())
    }

    /// Names whose machine is gone again are said to be not Ready, so that nobody waits for them.
    async fn used_up(&self, began: &Status, left: &Left, settled: &mut Settled) -> Result<()> {
        for (name, id) in &left.made.lost {
            let why = format!("its machine {id} was made, and is gone again");
            settled.left.push(format!("node {name} is not there: {why}; its name is used up"));
            if began.newcomers().get(name).is_some_and(|newcomer| newcomer.ready.is_none()) {
                self.note(Entry::NodeNotReady { node: name.clone(), why }).await?;
            }
            // It may have joined before it went.
            if confirm::gone(&self.ports, id, &self.interrupts).await.is_ok() {
                self.delete_node_of(name, id).await?;
            }
        }
        Ok(())
    }

    /// Nodes of a pool whose machine is proven to be gone: Terraform would make it again.
    pub(super) async fn vanished(&self, pool: &str) -> Result<Vec<guard::Machine>> {
        let machines = self.ports.cloud.machines(&self.record.cluster_id).await?;
        let suspects: Vec<Suspect> = stacks::bound(&self.nodes(pool))
            .into_iter()
            .filter(|(_, id)| machines.iter().all(|machine| machine.id != *id || machine.is_dead()))
            .map(|(node, machine_id)| Suspect { node, machine_id })
            .collect();
        let verdicts = Inquiry::of(&self.ports, &self.record).prove(&suspects).await?;
        let gone = verdicts.into_iter().filter(|verdict| verdict.found.is_ok());
        Ok(gone.map(|verdict| (verdict.suspect.node, verdict.suspect.machine_id)).collect())
    }

    pub(super) async fn state_of(&self, stack: &StackId) -> Result<State> {
        let state = state::read(&self.ports, stack).await?;
        state.ok_or_else(|| {
            Failure::failed(format!("stack {stack} was applied, and has no state any more"))
                .hint("the store's former versions may have it")
        })
    }

    /// What an apply that came to its end left to be written down.
    pub(super) async fn record_stack(&mut self, part: &PartId, state: &State, began: &Status) -> Result<()> {
        self.serial(part.stack.clone(), state.serial.clone());
        if let Some(text) = began.parts().get(part).and_then(|part| part.lock_file.clone()) {
            self.pin_lock(&part.stack, text).await?;
        }
        let tags = match part.stack.pool() {
            Some(pool) => stacks::wanted_tags(self.task, &self.record, &self.plan.request, pool).clone(),
            None => self.task.file.tags.clone(),
        };
        self.record.tags.insert(part.stack.clone(), tags);
        Ok(())
    }
}

/// The new nodes of a part whose machine a former run imported, or was about to.
fn left_imported(began: &Status, part: &PartId) -> Vec<guard::Machine> {
    let of_part = began.newcomers().iter().filter(|(_, newcomer)| newcomer.part == *part && newcomer.adopted);
    of_part.filter_map(|(name, newcomer)| Some((name.clone(), newcomer.machine_id.clone()?))).collect()
}
