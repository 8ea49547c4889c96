//! Whether the pods of the victims would find room on the nodes that stay: by requests, node selector, required node
//! affinity and taints. Spreading rules, affinity between pods, volumes bound to a zone and preemption are not looked
//! at, so the answer is a good guess, not a promise.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::kubernetes::{Node, Pod, Resources};

/// A pod that would find no room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Homeless {
    /// It fits nowhere even if none of the other pods had to move.
    pub alone: bool,
    /// Why not, node by node summed up: `2 nodes lack CPU, 1 is cordoned`.
    pub nodes: String,
}

/// Those of `moving` that find no room, by UID, when the largest are placed first. `pods` are all pods of the cluster.
pub(super) fn homeless(
    moving: &[&Pod],
    nodes: &[Node],
    pods: &[Pod],
    victims: &BTreeSet<&str>,
) -> BTreeMap<String, Homeless> {
    let mut used: BTreeMap<&str, Resources> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| !pod.finished()) {
        if let Some(node) = pod.node.as_deref() {
            let sum = used.entry(node).or_default();
            *sum = sum.plus(pod.requests);
        }
    }
    let mut rooms: Vec<Room> = nodes
        .iter()
        .map(|node| Room {
            node,
            victim: victims.contains(node.name.as_str()),
            free: node.allocatable.minus(used.get(node.name.as_str()).copied().unwrap_or_default()),
        })
        .collect();
    let untouched = rooms.clone();
    let mut order: Vec<&&Pod> = moving.iter().collect();
    order.sort_by_key(|pod| (std::cmp::Reverse(size(pod.requests, nodes)), &pod.namespace, &pod.name));
    let mut homeless = BTreeMap::new();
    for pod in order {
        match rooms.iter_mut().find(|room| room.lacks(pod).is_none()) {
            Some(room) => room.free = room.free.minus(pod.requests),
            None => {
                let alone = untouched.iter().all(|room| room.lacks(pod).is_some());
                homeless.insert(pod.uid.clone(), Homeless { alone, nodes: sum_up(pod, &rooms) });
            }
        }
    }
    homeless
}

/// Taints that the node controller takes from a node a moment after that is Ready
/// (<https://kubernetes.io/docs/reference/labels-annotations-taints/>).
const PASSING: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

#[derive(Clone)]
struct Room<'a> {
    node: &'a Node,
    victim: bool,
    free: Resources,
}

impl Room<'_> {
    /// The first thing that speaks against the node, as one node and as several would say it.
    fn lacks(&self, pod: &Pod) -> Option<(&'static str, &'static str)> {
        let node = self.node;
        let hard = ["NoSchedule", "NoExecute"];
        let barred = |taint: &crate::model::kubernetes::NodeTaint| {
            hard.contains(&taint.effect.as_str())
                && !pod.tolerates(taint)
                && !(node.ready && PASSING.contains(&taint.key.as_str()))
        };
        let affine = pod
            .required_affinity
            .as_ref()
            .is_none_or(|terms| terms.iter().any(|term| term.matches(&node.name, &node.labels)));
        let selected = pod.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value));
        let asks = pod.requests;
        if self.victim {
            Some(("goes too", "go too"))
        } else if !node.ready {
            Some(("is not Ready", "are not Ready"))
        } else if node.unschedulable {
            Some(("is cordoned", "are cordoned"))
        } else if node.taints.iter().any(barred) {
            Some(("has a taint that it does not tolerate", "have a taint that it does not tolerate"))
        } else if !selected || !affine {
            Some(("does not match its node selector or affinity", "do not match its node selector or affinity"))
        } else if asks.cpu_millis > self.free.cpu_millis {
            Some(("lacks CPU", "lack CPU"))
        } else if asks.memory_bytes > self.free.memory_bytes {
            Some(("lacks memory", "lack memory"))
        } else if asks.pods > self.free.pods {
            Some(("has its number of pods", "have their number of pods"))
        } else {
            None
        }
    }
}

fn sum_up(pod: &Pod, rooms: &[Room]) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for reason in rooms.iter().filter_map(|room| room.lacks(pod)) {
        *counts.entry(reason).or_default() += 1;
    }
    let mut parts: Vec<_> = counts.into_iter().collect();
    parts.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
    let texts: Vec<String> = parts
        .into_iter()
        .map(|((one, many), count)| if count == 1 { format!("1 node {one}") } else { format!("{count} nodes {many}") })
        .collect();
    if texts.is_empty() { "there is no other node".to_owned() } else { texts.join(", ") }
}

/// CPU and memory on one scale, that of the largest node.
fn size(asks: Resources, nodes: &[Node]) -> u128 {
    let cpu = nodes.iter().map(|node| node.allocatable.cpu_millis).max().unwrap_or(1).max(1);
    let memory = nodes.iter().map(|node| node.allocatable.memory_bytes).max().unwrap_or(1).max(1);
    u128::from(asks.cpu_millis) * u128::from(memory) + u128::from(asks.memory_bytes) * u128::from(cpu)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::drain::samples::{node, on, pod};
    use crate::model::kubernetes::{NodeSelectorTerm, NodeTaint, Requirement, Toleration};

    fn wanting(name: &str, cpu_millis: u64) -> Pod {
        on("v", Pod { requests: Resources { cpu_millis, memory_bytes: 1, pods: 1 }, ..pod(name) })
    }

    fn ask(moving: &[Pod], nodes: &[Node], staying: &[Pod]) -> BTreeMap<String, Homeless> {
        let pods: Vec<Pod> = moving.iter().chain(staying).cloned().collect();
        let moving: Vec<&Pod> = moving.iter().collect();
        homeless(&moving, nodes, &pods, &BTreeSet::from(["v"]))
    }

    #[test]
    fn pods_are_placed_one_after_another_and_the_largest_first() {
        let nodes = [node("v"), node("a"), node("b")];
        assert!(ask(&[wanting("s", 1000), wanting("l", 4000), wanting("m", 3000)], &nodes, &[]).is_empty());
        let left = ask(&[wanting("s", 1001), wanting("l", 4000), wanting("m", 3000)], &nodes, &[]);
        let expected = Homeless { alone: false, nodes: "2 nodes lack CPU, 1 node goes too".to_owned() };
        assert_eq!(left, BTreeMap::from([("uid-s".to_owned(), expected)]));
    }

    #[test]
    fn what_runs_already_takes_its_room_and_what_is_done_does_not() {
        let nodes = [node("v"), node("a")];
        let there = on("a", wanting("there", 2000));
        assert_eq!(ask(&[wanting("p", 2000)], &nodes, std::slice::from_ref(&there)).len(), 0);
        let left = ask(&[wanting("p", 2001)], &nodes, std::slice::from_ref(&there));
        assert!(left["uid-p"].alone);
        let done = Pod { phase: crate::model::kubernetes::PodPhase::Succeeded, ..there };
        assert_eq!(ask(&[wanting("p", 2001)], &nodes, &[done]).len(), 0);
    }

    #[test]
    fn every_hard_rule_of_a_node_counts() {
        let mut labelled = node("a");
        labelled.labels.insert("tier".to_owned(), "web".to_owned());
        let taint = |effect: &str| NodeTaint {
            key: "k".to_owned(),
            value: String::new(),
            effect: effect.to_owned(),
            added: None,
        };
        let tolerant = Pod {
            tolerations: vec![Toleration {
                key: None,
                operator: "Exists".to_owned(),
                value: String::new(),
                effect: None,
            }],
            ..wanting("p", 1)
        };
        let mut picky = wanting("p", 1);
        picky.node_selector.insert("tier".to_owned(), "db".to_owned());
        let requirement =
            Requirement { key: "tier".to_owned(), operator: "In".to_owned(), values: vec!["db".to_owned()] };
        let affine = Pod {
            required_affinity: Some(vec![NodeSelectorTerm { expressions: vec![requirement], fields: Vec::new() }]),
            ..wanting("p", 1)
        };
        let table = [
            ("fits", labelled.clone(), wanting("p", 1), ""),
            ("not ready", Node { ready: false, ..node("a") }, wanting("p", 1), "1 node is not Ready"),
            ("cordoned", Node { unschedulable: true, ..node("a") }, wanting("p", 1), "1 node is cordoned"),
            (
                "tainted",
                Node { taints: vec![taint("NoSchedule")], ..node("a") },
                wanting("p", 1),
                "1 node has a taint that it does not tolerate",
            ),
            ("tolerated", Node { taints: vec![taint("NoSchedule")], ..node("a") }, tolerant, ""),
            (
                "ready a moment ago",
                Node { taints: vec![NodeTaint { key: PASSING[0].to_owned(), ..taint("NoSchedule") }], ..node("a") },
                wanting("p", 1),
                "",
            ),
            ("soft taint", Node { taints: vec![taint("PreferNoSchedule")], ..node("a") }, wanting("p", 1), ""),
            ("selector", labelled.clone(), picky, "1 node does not match its node selector or affinity"),
            ("affinity", labelled, affine, "1 node does not match its node selector or affinity"),
            (
                "memory",
                Node { allocatable: Resources { memory_bytes: 0, ..node("a").allocatable }, ..node("a") },
                wanting("p", 1),
                "1 node lacks memory",
            ),
            (
                "pods",
                Node { allocatable: Resources { pods: 0, ..node("a").allocatable }, ..node("a") },
                wanting("p", 1),
                "1 node has its number of pods",
            ),
        ];
        for (what, node, pod, expected) in table {
            let left = ask(&[pod], &[node], &[]);
            let seen = left.values().next().map_or("", |one| one.nodes.as_str());
            assert_eq!(seen, expected, "{what}");
        }
    }
}
