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
        let told = |(name, id, _): &(NodeName, String, String)| format!("{id} of {name}");
        let kept: Vec<String> = tainted.iter().map(told).collect();
        let mut unseen = BTreeSet::new();
        match self.keep_tainted(part, tainted, &mut unseen).await {
            Ok(after) => (after.unwrap_or(state), failure, unseen),
            Err(why) => {
                // Until Terraform knows that, every plan of this stack is one that replaces, and refused.
                let thing = format!("Terraform was not told to keep {}: {why}", kept.join(", "));
                let noted = self.note(Entry::Stuck { part: part.clone(), thing: thing.clone() }).await;
                let mut failure = failure.because(thing).hint("scaler resume goes on from here");
                if let Err(unwritten) = noted {
                    failure = failure.because(unwritten);
                }
                (state, failure, unseen)
            }
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
        state::read(&self.ports, &part.stack).await
    }
}
