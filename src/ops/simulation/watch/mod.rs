//! Who watches: sees every change at the moment at which it takes effect, and knows what must never be.
//!
//! Nothing here asks the code that is tested. What happened is held against the world itself, and against the journal
//! as it lies in the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;

use super::cluster;
use super::world::World;
use crate::model::drain::{Cordon, CordonState};
use crate::model::journal::{Command, Document, Entry, Proof, Status};
use crate::model::kubernetes::Node;
use crate::model::lock::{Lock, LockState};
use crate::model::machine::{Machine, Role};
use crate::model::names::{NodeName, OperationId, StackId};
use crate::ops::testing::kubernetes::Done;

/// A change of the outside that took effect.
pub enum Deed<'a> {
    Locked(&'a Lock),
    Journalled {
        key: &'a str,
        document: &'a Document,
    },
    Wrote {
        key: &'a str,
    },
    Deleted {
        key: &'a str,
    },
    Kubernetes(&'a Done),
    DeletesNode {
        node: &'a Node,
    },
    /// Terraform has its lock on a state, and works.
    Began {
        stack: &'a StackId,
    },
    Ended {
        stack: &'a StackId,
    },
    /// Terraform wrote a state.
    Saved {
        stack: &'a StackId,
    },
    Made(&'a Machine),
    /// About to end a machine.
    Ends(&'a Machine),
}

#[derive(Default)]
pub struct Watch {
    inner: Mutex<Inner>,
    /// What must never be, and was.
    violation: Mutex<Option<String>>,
    rung: Notify,
}

#[derive(Default, Clone)]
struct Inner {
    /// The pid of who has the lock by its document, and the operation that this names.
    holder: Option<u32>,
    operation: Option<OperationId>,
    journals: BTreeMap<OperationId, Status>,
    /// Which Terraform works on which state: scaler and stack.
    at_work: BTreeSet<(usize, StackId)>,
    nodes: BTreeSet<String>,
    /// Machines that ended by themselves.
    vanished: BTreeSet<String>,
    kinds: BTreeSet<&'static str>,
    /// When a person last uncordoned a node.
    uncordoned: BTreeMap<String, Duration>,
    /// When an operation last passed a point of no return.
    passed: BTreeMap<OperationId, Duration>,
    /// Pool → its least and greatest size.
    bounds: BTreeMap<String, (usize, usize)>,
}

impl Watch {
    pub fn copy(&self) -> Watch {
        Watch { inner: Mutex::new(self.inner.lock().unwrap().clone()), ..Watch::default() }
    }

    pub fn bounds(&self, pool: &str, min: usize, max: usize) {
        self.inner.lock().unwrap().bounds.insert(pool.to_owned(), (min, max));
    }

    pub fn becomes_node(&self, machine: &str) {
        self.inner.lock().unwrap().nodes.insert(machine.to_owned());
    }

    pub fn was_node(&self, machine: &str) -> bool {
        self.inner.lock().unwrap().nodes.contains(machine)
    }

    pub fn uncordoned(&self, node: &str, at: Duration) {
        self.inner.lock().unwrap().uncordoned.insert(node.to_owned(), at);
    }

    pub fn vanishes(&self, machine: &str) {
        self.inner.lock().unwrap().vanished.insert(machine.to_owned());
    }

    /// The kinds of entries that were written.
    pub fn kinds(&self) -> BTreeSet<&'static str> {
        self.inner.lock().unwrap().kinds.clone()
    }

    pub fn tools_died(&self, process: usize) {
        self.inner.lock().unwrap().at_work.retain(|(one, _)| *one != process);
    }

    pub fn journals(&self) -> BTreeMap<OperationId, Status> {
        self.inner.lock().unwrap().journals.clone()
    }

    pub fn violation(&self) -> Option<String> {
        self.violation.lock().unwrap().clone()
    }

    pub fn violate(&self, what: String) {
        self.violation.lock().unwrap().get_or_insert(what);
        self.rung.notify_one();
    }

    /// Returns when something was that must never be.
    pub async fn violated(&self) -> String {
        loop {
            if let Some(violation) = self.violation() {
                return violation;
            }
            self.rung.notified().await;
        }
    }
}

impl World {
    /// A scaler, or its Terraform, has changed something.
    pub fn did(&self, process: usize, deed: Deed) {
        self.tell(|| format!("p{process} {}", told(&deed)));
        cluster::follow(self);
        if let Err(violation) = self.judge(process, &deed) {
            self.tell(|| format!("VIOLATION {violation}"));
            self.watch.violate(violation);
        }
    }

    fn judge(&self, process: usize, deed: &Deed) -> Result<(), String> {
        let mut inner = self.watch.inner.lock().unwrap();
        let free = match deed {
            Deed::Locked(lock) => {
                inner.lock_written(lock);
                return Ok(());
            }
            // Their names are their content, or nothing goes by them.
            Deed::Wrote { key } => ["inputs/", "history/", "probe/"].iter().any(|folder| key.starts_with(folder)),
            Deed::Deleted { key } if key.starts_with("probe/") => true,
            Deed::Ended { .. } => true,
            _ => false,
        };
        let pid = 1000 + process as u32;
        if !free && inner.holder != Some(pid) {
            let holder = inner.holder.map_or("nobody".to_owned(), |pid| format!("p{}", pid - 1000));
            return Err(format!("p{process} acts ({}), and {holder} has the lock", told(deed)));
        }
        match deed {
            Deed::Journalled { key, document } => inner.journal_written(key, document, self.now()),
            Deed::Locked(_) | Deed::Wrote { .. } | Deed::Deleted { .. } | Deed::Saved { .. } => Ok(()),
            Deed::Kubernetes(done) => self.kubernetes_did(&inner, done),
            Deed::DeletesNode { node } => self.node_deleted(node),
            Deed::Began { stack } => {
                // On a machine that sleeps nothing runs, and what wakes up too late is killed first.
                let awake = |one: &(usize, StackId)| one.1 == **stack && !self.time.is_frozen(one.0);
                if let Some((other, _)) = inner.at_work.iter().find(|one| awake(one)) {
                    return Err(format!("p{process} runs Terraform on {stack}, and so does p{other}"));
                }
                inner.at_work.insert((process, (*stack).clone()));
                Ok(())
            }
            Deed::Ended { stack } => {
                inner.at_work.remove(&(process, (*stack).clone()));
                Ok(())
            }
            Deed::Made(machine) => self.made(&inner, machine),
            Deed::Ends(machine) => self.ends(&inner, machine),
        }
    }

    /// Only what a drain may move is evicted, from a node that the operation has cordoned.
    fn kubernetes_did(&self, inner: &Inner, done: &Done) -> Result<(), String> {
        let Done::Evicted { pod, node: Some(node), .. } = done else { return Ok(()) };
        let kubernetes = self.kubernetes.world();
        let Some(found) = kubernetes.nodes.get(node) else { return Ok(()) };
        match CordonState::of(found) {
            CordonState::By(cordon) if Some(&cordon.operation) == inner.operation.as_ref() => Ok(()),
            _ => Err(format!("{pod} was evicted from {node}, which this operation has not cordoned")),
        }
    }

    /// A Node goes after its machine.
    fn node_deleted(&self, node: &Node) -> Result<(), String> {
        let living = self.cloud.living();
        match living.iter().find(|machine| node.provider_id.as_deref() == Some(&machine.provider_id)) {
            Some(machine) => Err(format!("Node {} is deleted, and its machine {} lives", node.name, machine.id)),
            None => Ok(()),
        }
    }

    fn made(&self, inner: &Inner, machine: &Machine) -> Result<(), String> {
        let living = self.cloud.living();
        if let Some(twin) = living.iter().find(|other| other.id != machine.id && other.node == machine.node) {
            return Err(format!("{:?} was made twice: {} and {}", machine.node, twin.id, machine.id));
        }
        let Some(pool) = &machine.pool else { return Ok(()) };
        let size = living.iter().filter(|other| other.pool.as_ref() == Some(pool)).count();
        match inner.bounds.get(pool) {
            Some((_, max)) if size > *max => Err(format!("pool {pool} has {size} machines, and at most {max} may be")),
            _ => Ok(()),
        }
    }

    /// No machine dies but for a proven reason.
    fn ends(&self, inner: &Inner, machine: &Machine) -> Result<(), String> {
        let name = machine.node.as_ref().map(ToString::to_string).unwrap_or_default();
        let status = inner.operation.as_ref().and_then(|operation| inner.journals.get(operation));
        let Some(status) = status else { return Err(format!("{name} ends, and no journal knows why")) };
        if status.start().command == Command::Destroy {
            return Ok(());
        }
        if machine.role == Some(Role::ControlPlane) {
            return Err(format!("control plane {name} ends"));
        }
        let victims = status.victims();
        let victim = victims.get(&NodeName::from_text(name.clone()));
        let victim = victim.filter(|victim| victim.removal.machine_id.as_deref() == Some(&machine.id));
        let Some(victim) = victim else { return Err(format!("{name} ends, and is no victim of its operation")) };
        if !victim.is_past() {
            return Err(format!("{name} ends before its point of no return"));
        }
        let proof = victim.proof.as_ref().ok_or_else(|| format!("{name} ends without a proof"))?;
        if !matches!(proof, Proof::Accepted { .. }) {
            // Whoever uncordons a node in the last moment, or later, cannot be helped.
            let passed = inner.passed.get(status.operation()).copied().unwrap_or_default();
            if inner.uncordoned.get(&name).is_none_or(|at| *at + LAST_MOMENT < passed) {
                self.harmless(status.operation(), machine, &name)?;
            }
        }
        let Some(pool) = &machine.pool else { return Ok(()) };
        let lost = inner.vanished.len();
        let left = self.cloud.living().iter().filter(|other| other.pool.as_ref() == Some(pool)).count() - 1;
        match inner.bounds.get(pool) {
            Some((min, _)) if left + lost < *min => {
                Err(format!("pool {pool} shrinks to {left}, and at least {min} must be"))
            }
            _ => Ok(()),
        }
    }

    /// Whatever was proven: nothing runs there that anybody would miss.
    fn harmless(&self, operation: &OperationId, machine: &Machine, name: &str) -> Result<(), String> {
        let kubernetes = self.kubernetes.world();
        let Some(node) =
            kubernetes.nodes.values().find(|node| node.provider_id.as_deref() == Some(&machine.provider_id))
        else {
            return Ok(());
        };
        match CordonState::of(node) {
            CordonState::By(Cordon { operation: by, .. }) if by == *operation && node.unschedulable => {}
            other => return Err(format!("{name} ends, and its Node is not cordoned by the operation: {other:?}")),
        }
        let there = kubernetes.pods.iter().map(|living| &living.pod).filter(|pod| pod.node.as_deref() == Some(name));
        let missed: Vec<String> =
            there.filter(|pod| !pod.owned_by("DaemonSet") && !pod.finished()).map(|pod| pod.title()).collect();
        if missed.is_empty() { Ok(()) } else { Err(format!("{name} ends with {} on it", missed.join(", "))) }
    }
}

impl Inner {
    fn lock_written(&mut self, lock: &Lock) {
        self.holder = (lock.state == LockState::Held).then_some(lock.holder.pid);
        self.operation = Some(lock.operation.clone());
    }

    /// The journal is dense, and tells nothing that may not be.
    fn journal_written(&mut self, key: &str, document: &Document, now: Duration) -> Result<(), String> {
        self.kinds.insert(kind_of_entry(&document.entry));
        if let Entry::PointOfNoReturn { .. } = &document.entry {
            self.passed.insert(document.operation.clone(), now);
        }
        let written = match self.journals.get_mut(&document.operation) {
            Some(status) => status.follow(document),
            None => {
                Status::begin(document).map(|status| drop(self.journals.insert(document.operation.clone(), status)))
            }
        };
        written.map_err(|illegal| format!("{key}: {illegal}"))
    }
}

/// The name of a kind of entries, one of [`KINDS`]. A new kind has to be thought of in both.
pub fn kind_of_entry(entry: &Entry) -> &'static str {
    match entry {
        Entry::Started(_) => "started",
        Entry::TakenOver { .. } => "taken-over",
        Entry::Cordoning { .. } => "cordoning",
        Entry::Cordoned { .. } => "cordoned",
        Entry::DrainStarted { .. } => "drain-started",
        Entry::Evidence { .. } => "evidence",
        Entry::NodeBlocked { .. } => "node-blocked",
        Entry::Spared { .. } => "spared",
        Entry::PlanStarted { .. } => "plan-started",
        Entry::Planned { .. } => "planned",
        Entry::PartBlocked { .. } => "part-blocked",
        Entry::PointOfNoReturn { .. } => "point-of-no-return",
        Entry::ApplyEnded { .. } => "apply-ended",
        Entry::Adopting { .. } => "adopting",
        Entry::Untainting { .. } => "untainting",
        Entry::NodeReady { .. } => "node-ready",
        Entry::NodeNotReady { .. } => "node-not-ready",
        Entry::MachineGone { .. } => "machine-gone",
        Entry::NodeDeleted { .. } => "node-deleted",
        Entry::UndoBegan { .. } => "undo-began",
        Entry::Uncordoned { .. } => "uncordoned",
        Entry::Stuck { .. } => "stuck",
        Entry::Committed { .. } => "committed",
        Entry::Superseded { .. } => "superseded",
        Entry::Finished { .. } => "finished",
    }
}

fn told(deed: &Deed) -> String {
    match deed {
        Deed::Journalled { document, .. } => format!("journal {}: {}", document.seq, document.entry.told()),
        Deed::Locked(lock) => format!("lock {:?} {} fence {}", lock.state, lock.operation, lock.fence),
        Deed::Wrote { key } => format!("wrote {key}"),
        Deed::Deleted { key } => format!("deleted {key}"),
        Deed::Kubernetes(done) => format!("{done:?}"),
        Deed::DeletesNode { node } => format!("deletes Node {}", node.name),
        Deed::Began { stack } => format!("Terraform begins on {stack}"),
        Deed::Ended { stack } => format!("Terraform ends on {stack}"),
        Deed::Saved { stack } => format!("Terraform saves {stack}"),
        Deed::Made(machine) => format!("makes {:?} as {}", machine.node, machine.id),
        Deed::Ends(machine) => format!("ends {:?}, {}", machine.node, machine.id),
    }
}

/// From the last look at a node to the point of no return behind it, at most.
const LAST_MOMENT: Duration = Duration::from_secs(15);

/// All kinds of entries.
pub const KINDS: [&str; 25] = [
    "started",
    "taken-over",
    "cordoning",
    "cordoned",
    "drain-started",
    "evidence",
    "node-blocked",
    "spared",
    "plan-started",
    "planned",
    "part-blocked",
    "point-of-no-return",
    "apply-ended",
    "adopting",
    "untainting",
    "node-ready",
    "node-not-ready",
    "machine-gone",
    "node-deleted",
    "undo-began",
    "uncordoned",
    "stuck",
    "committed",
    "superseded",
    "finished",
];

/// How long a world may go on before it counts as one that never ends.
pub const LONGEST: Duration = Duration::from_secs(48 * 3600);
/// How many steps of time that may take.
pub const MOST: u64 = 60_000;
