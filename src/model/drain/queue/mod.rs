//! The order in which pods leave: a state machine that is told what was seen and answered, and says what to do next.
//!
//! Pods that share a budget form one lane, whichever victim they are on: they are asked to go in order, no more at once
//! than the budget allows as last seen, and one refusal delays the lane, while others go on. Times are lengths since any
//! fixed moment of one clock.

mod holds;
mod lane;
mod types;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use self::lane::{Lane, Lanes, SLOWEST_RETRY};
pub use self::types::{Action, LOOK_EVERY, Look, NodeLook, SETTLE, Victim, Watched};
use super::fate::{Fate, fate};
use super::hold::{Deadline, Hold, Why};
use super::remains::{node_hold, remains};
use crate::model::file::DrainSpec;
use crate::model::kubernetes::{Budget, Eviction, Pod};
use crate::model::names::OperationId;

/// An eviction that was accepted shows in the next list. One that does not after this time is asked for again.
const ASK_AGAIN: Duration = Duration::from_secs(5);

pub struct Queue {
    rules: DrainSpec,
    operation: OperationId,
    /// Go on with the other nodes when one is blocked.
    keep_going: bool,
    began: Duration,
    nodes: Vec<Node>,
    lanes: Lanes,
    budgets: Vec<Budget>,
    /// By pod UID.
    asked: BTreeMap<String, Asked>,
    /// What the API server last said to a pod, by its UID.
    refusals: BTreeMap<String, Why>,
    /// How often the API server put a pod off for no budget's sake, by its UID: such a pod steps behind the others.
    put_off: BTreeMap<String, u32>,
    /// The wall clock of the last look, for texts.
    at: Timestamp,
    /// Why the last try to look failed.
    unreachable: Option<String>,
}

struct Node {
    victim: Victim,
    stage: Stage,
    deadline: Option<Duration>,
    look: Option<NodeLook>,
    /// Since when every look showed no pod that must leave.
    empty_since: Option<Duration>,
    empty: bool,
    /// What was last told about each pod, so that it is told once.
    told: BTreeMap<Option<String>, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Active,
    Drained,
    Blocked,
}

enum Asked {
    Unanswered(Lane),
    Accepted(Duration),
}

impl Queue {
    /// All victims are cordoned already. They are drained in the order given, `drain.parallel` at once.
    pub fn new(
        victims: Vec<Victim>,
        rules: DrainSpec,
        operation: OperationId,
        keep_going: bool,
        now: Duration,
    ) -> Queue {
        let nodes = victims.into_iter().map(Node::new).collect();
        let mut queue = Queue {
            rules,
            operation,
            keep_going,
            began: now,
            nodes,
            lanes: Lanes::default(),
            budgets: Vec::new(),
            asked: BTreeMap::new(),
            refusals: BTreeMap::new(),
            put_off: BTreeMap::new(),
            at: Timestamp::UNIX_EPOCH,
            unreachable: None,
        };
        queue.fill_slots();
        queue
    }

    /// The nodes that the next look must show.
    pub fn watched(&self) -> Vec<Watched> {
        let active = self.nodes.iter().filter(|node| node.stage == Stage::Active);
        active.map(|node| Watched { node: node.victim.node.clone(), volumes: node.empty_since.is_some() }).collect()
    }

    pub fn finished(&self) -> bool {
        self.nodes.iter().all(|node| matches!(node.stage, Stage::Drained | Stage::Blocked))
    }

    /// Takes in a look at all [watched](Queue::watched) nodes.
    pub fn observe(&mut self, look: Look, now: Duration) {
        self.unreachable = None;
        self.at = look.at;
        self.lanes.looked(&look.budgets, now);
        self.budgets = look.budgets;
        let mut seen = look.nodes;
        for node in self.nodes.iter_mut().filter(|node| node.stage == Stage::Active) {
            let Some(look_at) = seen.remove(&node.victim.node) else { continue };
            if remains(&look_at.pods, &[], &self.rules, self.at).is_empty() {
                let since = *node.empty_since.get_or_insert(now);
                let detached = look_at.volumes.as_ref().is_some_and(Vec::is_empty);
                node.empty = detached && look.began.saturating_sub(since) >= SETTLE;
            } else {
                node.empty_since = None;
                node.empty = false;
            }
            node.look = Some(look_at);
        }
        self.forget_asked(now);
    }

    /// The look failed. Nothing is decided on old news but that time runs out.
    pub fn unreachable(&mut self, error: impl Into<String>) {
        self.unreachable = Some(error.into());
    }

    /// Takes in the answer to one [`Action::Evict`].
    pub fn answered(&mut self, pod_uid: &str, answer: &Eviction, now: Duration) {
        let Some(Asked::Unanswered(lane)) = self.asked.remove(pod_uid) else { return };
        let refusal = match answer {
            Eviction::Accepted | Eviction::Gone | Eviction::Replaced => {
                self.lanes.went(&lane);
                self.refusals.remove(pod_uid);
                // Until a new look shows what became of it, it is not asked again.
                self.asked.insert(pod_uid.to_owned(), Asked::Accepted(now));
                return;
            }
            Eviction::Budget(causes) => {
                self.lanes.refused(&lane, now);
                Why::BudgetRefused { budget: lane.budget().map(str::to_owned), causes: causes.clone() }
            }
            Eviction::Later(answer) => {
                self.lanes.put_off(&lane, now);
                *self.put_off.entry(pod_uid.to_owned()).or_default() += 1;
                Why::Later { answer: answer.clone() }
            }
            Eviction::SeveralBudgets(_) => {
                self.lanes.put_off_for(&lane, now, SLOWEST_RETRY);
                Why::SeveralBudgets { budgets: self.budgets_over(pod_uid) }
            }
            Eviction::NamespaceTerminating => {
                self.lanes.put_off_for(&lane, now, SLOWEST_RETRY);
                Why::NamespaceTerminating
            }
        };
        self.refusals.insert(pod_uid.to_owned(), refusal);
    }

    /// What to do now. The last action is when to look again, unless all is over.
    pub fn next(&mut self, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        self.settle(now, &mut actions);
        self.fill_slots();
        if self.unreachable.is_none() {
            self.evict(now, &mut actions);
        }
        self.start_deadlines(now);
        self.tell(&mut actions);
        if !self.finished() {
            actions.push(Action::Wait { until: self.until(now) });
        }
        actions
    }

    /// Ends what is over: drained, broken off, out of time.
    fn settle(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let out_of_time = now >= self.began + self.rules.total_timeout;
        for at in 0..self.nodes.len() {
            let node = &self.nodes[at];
            let over = match node.stage {
                Stage::Drained | Stage::Blocked => None,
                Stage::Active => match self.broken(node) {
                    Some(why) => Some(Err((vec![Hold::node(why)], None))),
                    None if node.empty => Some(Ok(())),
                    None if node.deadline.is_some_and(|deadline| now >= deadline) => {
                        Some(Err((self.holds(node), Some(Deadline::Node(self.rules.timeout)))))
                    }
                    None => None,
                },
                Stage::Waiting => None,
            };
            let unfinished = matches!(node.stage, Stage::Active | Stage::Waiting);
            let over = match over {
                None if unfinished && out_of_time => {
                    Some(Err((self.holds(node), Some(Deadline::Total(self.rules.total_timeout)))))
                }
                over => over,
            };
            match over {
                None => {}
                Some(Ok(())) => {
                    self.nodes[at].stage = Stage::Drained;
                    actions.push(Action::Drained { victim: self.nodes[at].victim.clone() });
                }
                Some(Err((holds, deadline))) => self.block(at, holds, deadline, actions),
            }
        }
        let blocked = self.nodes.iter().find(|node| node.stage == Stage::Blocked);
        if let Some(blocked) = blocked.filter(|_| !self.keep_going) {
            let why = Why::OtherBlocked { node: blocked.victim.node.clone() };
            for at in 0..self.nodes.len() {
                if matches!(self.nodes[at].stage, Stage::Active | Stage::Waiting) {
                    self.block(at, vec![Hold::node(why.clone())], None, actions);
                }
            }
        }
    }

    fn broken(&self, node: &Node) -> Option<Why> {
        let look = node.look.as_ref()?;
        node_hold(look.node.as_ref(), &node.victim.uid, &self.operation)
    }

    fn block(&mut self, at: usize, holds: Vec<Hold>, deadline: Option<Deadline>, actions: &mut Vec<Action>) {
        self.nodes[at].stage = Stage::Blocked;
        actions.push(Action::Blocked { victim: self.nodes[at].victim.clone(), holds, deadline });
    }

    fn fill_slots(&mut self) {
        let slots = usize::try_from(self.rules.parallel.max(1)).unwrap_or(usize::MAX);
        let active = self.nodes.iter().filter(|node| node.stage == Stage::Active).count();
        let waiting = self.nodes.iter_mut().filter(|node| node.stage == Stage::Waiting);
        for node in waiting.take(slots.saturating_sub(active)) {
            node.stage = Stage::Active;
        }
    }

    /// Asks for as many evictions as the lanes let through.
    fn evict(&mut self, now: Duration, actions: &mut Vec<Action>) {
        let mut due: Vec<(u32, usize, &Pod)> = Vec::new();
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.stage == Stage::Active) {
            for pod in node.look.iter().flat_map(|look| &look.pods) {
                if fate(pod, &self.rules) == Fate::Evicted && !self.asked.contains_key(&pod.uid) {
                    due.push((self.put_off.get(&pod.uid).copied().unwrap_or_default(), at, pod));
                }
            }
        }
        due.sort_by_key(|(put_off, at, pod)| (*put_off, *at, &pod.namespace, &pod.name, &pod.uid));
        for (_, at, pod) in due {
            let lane = Lane::of(pod, &self.budgets);
            if self.lanes.enter(&lane, now) {
                self.asked.insert(pod.uid.clone(), Asked::Unanswered(lane));
                actions.push(Action::Evict { node: self.nodes[at].victim.node.clone(), pod: Box::new(pod.clone()) });
            }
        }
    }

    fn forget_asked(&mut self, now: Duration) {
        let standing: BTreeMap<&str, &Pod> = self
            .nodes
            .iter()
            .filter(|node| node.stage == Stage::Active)
            .flat_map(|node| node.look.iter().flat_map(|look| &look.pods))
            .map(|pod| (pod.uid.as_str(), pod))
            .collect();
        self.asked.retain(|uid, asked| match asked {
            Asked::Unanswered(_) => true,
            Asked::Accepted(at) => standing
                .get(uid.as_str())
                .is_some_and(|pod| pod.deleted.is_some() || now.saturating_sub(*at) < ASK_AGAIN),
        });
        self.refusals.retain(|uid, _| standing.contains_key(uid.as_str()));
        self.put_off.retain(|uid, _| standing.contains_key(uid.as_str()));
    }

    fn until(&self, now: Duration) -> Duration {
        let deadlines = self.nodes.iter().filter(|node| node.stage == Stage::Active).filter_map(|node| node.deadline);
        deadlines.chain([self.began + self.rules.total_timeout, now + LOOK_EVERY]).min().unwrap_or(now + LOOK_EVERY)
    }
}

impl Node {
    fn new(victim: Victim) -> Node {
        Node {
            victim,
            stage: Stage::Waiting,
            deadline: None,
            look: None,
            empty_since: None,
            empty: false,
            told: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
