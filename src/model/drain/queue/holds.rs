//! What the state machine says about what holds a node, and when that starts its clock.

use std::time::Duration;

use super::{Action, Asked, Node, Queue, Stage};
use crate::model::drain::budget::{Guard, Standing, guard, standing};
use crate::model::drain::fate::{Fate, fate};
use crate::model::drain::hold::{Hold, Why};
use crate::model::drain::remains::remains;
use crate::model::kubernetes::Pod;

impl Queue {
    /// What keeps a node from being empty, as far as known.
    pub(super) fn holds(&self, node: &Node) -> Vec<Hold> {
        let unreachable = self.unreachable.iter().map(|error| Hold::node(Why::Unreachable { error: error.clone() }));
        let Some(look) = &node.look else {
            let not_begun = (self.unreachable.is_none()).then(|| Hold::node(Why::NotBegun));
            return unreachable.chain(not_begun).collect();
        };
        let pods = look.pods.iter().filter_map(|pod| match fate(pod, &self.rules) {
            Fate::Evicted => Some(Hold::pod(pod, self.why_not_evicted(pod))),
            _ => remains(std::slice::from_ref(pod), &[], &self.rules, self.at).pop(),
        });
        let volumes = remains(&[], look.volumes.as_deref().unwrap_or_default(), &self.rules, self.at);
        let holds: Vec<Hold> = unreachable.chain(pods).chain(volumes).collect();
        // Everything left, but the second look that would have proven it did not come in time.
        if holds.is_empty() { vec![Hold::node(Why::NotProven)] } else { holds }
    }

    fn why_not_evicted(&self, pod: &Pod) -> Why {
        let refusal = self.refusals.get(&pod.uid).cloned();
        let guarding = match guard(pod, &self.budgets) {
            Guard::By(budget) => Some(budget),
            Guard::Free | Guard::Several(_) => None,
        };
        let on_budget = matches!(refusal, Some(Why::BudgetRefused { .. }));
        match (refusal, guarding, self.asked.get(&pod.uid)) {
            // The budget's own numbers say more than the answer, as long as they agree that it is exhausted.
            (Some(refusal), Some(budget), _) if on_budget => match standing(budget, &[]) {
                Standing::Allows(_) => refusal,
                Standing::NotNow(why) | Standing::Never(why) => why,
            },
            (Some(refusal), _, _) => refusal,
            (None, _, Some(Asked::Accepted(_) | Asked::Unanswered(_))) => Why::StillThere,
            (None, Some(budget), None) => Why::BudgetTurn { budget: budget.title() },
            (None, None, None) => Why::StillThere,
        }
    }

    pub(super) fn budgets_over(&self, pod_uid: &str) -> Vec<String> {
        let mut pods = self.nodes.iter().flat_map(|node| node.look.iter().flat_map(|look| &look.pods));
        match pods.find(|pod| pod.uid == pod_uid) {
            Some(pod) => self.budgets.iter().filter(|one| one.covers(pod)).map(|one| one.title()).collect(),
            None => Vec::new(),
        }
    }

    /// A node's clock runs from its first eviction, or from the first thing that is in the way of one. Jobs may take as
    /// long as all drains together, and a pod that has to let others of its budget go first does not start the clock.
    pub(super) fn start_deadlines(&mut self, now: Duration) {
        for at in 0..self.nodes.len() {
            let node = &self.nodes[at];
            if node.stage != Stage::Active || node.deadline.is_some() {
                continue;
            }
            let pods = node.look.iter().flat_map(|look| &look.pods);
            let asked = pods.into_iter().any(|pod| self.asked.contains_key(&pod.uid));
            let held = node.look.is_some() && self.holds(node).iter().any(|hold| starts_clock(&hold.why));
            if asked || held {
                self.nodes[at].deadline = Some(now + self.rules.timeout);
            }
        }
    }

    /// Tells what a person should know of what holds the nodes, each thing once.
    pub(super) fn tell(&mut self, actions: &mut Vec<Action>) {
        for at in 0..self.nodes.len() {
            if self.nodes[at].stage != Stage::Active {
                continue;
            }
            for hold in self.holds(&self.nodes[at]) {
                let text = hold.why.to_string();
                let node = &mut self.nodes[at];
                if worth_telling(&hold.why) && node.told.get(&hold.pod) != Some(&text) {
                    node.told.insert(hold.pod.clone(), text);
                    actions.push(Action::Waiting { node: node.victim.node.clone(), hold });
                }
            }
        }
    }
}

fn starts_clock(why: &Why) -> bool {
    !matches!(
        why,
        Why::JobRuns { .. } | Why::BudgetTurn { .. } | Why::StillThere | Why::Unreachable { .. } | Why::NotProven
    )
}

/// Not what happens to every pod of every drain.
fn worth_telling(why: &Why) -> bool {
    !matches!(
        why,
        Why::Terminating { overdue: false } | Why::BudgetTurn { .. } | Why::StillThere | Why::NotBegun | Why::NotProven
    )
}
