use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::TICK;
use crate::model::kubernetes::{Attachment, Budget, Listing, Node, NodeTaint, Owner, Pod, PodPhase};

/// From a Node's deletion to that of its pods: the garbage collector of pods waits for 40 s, and looks every 20 s.
const COLLECTED: Duration = Duration::from_secs(60);
/// The taint of a cordoned node.
const CORDONED: &str = "node.kubernetes.io/unschedulable";

/// The cluster at one moment.
pub struct World {
    start: Timestamp,
    now: Duration,
    version: u64,
    pub nodes: BTreeMap<String, Node>,
    pub pods: Vec<Living>,
    pub controllers: Vec<Controller>,
    /// As written; their status is worked out whenever it is asked for.
    pub written_budgets: Vec<Budget>,
    pub attachments: Vec<Attachment>,
    /// Claim (`namespace/name`) → its volume.
    pub claims: BTreeMap<String, String>,
    pub terminating_namespaces: Vec<String>,
    /// From when until when requests fail.
    pub away: Option<(Duration, Duration)>,
    /// How many of the next changes are made without an answer.
    pub lost_answers: u32,
    /// Ids of bootstrap tokens, and until when each is valid if nobody ends it.
    pub tokens: BTreeMap<String, jiff::Timestamp>,
    /// Before how many of the next changes of a Node somebody else changes it.
    pub meddling: u32,
    /// Nodes that were deleted while pods were on them → when these are collected.
    orphans: BTreeMap<String, Duration>,
    plans: Vec<(Duration, Plan)>,
    /// What was done, in order.
    pub log: Vec<(Duration, Done)>,
}

type Plan = Box<dyn FnOnce(&mut World) + Send>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    Cordoned { node: String },
    Restored { node: String, unschedulable: bool },
    Labelled { node: String },
    Evicted { pod: String, uid: String, node: Option<String> },
    Refused { pod: String },
}

/// A pod, and how it will go on.
#[derive(Debug, Clone)]
pub struct Living {
    pub pod: Pod,
    /// When it becomes Ready.
    pub ready_at: Duration,
    /// When its work is done, for a Job's.
    pub finishes_at: Option<Duration>,
    /// How long it takes to end once it is told to; None: for ever.
    pub takes: Option<Duration>,
    /// When it is gone, once it was told to end.
    pub ends_at: Option<Duration>,
}

impl Living {
    /// It is there already.
    pub fn new(pod: Pod) -> Living {
        Living { pod, ready_at: Duration::ZERO, finishes_at: None, takes: Some(Duration::from_secs(1)), ends_at: None }
    }
}

/// What makes pods again.
#[derive(Debug, Clone)]
pub struct Controller {
    pub kind: String,
    pub name: String,
    pub replicas: usize,
    pub template: Pod,
    /// How long a new pod takes to be Ready.
    pub starts: Duration,
    pub made: u64,
}

impl Controller {
    fn uid(&self) -> String {
        format!("uid-{}", self.name)
    }

    pub fn owner(&self) -> Owner {
        Owner { kind: self.kind.clone(), name: self.name.clone(), uid: self.uid() }
    }
}

impl World {
    pub fn starting(start: Timestamp) -> World {
        World {
            start,
            now: Duration::ZERO,
            version: 100,
            nodes: BTreeMap::new(),
            pods: Vec::new(),
            controllers: Vec::new(),
            written_budgets: Vec::new(),
            attachments: Vec::new(),
            claims: BTreeMap::new(),
            terminating_namespaces: Vec::new(),
            away: None,
            lost_answers: 0,
            tokens: BTreeMap::new(),
            meddling: 0,
            orphans: BTreeMap::new(),
            plans: Vec::new(),
            log: Vec::new(),
        }
    }

    /// Everything that is there in another world, as it is there; what was only to happen does not come with it.
    pub fn copy(&mut self, other: &World) {
        self.now = other.now;
        self.version = other.version;
        self.nodes = other.nodes.clone();
        self.pods = other.pods.clone();
        self.controllers = other.controllers.clone();
        self.written_budgets = other.written_budgets.clone();
        self.attachments = other.attachments.clone();
        self.claims = other.claims.clone();
        self.orphans = other.orphans.clone();
    }

    /// Something will happen at this time.
    pub fn at(&mut self, when: Duration, plan: impl FnOnce(&mut World) + Send + 'static) {
        self.plans.push((when, Box::new(plan)));
    }

    /// Somebody else changes a Node.
    pub fn touch(&mut self, name: &str, change: impl FnOnce(&mut Node)) {
        let version = self.next_version();
        if let Some(node) = self.nodes.get_mut(name) {
            node.resource_version = version;
            change(node);
        }
    }

    /// Somebody else is faster, if a test orders that.
    pub(super) fn meddle(&mut self, name: &str) {
        if self.meddling > 0 {
            self.meddling -= 1;
            self.touch(name, |_| {});
        }
    }

    /// The machine is gone, and its Node and pods with it.
    pub fn remove_node(&mut self, name: &str) {
        self.nodes.remove(name);
        self.pods.retain(|living| living.pod.node.as_deref() != Some(name));
    }

    /// The Node is deleted, and its pods stay until they are collected.
    pub(super) fn delete_node(&mut self, name: &str) {
        self.nodes.remove(name);
        self.orphans.insert(name.to_owned(), self.now + COLLECTED);
    }

    /// A namespace ends: its pods are told to, and no others are made.
    pub fn end_namespace(&mut self, namespace: &str) {
        self.terminating_namespaces.push(namespace.to_owned());
        let pods = self.pods.iter().map(|living| &living.pod).filter(|pod| pod.namespace == namespace);
        for uid in pods.map(|pod| pod.uid.clone()).collect::<Vec<_>>() {
            self.delete(&uid);
        }
    }

    /// A pod is gone at once, as one is that somebody deletes by force. What made it makes it again.
    pub fn vanish(&mut self, uid: &str) {
        self.pods.retain(|living| living.pod.uid != uid);
        self.reconcile();
        self.schedule();
    }

    /// The pods that are Ready and not leaving, with these titles' beginning.
    pub fn healthy(&self, beginning: &str) -> usize {
        let pods = self.pods.iter().map(|living| &living.pod);
        pods.filter(|pod| pod.ready && pod.deleted.is_none() && pod.title().starts_with(beginning)).count()
    }

    pub(super) fn next_version(&mut self) -> String {
        self.version += 1;
        self.version.to_string()
    }

    /// No two lists are of one version: kubelets renew their Leases all the time, and those count too.
    pub(super) fn listing<T>(&mut self, items: Vec<T>) -> Listing<T> {
        Listing { items, resource_version: self.next_version() }
    }

    pub(super) fn wall(&self) -> Timestamp {
        self.start + self.now
    }

    pub(super) fn note(&mut self, done: Done) {
        self.log.push((self.now, done));
    }

    /// Lets everything happen until then.
    pub(super) fn advance(&mut self, until: Duration) {
        while self.now < until {
            let next = self.next_event().filter(|next| *next < until);
            // Time goes in ticks, and in none of those before the next event does anything happen.
            let ticks = next.unwrap_or(until).saturating_sub(self.now).as_nanos().div_ceil(TICK.as_nanos()).max(1);
            let ticks = u32::try_from(ticks).unwrap_or(u32::MAX);
            self.now = (self.now + TICK * ticks).min(until);
            self.tick();
        }
        self.tick();
    }

    /// When something will be different that was not asked for.
    fn next_event(&self) -> Option<Duration> {
        let plans = self.plans.iter().map(|(when, _)| *when);
        let pods = self.pods.iter().flat_map(|living| {
            let waits = living.pod.phase == PodPhase::Running && !living.pod.ready && living.pod.deleted.is_none();
            let running = !living.pod.finished();
            let ready = Some(living.ready_at).filter(|_| waits);
            let finishes = living.finishes_at.filter(|_| running);
            [living.ends_at, finishes, ready].into_iter().flatten()
        });
        plans.chain(pods).chain(self.orphans.values().copied()).min()
    }

    fn tick(&mut self) {
        let now = self.now;
        let (due, later) = std::mem::take(&mut self.plans).into_iter().partition(|(when, _)| *when <= now);
        self.plans = later;
        let due: Vec<(Duration, Plan)> = due;
        for (_, plan) in due {
            plan(self);
        }
        self.pods.retain(|living| living.ends_at.is_none_or(|at| at > now));
        let (due, later) = std::mem::take(&mut self.orphans).into_iter().partition(|(_, when)| *when <= now);
        self.orphans = later;
        let due: BTreeMap<String, Duration> = due;
        self.pods.retain(|living| living.pod.node.as_ref().is_none_or(|node| !due.contains_key(node)));
        for living in &mut self.pods {
            if living.finishes_at.is_some_and(|at| at <= now) {
                living.pod.phase = PodPhase::Succeeded;
                living.pod.ready = false;
            } else if living.pod.phase == PodPhase::Running && living.ready_at <= now && living.pod.deleted.is_none() {
                living.pod.ready = true;
            }
        }
        self.taint();
        self.reconcile();
        self.schedule();
    }

    /// The node controller follows cordons with a taint.
    fn taint(&mut self) {
        let cordoned: Vec<String> =
            self.nodes.values().filter(|node| lags(node)).map(|node| node.name.clone()).collect();
        for name in cordoned {
            self.touch(&name, |node| {
                node.taints.retain(|taint| taint.key != CORDONED);
                if node.unschedulable {
                    let effect = "NoSchedule".to_owned();
                    node.taints.push(NodeTaint { key: CORDONED.to_owned(), value: String::new(), effect, added: None });
                }
            });
        }
    }

    /// Tells a pod to end. One that is on no node yet, or whose work is done, needs no time for it.
    pub(super) fn delete(&mut self, uid: &str) {
        let (now, wall) = (self.now, self.wall());
        self.pods.retain(|living| living.pod.uid != uid || living.pod.node.is_some() && !living.pod.finished());
        if let Some(living) = self.pods.iter_mut().find(|living| living.pod.uid == uid && living.pod.deleted.is_none())
        {
            let grace = Duration::from_secs(living.pod.grace_seconds);
            living.pod.deleted = Some(wall + grace);
            living.ends_at = living.takes.map(|takes| now + takes.min(grace));
        }
    }

    fn reconcile(&mut self) {
        for at in 0..self.controllers.len() {
            if self.terminating_namespaces.contains(&self.controllers[at].template.namespace) {
                continue;
            }
            let uid = self.controllers[at].uid();
            let stable = self.controllers[at].kind == "StatefulSet";
            let owned = self
                .pods
                .iter()
                .map(|living| &living.pod)
                .filter(|pod| pod.owner.as_ref().is_some_and(|owner| owner.uid == uid) && !pod.finished());
            // A StatefulSet waits until the name is free; others replace a pod that is leaving at once.
            let names: Vec<String> =
                owned.filter(|pod| stable || pod.deleted.is_none()).map(|pod| pod.name.clone()).collect();
            for ordinal in 0..self.controllers[at].replicas.saturating_sub(names.len()) {
                self.make(at, stable.then(|| ordinal_name(&self.controllers[at].name, &names, ordinal)));
            }
        }
    }

    fn make(&mut self, at: usize, name: Option<String>) {
        let controller = &mut self.controllers[at];
        controller.made += 1;
        let made = controller.made;
        let name = name.unwrap_or_else(|| format!("{}-{made}", controller.name));
        let pod = Pod {
            uid: format!("uid-{name}-{made}"),
            name,
            node: None,
            phase: PodPhase::Pending,
            ready: false,
            owner: Some(controller.owner()),
            ..controller.template.clone()
        };
        // Its start counts from when it is bound.
        let living = Living { ready_at: controller.starts, ..Living::new(pod) };
        self.pods.push(living);
    }

    /// Binds waiting pods to the Ready, schedulable node that has the fewest, of those that they select and tolerate.
    fn schedule(&mut self) {
        let ready = self.nodes.values().filter(|node| node.ready && !node.unschedulable);
        let mut load: Vec<(&Node, usize)> = ready.map(|node| (node, 0)).collect();
        for on in self.pods.iter().filter_map(|living| living.pod.node.as_ref()) {
            if let Some((_, count)) = load.iter_mut().find(|(node, _)| node.name == *on) {
                *count += 1;
            }
        }
        for living in self.pods.iter_mut().filter(|living| living.pod.node.is_none()) {
            let fitting = load.iter_mut().filter(|(node, _)| takes(node, &living.pod));
            let Some((node, count)) = fitting.min_by_key(|(node, count)| (*count, &node.name)) else { continue };
            living.pod.node = Some(node.name.clone());
            living.pod.phase = PodPhase::Running;
            living.ready_at += self.now;
            *count += 1;
        }
    }
}

/// Whether the scheduler may bind the pod to this node, as far as labels and taints have a say.
fn takes(node: &Node, pod: &Pod) -> bool {
    let selected = pod.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value));
    let keeps_off = |taint: &NodeTaint| taint.effect != "PreferNoSchedule" && !pod.tolerates(taint);
    selected && !node.taints.iter().any(keeps_off)
}

/// Whether its taint does not say yet what its cordon says.
fn lags(node: &Node) -> bool {
    node.unschedulable != node.taints.iter().any(|taint| taint.key == CORDONED)
}

/// The n-th name of a StatefulSet that nobody has.
fn ordinal_name(set: &str, taken: &[String], ordinal: usize) -> String {
    let mut free = (0..).map(|number| format!("{set}-{number}")).filter(|name| !taken.contains(name));
    free.nth(ordinal).expect("numbers do not run out")
}
