//! What follows the apply that removed machines: their deaths are confirmed, and their Node objects go.

use std::time::Duration;

use crate::model::census::{Roll, Tie};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::{Act, Entry, PartId};
use crate::model::names::NodeName;
use crate::model::plan::Removal;
use crate::ops::confirm;
use crate::ops::ports::{Event, Kubernetes};

use super::carry_on::Words;
use super::session::Session;

/// How long a Node may take to go that was deleted, or an API server that is away to come back, and how often it is asked:
/// longer than the restart of a single control plane.
const DELETION: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_secs(2);

impl Session<'_> {
    /// Confirms that the machines are gone and deletes their Nodes. Their apply was done: an error is `Stuck`, unless the
    /// whole cluster goes. A `destroy` may be repeated as it is, and is what finishes this.
    pub async fn bury(&mut self, part: &PartId, pool: &str, removals: &[&Removal]) -> Result<()> {
        for removal in removals {
            if let Err(failure) = self.bury_one(removal).await {
                if part.act == Act::Destroy {
                    return Err(failure
                        .context(format!("the end of node `{}` could not be confirmed", removal.node))
                        .with_kind(Kind::Partial)
                        .hint(format!(
                            "run scaler destroy again; where it runs on all the same, Terraform has lost sight of it: terminate {} \
                             in the cloud first",
                            removal.machine_id.as_deref().unwrap_or("its machine")
                        )));
                }
                let stuck = stuck(failure, removal);
                return match self.note(Entry::Stuck { part: part.clone(), thing: stuck.to_string() }).await {
                    Ok(()) => Err(stuck),
                    Err(unwritten) => Err(stuck.because(unwritten)),
                };
            }
            self.pool(pool).nodes.remove(&removal.node);
        }
        Ok(())
    }

    async fn bury_one(&self, removal: &Removal) -> Result<()> {
        if let Some(machine_id) = &removal.machine_id {
            let words = Words {
                first: format!(
                    "interrupted past the point of no return: the end of machine {machine_id} is waited for; a second \
                     signal ends the waiting"
                ),
                second: format!("the end of machine {machine_id} is not waited for any longer"),
            };
            self.carry_on(words, confirm::gone(&self.ports, machine_id, &self.interrupts)).await?;
            self.note(Entry::MachineGone { node: removal.node.clone(), machine_id: machine_id.clone() }).await?;
            self.tell(Event::MachineGone { node: removal.node.clone(), machine: machine_id.clone() });
        }
        self.delete_node(removal).await
    }

    /// Deletes the Node that says it is this machine, which is gone: nobody knew of it when the operation was decided. A
    /// cluster that cannot be asked keeps it.
    pub(super) async fn delete_node_of(&self, name: &NodeName, machine_id: &str) -> Result<()> {
        let Ok(kubernetes) = &self.ports.kubernetes else { return Ok(()) };
        let Ok(nodes) = kubernetes.nodes().await else { return Ok(()) };
        let roll = Roll::of(self.plan.provider, &nodes.items);
        let Some(node) = nodes.items.iter().find(|node| roll.machine_of(node) == Some(machine_id)) else {
            return Ok(());
        };
        self.lease.check()?;
        kubernetes.delete_node(&node.name, &node.uid).await?;
        self.tell(Event::NodeDeleted { node: name.clone() });
        Ok(())
    }

    /// Deletes the Node of a machine that is gone, if there is a way to the cluster, and waits until it is not there any
    /// more: a finalizer may hold it for a while, and the API server may be away. One that came back in the meantime
    /// goes with it.
    pub async fn delete_node(&self, removal: &Removal) -> Result<()> {
        let Ok(kubernetes) = &self.ports.kubernetes else { return Ok(()) };
        let Some(uid) = &removal.node_uid else {
            return match &removal.machine_id {
                Some(machine_id) => self.delete_node_of(&removal.node, machine_id).await,
                None => Ok(()),
            };
        };
        let deadline = self.ports.clock.boot().after(DELETION);
        loop {
            self.lease.check()?;
            let held = match self.delete_both(kubernetes.as_ref(), removal, uid).await {
                Ok(true) => break,
                Ok(false) => Failure::failed(format!("Node `{}` was deleted, and is still there", removal.node))
                    .because("a finalizer holds it")
                    .hint(format!("see who put it there: kubectl get node {} -o yaml", removal.node)),
                // Asking again is safe: the UID is a precondition.
                Err(failure) if failure.kind == Kind::Failed => failure,
                Err(failure) => return Err(failure),
            };
            if self.ports.clock.boot() >= deadline {
                return Err(held);
            }
            tokio::select! {
                biased;
                () = self.ports.clock.sleep(LOOK_EVERY) => {}
                () = self.interrupts.second() => return Err(held.because("a second signal ended the waiting")),
            }
        }
        self.note(Entry::NodeDeleted { node: removal.node.clone(), uid: uid.clone() }).await?;
        self.tell(Event::NodeDeleted { node: removal.node.clone() });
        Ok(())
    }

    /// The Node with this UID, and one that took its place: a kubelet that is started after its Node was deleted makes
    /// another, under the same name. True if neither is left.
    async fn delete_both(&self, kubernetes: &dyn Kubernetes, removal: &Removal, uid: &str) -> Result<bool> {
        let name = removal.node.as_str();
        if !kubernetes.delete_node(name, uid).await? {
            return Ok(false);
        }
        let (Some(machine_id), Some(node)) = (&removal.machine_id, kubernetes.node(name).await?) else {
            return Ok(true);
        };
        let roll = Roll::of(self.plan.provider, std::slice::from_ref(&node));
        match roll.tie(&removal.node, Some(machine_id), &[]) {
            Tie::Node(again) => {
                self.lease.check()?;
                kubernetes.delete_node(name, &again.uid).await
            }
            // Another machine's.
            Tie::None | Tie::Conflict { .. } => Ok(true),
        }
    }
}

fn stuck(failure: Failure, removal: &Removal) -> Failure {
    failure
        .context(format!("node `{}` was given up, and that could not be finished", removal.node))
        .with_kind(Kind::Partial)
        .hint("its machine is not to be used again; `scaler status` shows what remains")
}
