//! Machines that Terraform made and could not write down, because its disk was full or the store away: the operation
//! stays open, and the next run takes them in.

use crate::model::adoption;
use crate::model::failure::Failure;
use crate::model::journal::{Entry, PartId};
use crate::model::names::NodeName;
use crate::ops::stacks;

use super::part::StateAfter;
use super::session::Session;

impl Session<'_> {
    /// After an apply that failed. Where the cloud has one of these nodes' machines and the state has not, or nobody can tell,
    /// the part is stuck. Returns the failure with what was found.
    pub(super) async fn keep_unsaved(
        &self,
        part: &PartId,
        names: impl Iterator<Item = &NodeName>,
        state: &StateAfter,
        failure: Failure,
    ) -> Failure {
        let Some(thing) = self.unsaved(part, names, state).await else { return failure };
        let noted = self.note(Entry::Stuck { part: part.clone(), thing: thing.clone() }).await;
        let failure = failure.because(thing).hint("scaler resume takes in what was made, and goes on from here");
        match noted {
            Ok(()) => failure,
            Err(unwritten) => failure.because(unwritten),
        }
    }

    async fn unsaved(
        &self,
        part: &PartId,
        names: impl Iterator<Item = &NodeName>,
        state: &StateAfter,
    ) -> Option<String> {
        let known = match state {
            StateAfter::Read(state) => Some(state),
            StateAfter::Missing => None,
            StateAfter::Unread(why) => {
                return Some(format!("what Terraform did of {} cannot be told: {why}", part.stack));
            }
        };
        let machines = match self.ports.cloud.machines(&self.record.cluster_id).await {
            Ok(machines) => machines,
            Err(failure) => {
                return Some(format!(
                    "whether Terraform made machines that its state of {} does not have cannot be told: {failure}",
                    part.stack
                ));
            }
        };
        let in_state = known.map(|state| stacks::machine_ids(self.plan.provider, state)).unwrap_or_default();
        let unsaved = match adoption::made(names, &in_state, &machines) {
            Ok(made) => made.adoptable,
            Err(why) => return Some(why),
        };
        if unsaved.is_empty() {
            return None;
        }
        let named: Vec<String> = unsaved.iter().map(|(node, id)| format!("{id} of {node}")).collect();
        Some(format!("Terraform made {}, and its state of {} does not have that", named.join(", "), part.stack))
    }
}
