use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::budget::{Guard, Standing, guard, standing};
use super::cordon::CordonState;
use super::fate::{Fate, fate};
use super::hold::{Hold, Why};
use super::placement::{Homeless, homeless};
use super::remains::going;
use crate::model::file::DrainSpec;
use crate::model::kubernetes::{Budget, Node, Pod};
use crate::model::names::OperationId;

/// All that a preflight looks at.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Names of the nodes that are to go.
    pub victims: &'a [String],
    /// Every node of the cluster, and those that the same operation makes first, as they will be.
    pub nodes: &'a [Node],
    /// Every pod of the cluster.
    pub pods: &'a [Pod],
    pub budgets: &'a [Budget],
    pub rules: &'a DrainSpec,
    /// The pod that `scaler` runs in, `namespace/name`, if it does.
    pub own_pod: Option<&'a str>,
    /// The name of the machine that `scaler` runs on.
    pub own_host: &'a str,
    /// The operation whose cordons are no obstacle: one that is resumed.
    pub operation: Option<&'a OperationId>,
    /// The wall clock, to say which deletions take too long.
    pub at: Timestamp,
}

/// What a drain of one victim will meet. It reads as one line, without the findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeReport {
    pub node: String,
    /// None if there is no such Node.
    pub uid: Option<String>,
    pub pods: Vec<PodReport>,
    findings: Vec<Finding>,
}

impl NodeReport {
    /// How many pods have to leave.
    pub fn moves(&self) -> usize {
        self.pods.iter().filter(|pod| matches!(pod.fate, Fate::Evicted)).count()
    }

    /// The gravest first.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// That of the gravest finding.
    pub fn severity(&self) -> Severity {
        self.findings.first().map_or(Severity::Fine, |finding| finding.severity)
    }
}

impl fmt::Display for NodeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |wanted: fn(&Fate) -> bool| self.pods.iter().filter(|pod| wanted(&pod.fate)).count();
        match self.moves() {
            0 => f.write_str("moves no pod")?,
            1 => f.write_str("moves 1 pod")?,
            moves => write!(f, "moves {moves} pods")?,
        }
        let others = [
            (count(|fate| matches!(fate, Fate::Finishes)), "waited for until done"),
            (count(|fate| matches!(fate, Fate::Going)), "leaving already"),
            (count(|fate| matches!(fate, Fate::Held(_))), "in the way"),
            (count(|fate| matches!(fate, Fate::Stays(_))), "going down with the node"),
        ];
        for (pods, what) in others.into_iter().filter(|(pods, _)| *pods > 0) {
            write!(f, ", {pods} {what}")?;
        }
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodReport {
    /// `namespace/name`.
    pub pod: String,
    pub fate: Fate,
}

/// One thing that a drain will meet. It reads as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub severity: Severity,
    #[serde(flatten)]
    pub hold: Hold,
}

impl Finding {
    /// The smallest change that would help, if it is not only time.
    pub fn help(&self) -> Option<String> {
        self.hold.help()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hold.fmt(f)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// There is nothing to say.
    Fine,
    /// It is waited for.
    Waits,
    /// The drain goes on, and somebody may be sorry.
    Warns,
    /// A drain cannot succeed, or must not begin.
    Blocks,
}

/// What the drain of each victim will meet, in the order of `victims`.
///
/// A pod that would fit on no other node is a warning: the guess knows neither preemption nor what is about to end, and a
/// Pending pod is what the operator may want of a pool that shrinks. It blocks where it would break a promise for
/// certain: under a budget that cannot spare as many pods as fit nowhere, each for itself, the drain would stop half-way.
pub fn preflight(situation: &Situation) -> Vec<NodeReport> {
    let names: BTreeSet<&str> = situation.victims.iter().map(String::as_str).collect();
    let mut by_node: BTreeMap<&str, Vec<&Pod>> = BTreeMap::new();
    for pod in situation.pods {
        if let Some(node) = pod.node.as_deref().filter(|node| names.contains(node)) {
            by_node.entry(node).or_default().push(pod);
        }
    }
    let remade: Vec<&Pod> = by_node
        .values()
        .flatten()
        .copied()
        .filter(|pod| fate(pod, situation.rules) == Fate::Evicted && pod.owner.is_some())
        .collect();
    let context = Context {
        situation,
        unready: unready(situation),
        homeless: homeless(&remade, situation.nodes, situation.pods, &names),
        crowded: BTreeMap::new(),
    };
    let crowded = context.crowded(&remade);
    let context = Context { crowded, ..context };
    situation
        .victims
        .iter()
        .map(|victim| context.report(victim, by_node.get(victim.as_str()).map_or(&[], Vec::as_slice)))
        .collect()
}

/// Budget → titles of its pods that are not Ready, three at most: they are for a person to read.
fn unready(situation: &Situation) -> BTreeMap<String, Vec<String>> {
    let mut unready: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pod in situation.pods.iter().filter(|pod| !pod.ready && !pod.finished() && pod.deleted.is_none()) {
        for budget in situation.budgets.iter().filter(|budget| budget.covers(pod)) {
            let names = unready.entry(budget.title()).or_default();
            if names.len() < 3 {
                names.push(pod.title());
            }
        }
    }
    unready
}

struct Context<'a> {
    situation: &'a Situation<'a>,
    unready: BTreeMap<String, Vec<String>>,
    /// By pod UID.
    homeless: BTreeMap<String, Homeless>,
    /// Budget → how many of its pods fit nowhere, and how many it can spare, where the first is more.
    crowded: BTreeMap<String, (u32, u32)>,
}

impl Context<'_> {
    fn crowded(&self, remade: &[&Pod]) -> BTreeMap<String, (u32, u32)> {
        let mut crowded = BTreeMap::new();
        for pod in remade.iter().filter(|pod| self.homeless.get(&pod.uid).is_some_and(|one| one.alone)) {
            if let Guard::By(budget) = guard(pod, self.situation.budgets)
                && !budget.behind()
            {
                let planned = u32::try_from(budget.expected_pods - budget.desired_healthy).unwrap_or(0);
                crowded.entry(budget.title()).or_insert((0, planned.max(budget.allowance()))).0 += 1;
            }
        }
        crowded.retain(|_, (homeless, spare)| homeless > spare);
        crowded
    }

    fn report(&self, victim: &str, pods: &[&Pod]) -> NodeReport {
        let node = self.situation.nodes.iter().find(|node| node.name == victim);
        let pods_with_fate: Vec<(&Pod, Fate)> =
            pods.iter().map(|pod| (*pod, fate(pod, self.situation.rules))).collect();
        let mut findings = self.node_findings(node, &pods_with_fate);
        for (pod, fate) in &pods_with_fate {
            findings.extend(
                self.pod_findings(pod, fate)
                    .into_iter()
                    .map(|(severity, why)| Finding { severity, hold: Hold::pod(pod, why) }),
            );
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        NodeReport {
            node: victim.to_owned(),
            uid: node.map(|node| node.uid.clone()),
            pods: pods_with_fate.into_iter().map(|(pod, fate)| PodReport { pod: pod.title(), fate }).collect(),
            findings,
        }
    }

    fn node_findings(&self, node: Option<&Node>, pods: &[(&Pod, Fate)]) -> Vec<Finding> {
        let Some(node) = node else { return vec![block(Why::NodeGone)] };
        let mut findings = Vec::new();
        if node.control_plane() {
            findings.push(block(Why::ControlPlane));
        }
        if node.is_host(self.situation.own_host) {
            findings.push(block(Why::OwnHost));
        }
        match CordonState::of(node) {
            CordonState::By(cordon) if Some(&cordon.operation) != self.situation.operation => {
                findings.push(block(Why::ForeignOperation { operation: cordon.operation.to_string() }));
            }
            CordonState::Strange(text) => findings.push(block(Why::StrangeAnnotation { text })),
            CordonState::None | CordonState::By(_) => {}
        }
        if !node.ready && pods.iter().any(|(_, fate)| !matches!(fate, Fate::Stays(_))) {
            findings.push(block(Why::NotReady));
        }
        findings
    }

    fn pod_findings(&self, pod: &Pod, fate: &Fate) -> Vec<(Severity, Why)> {
        let mut findings = Vec::new();
        if self.situation.own_pod == Some(pod.title().as_str()) {
            findings.push((Severity::Blocks, Why::OwnPod));
        }
        match fate {
            Fate::Stays(_) => {}
            Fate::Going => findings.push((Severity::Waits, going(pod, self.situation.at))),
            Fate::Finishes => {
                findings.push((Severity::Waits, Why::JobRuns { owner: pod.owner_title().unwrap_or_default() }));
            }
            Fate::Held(why) => findings.push((Severity::Blocks, why.clone())),
            Fate::Evicted => {
                findings.extend(self.budget_finding(pod));
                findings.extend(self.room_finding(pod));
            }
        }
        findings
    }

    fn budget_finding(&self, pod: &Pod) -> Option<(Severity, Why)> {
        match guard(pod, self.situation.budgets) {
            Guard::Free => None,
            Guard::Several(budgets) => {
                let budgets = budgets.iter().map(|budget| budget.title()).collect();
                Some((Severity::Blocks, Why::SeveralBudgets { budgets }))
            }
            Guard::By(budget) => {
                let unready = self.unready.get(&budget.title()).map_or(&[][..], Vec::as_slice);
                match standing(budget, unready) {
                    Standing::Allows(_) => None,
                    Standing::NotNow(why) => Some((Severity::Waits, why)),
                    Standing::Never(why) => Some((Severity::Blocks, why)),
                }
            }
        }
    }

    fn room_finding(&self, pod: &Pod) -> Option<(Severity, Why)> {
        let homeless = self.homeless.get(&pod.uid)?;
        if homeless.alone
            && let Guard::By(budget) = guard(pod, self.situation.budgets)
            && let Some((homeless, spare)) = self.crowded.get(&budget.title())
        {
            let why = Why::NoRoomForBudget { budget: budget.title(), homeless: *homeless, spare: *spare };
            return Some((Severity::Blocks, why));
        }
        Some((Severity::Warns, Why::FitsNowhere { nodes: homeless.nodes.clone() }))
    }
}

fn block(why: Why) -> Finding {
    Finding { severity: Severity::Blocks, hold: Hold::node(why) }
}

#[cfg(test)]
mod tests;
