use std::time::Duration;

use super::outcome::Obstacle;
use super::{Drainer, passing};
use crate::model::drain::{Hold, Victim, Why, cordon_change};
use crate::model::failure::{Failure, Result};
use crate::model::kubernetes::{Node, Patched};
use crate::model::names::NodeName;
use crate::ops::ports::Event;

/// How often one node's change is tried. Kubelet and controllers change a Node every few seconds at most, so a second
/// try almost always meets nobody.
pub const TRIES: u32 = 10;

/// The pause before the next try; it grows with each.
pub fn pause(tries: u32) -> Duration {
    Duration::from_millis(200) * tries
}

impl Drainer<'_> {
    /// Cordons every victim for this operation. What is returned could not be: without `keep_going` the first such node
    /// ends it, and the cordons before it stand until [`Drainer::uncordon`].
    pub async fn cordon_all(&self, victims: &[Victim]) -> Result<Vec<Obstacle>> {
        let mut obstacles = Vec::new();
        for victim in victims {
            self.uninterrupted()?;
            if let Err(why) = self.cordon(victim).await? {
                let obstacle = Obstacle::new(victim, vec![Hold::node(why)]);
                self.witness.blocked(&obstacle.node(), &obstacle.reasons()).await?;
                obstacles.push(obstacle);
                if !self.keep_going {
                    break;
                }
            }
        }
        Ok(obstacles)
    }

    async fn cordon(&self, victim: &Victim) -> Result<Result<(), Why>> {
        let name = NodeName::from_text(victim.node.clone());
        let mut tries = 0;
        loop {
            tries += 1;
            let node = match self.victim_node(victim).await? {
                Ok(node) => node,
                Err(why) => return Ok(Err(why)),
            };
            let change = match cordon_change(&node, self.operation) {
                Ok(None) => break,
                Ok(Some(change)) => change,
                Err(why) => return Ok(Err(why)),
            };
            self.witness.cordoning(&name, &victim.uid, node.unschedulable).await?;
            self.lease.check()?;
            match self.kubernetes.change_node(&change).await {
                Ok(Patched::Done(_)) => break,
                Ok(Patched::Gone) => return Ok(Err(Why::NodeGone)),
                Ok(Patched::Conflict) if tries < TRIES => {}
                Ok(Patched::Conflict) => return Err(never_alone(&name, "cordoned")),
                // The answer may be lost and the change done; the next read tells.
                Err(failure) if passing(&failure) && tries < TRIES => {}
                Err(failure) => return Err(failure.context(format!("node {name} could not be cordoned"))),
            }
            self.sleep(pause(tries)).await?;
        }
        self.witness.cordoned(&name, &victim.uid).await?;
        self.progress.tell(Event::Cordoned { node: name });
        Ok(Ok(()))
    }

    /// The victim's Node, if it is still that one.
    pub(super) async fn victim_node(&self, victim: &Victim) -> Result<Result<Node, Why>> {
        Ok(match self.kubernetes.node(&victim.node).await? {
            None => Err(Why::NodeGone),
            Some(node) if node.uid != victim.uid => Err(Why::NodeReplaced { uid: node.uid }),
            Some(node) => Ok(node),
        })
    }
}

pub fn never_alone(name: &NodeName, what: &str) -> Failure {
    Failure::failed(format!("node {name} could not be {what}"))
        .because(format!("somebody else changed it between each of {TRIES} reads and writes"))
        .hint(format!("see who does: `kubectl get node {name} --show-managed-fields -o yaml`"))
}
