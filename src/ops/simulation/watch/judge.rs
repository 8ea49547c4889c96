//! What each deed is held against.

use super::{Deed, Inner};
use crate::model::drain::CordonState;
use crate::model::journal::{Act, Entry, Start};
use crate::model::kubernetes::Node;
use crate::model::machine::MachineState;
use crate::model::names::StackId;
use crate::model::record::Record;
use crate::model::state_lock::StateLock;
use crate::ops::simulation::events::BY_HAND;
use crate::ops::simulation::world::World;
use crate::ops::simulation::{cluster, fate};
use crate::ops::testing::kubernetes::Done;

impl World {
    /// A scaler, or its Terraform, has changed something.
    pub fn did(&self, process: usize, deed: Deed) {
        self.tell(|| format!("p{process} {}", deed.told()));
        cluster::follow(self);
        if let Err(violation) = self.judge(process, &deed) {
            self.tell(|| format!("VIOLATION {violation}"));
            self.watch.violate(violation);
        }
        if let Deed::Journalled { document, .. } = &deed {
            cluster::hurry(self, &document.entry);
            fate::rouse(self, &document.entry);
        }
    }

    fn judge(&self, process: usize, deed: &Deed) -> Result<(), String> {
        let mut inner = self.watch.inner();
        if inner.lookers.contains(&process) {
            return Err(format!("p{process} was to change nothing, and did: {}", deed.told()));
        }
        if let Deed::Locked(lock) = deed {
            inner.lock_written(lock);
            return Ok(());
        }
        let pid = 1000 + process as u32;
        if inner.is_stillborn(deed) {
            return Ok(());
        }
        if inner.holder == Some(pid) {
            inner.outdates(deed);
        } else if !deed.is_free() && !inner.is_late(pid, deed) {
            let holder = inner.holder.map_or("nobody".to_owned(), |pid| format!("p{}", pid - 1000));
            return Err(format!("p{process} acts ({}), and {holder} has the lock", deed.told()));
        }
        inner.announced(deed)?;
        match deed {
            Deed::Journalled { key, document } => {
                match &document.entry {
                    Entry::Started(start) => self.retires_few(start)?,
                    Entry::Spared { .. } => self.happens("victims were spared"),
                    _ => {}
                }
                inner.journal_written(key, document, self.now())
            }
            Deed::Locked(_) | Deed::Wrote { .. } | Deed::Purged { .. } | Deed::Saved { .. } => Ok(()),
            Deed::Deleted { key, text } => self.deleted(&inner, key, *text),
            Deed::Kubernetes { done, meant } => self.kubernetes_did(&inner, done, *meant),
            Deed::DeletesNode { node } => self.node_deleted(node),
            Deed::Began { stack, work } => {
                if let Some(other) = self.works_on(&inner, stack) {
                    return Err(format!("p{process} runs Terraform on {stack}, and so does p{other}"));
                }
                inner.at_work.insert((process, (*stack).clone()), *work);
                Ok(())
            }
            Deed::Ended { stack } => {
                inner.at_work.remove(&(process, (*stack).clone()));
                Ok(())
            }
            Deed::Resets(_) => Ok(()),
            Deed::Made(machine) => self.made(&mut inner, machine),
            Deed::Ends(machine) => self.ends(&inner, machine),
        }
    }

    /// Whose Terraform works on this state. On a machine that sleeps nothing runs, and what wakes up too late is killed
    /// first.
    fn works_on(&self, inner: &Inner, stack: &StackId) -> Option<usize> {
        let awake = |process: usize| !self.time.is_frozen(process);
        inner.at_work.keys().find(|(process, on)| on == stack && awake(*process)).map(|(process, _)| *process)
    }

    /// Only what a drain may move is evicted, from a node that the operation has cordoned, and no other pod than was meant.
    fn kubernetes_did(&self, inner: &Inner, done: &Done, meant: Option<&str>) -> Result<(), String> {
        if let Done::Restored { node, .. } = done
            && self.is_reset(node)
        {
            return Err(format!("{node} is given back, and its machine was reset"));
        }
        let Done::Evicted { pod, uid, node } = done else { return Ok(()) };
        if meant.is_some_and(|meant| meant != uid) {
            return Err(format!("{pod} was evicted, and another pod of that name was meant"));
        }
        let Some(node) = node else { return Ok(()) };
        let kubernetes = self.kubernetes.world();
        let Some(found) = kubernetes.nodes.get(node) else { return Ok(()) };
        match CordonState::of(found) {
            CordonState::By(cordon) if Some(&cordon.operation) == inner.operation.as_ref() => Ok(()),
            _ => Err(format!("{pod} was evicted from {node}, which this operation has not cordoned")),
        }
    }

    fn is_reset(&self, node: &str) -> bool {
        let kubernetes = self.kubernetes.world();
        let provider_id = kubernetes.nodes.get(node).and_then(|node| node.provider_id.clone());
        let id = provider_id.as_deref().and_then(|id| id.rsplit('/').next());
        id.is_some_and(|id| self.reset.lock().unwrap().contains_key(id))
    }

    /// A Node goes after its machine: the cloud has said that this is terminated.
    fn node_deleted(&self, node: &Node) -> Result<(), String> {
        let machines = self.cloud.list(self.now());
        let standing = machines.iter().find(|machine| {
            node.provider_id.as_deref() == Some(&machine.provider_id) && machine.state != MachineState::Terminated
        });
        match standing {
            Some(machine) => {
                Err(format!("Node {} is deleted, and its machine {} is {}", node.name, machine.id, machine.state))
            }
            None => Ok(()),
        }
    }

    /// A lock of Terraform's is removed only where nobody works under it any more, and where it is one of scaler's.
    fn deleted(&self, inner: &Inner, key: &str, text: Option<&str>) -> Result<(), String> {
        let Some(lock) = text.filter(|_| key.ends_with(".tflock")).and_then(|text| StateLock::parse(text.as_bytes()))
        else {
            return Ok(());
        };
        if !lock.who.starts_with("user-") || lock.operation == BY_HAND {
            return Err(format!("the lock {key} of {} was removed, and no scaler had begun it", lock.who));
        }
        let working = inner.at_work.keys().find(|(process, stack)| {
            format!("{}.tflock", stack.state_key()) == key
                && lock.who == format!("user-{process}@machine-{process}")
                && !self.time.is_frozen(*process)
        });
        match working {
            Some((process, _)) => Err(format!("the lock {key} was removed, and p{process} is at work under it")),
            None => Ok(()),
        }
    }

    /// Many machines of a pool are retired only when a person says so for each.
    fn retires_few(&self, start: &Start) -> Result<(), String> {
        let Some(record) = self.store.text("cluster.json") else { return Ok(()) };
        let record: Record = serde_json::from_str(&record).map_err(|error| format!("the record: {error}"))?;
        for part in start.parts.iter().filter(|part| part.id.act == Act::Retire) {
            let pool = part.id.stack.pool().and_then(|pool| record.pools.get(pool));
            let (gone, total) = (part.removals.len(), pool.map_or(0, |pool| pool.nodes.len()));
            let accepted = part.removals.keys().all(|node| start.accept_lost.contains(node));
            if gone > 1 && gone * 10 > total * 3 && !accepted {
                return Err(format!("{gone} of {total} machines are retired, and nobody accepted that"));
            }
        }
        Ok(())
    }
}
