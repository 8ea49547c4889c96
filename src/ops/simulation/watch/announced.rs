//! Intent before effect: the journal, as it lies in the store, speaks of each deed before it is done.

use super::{Deed, Inner, Work};
use crate::model::join_file;
use crate::model::journal::{PartPhase, Proof, Status, Victim, VictimPhase};
use crate::model::names::{NodeName, StackId};
use crate::ops::testing::kubernetes::Done;

impl Inner {
    pub(super) fn announced(&self, deed: &Deed) -> Result<(), String> {
        let announced = match deed {
            Deed::Kubernetes { done, .. } => match done {
                Done::Cordoned { node } => self.victim(node).is_some_and(|victim| victim.cordon.is_some()),
                Done::Labelled { node } => {
                    self.status().is_some_and(|status| status.labelling().contains(&NodeName::from_text(node)))
                }
                Done::Evicted { node: Some(node), .. } => self.victim(node).is_some_and(leaves),
                // That the journal cannot be written leaves no node cordoned: it says already that the node may be.
                Done::Restored { node, .. } => {
                    self.victim(node).is_some_and(|victim| victim.cordon.is_some() && !victim.is_past())
                }
                Done::Evicted { node: None, .. } | Done::Refused { .. } => true,
            },
            Deed::Resets(machine) => {
                let node = machine.node.as_ref();
                node.is_some_and(|node| self.status().is_some_and(|status| resets(status, node)))
            }
            Deed::Wrote { key } if key.starts_with(join_file::FOLDER) => self.offered.contains(*key),
            Deed::Began { stack, work } => self.status().is_some_and(|status| begins(status, stack, *work)),
            Deed::Made(machine) => match &machine.node {
                Some(node) => self.status().is_some_and(|status| makes(status, node)),
                None => false,
            },
            _ => true,
        };
        match announced {
            true => Ok(()),
            false => Err(format!("the journal did not speak of it before: {}", deed.told())),
        }
    }

    fn victim(&self, node: &str) -> Option<&Victim> {
        self.status()?.victims().get(&NodeName::from_text(node))
    }
}

fn leaves(victim: &Victim) -> bool {
    victim.phase == VictimPhase::Draining || victim.is_past()
}

/// Past its part's point of no return, drained, and told to leave by name of its part.
fn resets(status: &Status, node: &NodeName) -> bool {
    let Some(victim) = status.victims().get(node) else { return false };
    let part = status.parts().get(&victim.part);
    victim.is_past() && victim.proof == Some(Proof::Drained) && part.is_some_and(|part| part.left)
}

fn begins(status: &Status, stack: &StackId, work: Work) -> bool {
    let mut phases = status.parts().iter().filter(|(part, _)| part.stack == *stack).map(|(_, part)| part);
    match work {
        Work::Plan => phases.any(|part| part.phase == PartPhase::Planning),
        Work::Apply => phases.any(|part| part.phase == PartPhase::Applying),
        Work::Edit => phases.any(|part| part.past),
    }
}

fn makes(status: &Status, node: &NodeName) -> bool {
    let part = status.newcomers().get(node).and_then(|newcomer| status.parts().get(&newcomer.part));
    part.is_some_and(|part| part.phase == PartPhase::Applying)
}
