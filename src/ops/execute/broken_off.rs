//! New machines of an apply that failed: those that stand are kept, whatever became of their making.

use std::collections::BTreeSet;

use crate::model::failure::{Failure, Result};
use crate::model::journal::{Entry, PartId};
use crate::model::names::NodeName;
use crate::model::state::State;
use crate::model::{adoption, guard};
use crate::ops::{stacks, state};

use super::session::Session;

impl Session<'_> {
    /// After an apply that failed: a machine that stands and that the state does not have is known to the cloud alone,
    /// because Terraform could not save the state. The operation stays open for it, and settling that takes it in.
    pub(super) async fn keep_open<'n>(
        &self,
        part: &PartId,
        names: impl Iterator<Item = &'n NodeName>,
        state: Option<&State>,
        failure: Failure,
    ) -> Result<Failure> {
        let ids = state.map(|state| stacks::machine_ids(self.plan.provider, state)).unwrap_or_default();
        let mut missing: BTreeSet<&NodeName> = names.filter(|name| !ids.contains_key(*name)).collect();
        if missing.is_empty() {
            return Ok(failure);
        }
        let told = |names: &BTreeSet<&NodeName>| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        let thing = match self.ports.cloud.machines(&self.record.cluster_id).await {
            Ok(machines) => {
                missing
                    .retain(|name| machines.iter().any(|one| one.node.as_ref() == Some(*name) && adoption::lives(one)));
                format!("made, and in no state of Terraform's: {}", told(&missing))
            }
            Err(unlisted) => format!("whether machines were made of {} cannot be told: {unlisted}", told(&missing)),
        };
        if missing.is_empty() {
            return Ok(failure);
        }
        self.note(Entry::Stuck { part: part.clone(), thing: thing.clone() }).await?;
        Ok(failure.because(thing).hint("`scaler resume` takes in what was made, and goes on from there"))
    }

    /// Machines that stand, and whose making was broken off, are kept: Terraform would replace them with the next plan,
    /// and no operation replaces. Returns the state after that, the failure with what stood against it, and those that the
    /// cloud does not list: nobody is to wait for them.
    pub(super) async fn keep_broken_off<'n>(
        &self,
        part: &PartId,
        names: impl Iterator<Item = &'n NodeName>,
        state: State,
        failure: Failure,
    ) -> (State, Failure, BTreeSet<NodeName>) {
        let ids = stacks::machine_ids(self.plan.provider, &state);
        let tainted = names.filter_map(|name| {
            let address = guard::machine_address(self.plan.provider, &part.stack, name)?;
            let id = ids.get(name).filter(|_| state.tainted.contains(&address))?;
            Some((name.clone(), id.clone(), address))
        });
        let tainted: Vec<(NodeName, String, String)> = tainted.collect();
        if tainted.is_empty() {
            return (state, failure, BTreeSet::new());
        }
        let mut unseen = BTreeSet::new();
        match self.keep_tainted(part, tainted, &mut unseen).await {
            Ok(after) => (after.unwrap_or(state), failure, unseen),
            Err(why) => (state, failure.because(why), unseen),
        }
    }

    async fn keep_tainted(
        &self,
        part: &PartId,
        tainted: Vec<(NodeName, String, String)>,
        unseen: &mut BTreeSet<NodeName>,
    ) -> Result<Option<State>> {
        let machines = self.ports.cloud.machines(&self.record.cluster_id).await?;
        for (node, machine_id, address) in tainted {
            // One that is not there is retired by the next operation.
            if !machines.iter().any(|machine| machine.id == machine_id && adoption::lives(machine)) {
                unseen.insert(node);
                continue;
            }
            self.note(Entry::Untainting { part: part.clone(), node, machine_id }).await?;
            self.lease.check()?;
            let untaint = self.ports.terraform.untaint(&part.stack, &address, &self.lease);
            self.change_state(&part.stack, untaint).await?;
        }
        state::read(self.ports, &part.stack).await
    }
}
