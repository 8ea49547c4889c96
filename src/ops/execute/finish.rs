//! What follows the apply that removed machines: their deaths are confirmed, and their Node objects go.

use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::{Entry, PartId};
use crate::model::plan::Removal;
use crate::ops::confirm;
use crate::ops::ports::Event;

use super::carry_on::Words;
use super::session::Session;

impl Session<'_> {
    /// Confirms that the machines are gone and deletes their Nodes. Their apply was done: an error is `Stuck`.
    pub async fn bury(&mut self, part: &PartId, pool: &str, removals: &[&Removal]) -> Result<()> {
        for removal in removals {
            if let Err(failure) = self.bury_one(removal).await {
                let thing = failure.to_string();
                self.note(Entry::Stuck { part: part.clone(), thing }).await?;
                return Err(stuck(failure, removal));
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
            self.carry_on(words, confirm::gone(self.ports, machine_id, &self.interrupts)).await?;
            self.note(Entry::MachineGone { node: removal.node.clone(), machine_id: machine_id.clone() }).await?;
            self.tell(Event::MachineGone { node: removal.node.clone(), machine: machine_id.clone() });
        }
        let (Some(uid), Ok(kubernetes)) = (&removal.node_uid, &self.ports.kubernetes) else { return Ok(()) };
        self.lease.check()?;
        kubernetes.delete_node(removal.node.as_str(), uid).await?;
        self.note(Entry::NodeDeleted { node: removal.node.clone(), uid: uid.clone() }).await?;
        self.tell(Event::NodeDeleted { node: removal.node.clone() });
        Ok(())
    }
}

fn stuck(failure: Failure, removal: &Removal) -> Failure {
    failure
        .context(format!("node `{}` was given up, and that could not be finished", removal.node))
        .with_kind(Kind::Partial)
        .hint("its machine is not to be used again; `scaler status` shows what remains")
}
