use super::cordon::{TRIES, never_alone, pause};
use super::{Drainer, PATIENCE, passing};
use crate::model::drain::{Victim, restore_change};
use crate::model::failure::Result;
use crate::model::journal::UncordonFound;
use crate::model::kubernetes::Patched;
use crate::model::names::NodeName;
use crate::ops::ports::{BootInstant, Event};

impl Drainer<'_> {
    /// Gives each node back as the operation found it. No signal ends it, and one node that fails does not keep the
    /// others; there is one answer a victim, in their order. Only what carries this operation's mark is touched.
    pub async fn uncordon(&self, victims: &[Victim]) -> Vec<(Victim, Result<UncordonFound>)> {
        let deadline = self.clock.boot().after(PATIENCE);
        let mut answers = Vec::new();
        for victim in victims {
            answers.push((victim.clone(), self.uncordon_one(victim, deadline).await));
        }
        answers
    }

    async fn uncordon_one(&self, victim: &Victim, deadline: BootInstant) -> Result<UncordonFound> {
        let name = NodeName::from_text(victim.node.clone());
        let failed = format!("node {name} could not be given back as it was before");
        let (mut tries, mut conflicts) = (0, 0);
        loop {
            tries += 1;
            match self.try_to_uncordon(victim).await {
                Ok(Some(found)) => {
                    if found == UncordonFound::Ours {
                        self.progress.tell(Event::Uncordoned { node: name });
                    }
                    return Ok(found);
                }
                Ok(None) => {
                    conflicts += 1;
                    if conflicts >= TRIES {
                        return Err(never_alone(&name, "given back as it was before"));
                    }
                }
                Err(failure) if passing(&failure) && self.clock.boot() < deadline => {}
                Err(failure) => {
                    return Err(failure.context(failed).hint(format!(
                        "when the cluster answers again: `kubectl uncordon {name}`, unless you had cordoned it \
                         yourself, and `kubectl annotate node {name} scaler/operation-`"
                    )));
                }
            }
            self.clock.sleep(pause(tries.min(TRIES))).await;
        }
    }

    /// None: somebody changed the Node meanwhile.
    async fn try_to_uncordon(&self, victim: &Victim) -> Result<Option<UncordonFound>> {
        let Ok(node) = self.victim_node(victim).await? else { return Ok(Some(UncordonFound::Gone)) };
        let Ok(Some(change)) = restore_change(&node, self.operation) else { return Ok(Some(UncordonFound::NotOurs)) };
        self.lease.check()?;
        Ok(match self.kubernetes.change_node(&change).await? {
            Patched::Done(_) => Some(UncordonFound::Ours),
            Patched::Gone => Some(UncordonFound::Gone),
            Patched::Conflict => None,
        })
    }
}
