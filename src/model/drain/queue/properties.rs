//! The state machine against a small cluster of chance: budgets, grace periods, pods that never end, late pods.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::model::drain::cordon::Cordon;
use crate::model::drain::samples::{budget, node, on, operation, pod, rules};
use crate::model::kubernetes::{self, OPERATION_ANNOTATION};

#[derive(Debug, Clone)]
struct Plan {
    nodes: usize,
    parallel: u32,
    timeout: u64,
    total: u64,
    keep_going: bool,
    /// Of each budget: how many of its pods may be missing, and how long a new pod takes to be Ready.
    budgets: Vec<(i32, u64)>,
    pods: Vec<PlannedPod>,
}

#[derive(Debug, Clone)]
struct PlannedPod {
    node: usize,
    budget: Option<usize>,
    /// None: it never ends.
    grace: Option<u64>,
    appears: u64,
}

fn plans(stuck: bool, spare: i32) -> impl Strategy<Value = Plan> {
    (1usize..4, 1u32..4, 20u64..60, 60u64..120, any::<bool>()).prop_flat_map(
        move |(nodes, parallel, timeout, total, keep_going)| {
            let grace =
                if stuck { prop::option::weighted(0.8, 0u64..20).boxed() } else { (0u64..3).prop_map(Some).boxed() };
            let appears = if stuck { 0u64..15 } else { 0..1 };
            let planned = (0..nodes, prop::option::of(0usize..2), grace, appears)
                .prop_map(|(node, budget, grace, appears)| PlannedPod { node, budget, grace, appears });
            let budgets = prop::collection::vec((spare..3, 0u64..4), 2);
            (budgets, prop::collection::vec(planned, 0..9)).prop_map(move |(budgets, pods)| Plan {
                nodes,
                parallel,
                timeout,
                total,
                keep_going,
                budgets,
                pods,
            })
        },
    )
}

/// The cluster: where each planned pod is in its life.
struct World<'a> {
    plan: &'a Plan,
    /// Pod → when its eviction was accepted.
    leaving: BTreeMap<usize, u64>,
}

impl World<'_> {
    fn on_node(&self, at: usize, now: u64) -> bool {
        let planned = &self.plan.pods[at];
        let gone = self.leaving.get(&at).is_some_and(|since| planned.grace.is_some_and(|grace| now >= since + grace));
        planned.appears <= now && !gone
    }

    /// Evictions that the budget still suffers from: the pod's successor is not Ready yet.
    fn missing(&self, of: usize, now: u64) -> i32 {
        let (_, start) = self.plan.budgets[of];
        let leaving = self.leaving.iter().filter(|(at, since)| {
            let planned = &self.plan.pods[**at];
            planned.budget == Some(of) && now < **since + start
        });
        i32::try_from(leaving.count()).unwrap()
    }

    fn allowance(&self, of: usize, now: u64) -> i32 {
        (self.plan.budgets[of].0 - self.missing(of, now)).max(0)
    }

    fn pods(&self, now: u64) -> Vec<Pod> {
        let planned = self.plan.pods.iter().enumerate().filter(|(at, _)| self.on_node(*at, now));
        planned
            .map(|(at, planned)| {
                let mut one = on(&format!("n{}", planned.node), pod(&format!("p{at}")));
                let group = planned.budget.map_or("none".to_owned(), |of| format!("b{of}"));
                one.labels = BTreeMap::from([("app".to_owned(), group)]);
                one.deleted = self.leaving.contains_key(&at).then_some(Timestamp::UNIX_EPOCH);
                one
            })
            .collect()
    }

    fn budgets(&self, now: u64) -> Vec<Budget> {
        (0..self.plan.budgets.len())
            .map(|of| {
                let mut one = Budget { disruptions_allowed: self.allowance(of, now), ..budget(&format!("b{of}")) };
                one.selector.match_labels = BTreeMap::from([("app".to_owned(), format!("b{of}"))]);
                one
            })
            .collect()
    }
}

/// Runs a plan to its end and checks at each step what must always hold. Gives the drained and the blocked nodes.
fn run(plan: &Plan) -> Result<(BTreeSet<String>, BTreeSet<String>), TestCaseError> {
    let rules = DrainSpec {
        parallel: plan.parallel,
        timeout: Duration::from_secs(plan.timeout),
        total_timeout: Duration::from_secs(plan.total),
        ..rules()
    };
    let victims = (0..plan.nodes).map(|at| Victim { node: format!("n{at}"), uid: format!("uid-n{at}") }).collect();
    let mut queue = Queue::new(victims, rules, operation(), plan.keep_going, Duration::ZERO);
    let mut world = World { plan, leaving: BTreeMap::new() };
    let mut first_eviction: BTreeMap<String, u64> = BTreeMap::new();
    let (mut drained, mut blocked) = (BTreeSet::new(), BTreeSet::new());
    let mut now = 0;
    while !queue.finished() {
        prop_assert!(now <= plan.total, "it goes on after its total time");
        let budgets = world.budgets(now);
        let look = Look {
            began: Duration::from_secs(now),
            at: Timestamp::UNIX_EPOCH,
            nodes: queue
                .watched()
                .into_iter()
                .map(|watched| {
                    let mut shown = kubernetes::Node { unschedulable: true, ..node(&watched.node) };
                    let text = Cordon { operation: operation(), was_unschedulable: false }.text();
                    shown.annotations.insert(OPERATION_ANNOTATION.to_owned(), text);
                    let pods = world.pods(now);
                    let pods = pods.into_iter().filter(|pod| pod.node.as_ref() == Some(&watched.node)).collect();
                    (watched.node, NodeLook { node: Some(shown), pods, volumes: Some(Vec::new()) })
                })
                .collect(),
            budgets: budgets.clone(),
        };
        prop_assert!(look.nodes.len() <= plan.parallel as usize);
        queue.observe(look, Duration::from_secs(now));
        let mut asked: BTreeMap<usize, i32> = BTreeMap::new();
        let mut until = None;
        for action in queue.next(Duration::from_secs(now)) {
            match action {
                Action::Evict { node, pod } => {
                    let at: usize = pod.name[1..].parse().unwrap();
                    prop_assert!(pod.deleted.is_none() && !world.leaving.contains_key(&at), "asked twice");
                    prop_assert!(!blocked.contains(&node) && !drained.contains(&node));
                    let since = *first_eviction.entry(node).or_insert(now);
                    prop_assert!(now < since + plan.timeout, "an eviction after the node's deadline");
                    let granted = plan.pods[at].budget.is_none_or(|of| {
                        *asked.entry(of).or_default() += 1;
                        world.allowance(of, now) > 0
                    });
                    if granted {
                        world.leaving.insert(at, now);
                    }
                    let answer = if granted { Eviction::Accepted } else { Eviction::Budget(Vec::new()) };
                    queue.answered(&pod.uid, &answer, Duration::from_secs(now));
                }
                Action::Drained { victim } => {
                    let left = world.pods(now).into_iter().any(|pod| pod.node.as_ref() == Some(&victim.node));
                    prop_assert!(!left, "{} was called empty", victim.node);
                    drained.insert(victim.node);
                }
                Action::Blocked { victim, holds, .. } => {
                    prop_assert!(!holds.is_empty(), "{} is blocked for no reason", victim.node);
                    blocked.insert(victim.node);
                }
                Action::Waiting { .. } => {}
                Action::Wait { until: then } => until = Some(then.as_secs()),
            }
        }
        for (of, asked) in asked {
            prop_assert!(asked <= budgets[of].disruptions_allowed.max(1), "{asked} asked of budget {of}");
        }
        if let Some(until) = until {
            prop_assert!(until > now, "time stands still");
            prop_assert!(until <= now + LOOK_EVERY.as_secs());
            now = until;
        }
    }
    for node in &blocked {
        let since = first_eviction.get(node).copied().unwrap_or_default();
        prop_assert!(now <= (since + plan.timeout).max(plan.total));
    }
    prop_assert_eq!(drained.len() + blocked.len(), plan.nodes);
    Ok((drained, blocked))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn allowances_and_deadlines_hold_and_it_ends(plan in plans(true, 0)) {
        run(&plan)?;
    }

    #[test]
    fn where_nothing_is_stuck_everything_is_drained(plan in plans(false, 1)) {
        let plan = Plan { timeout: 200, total: 400, ..plan };
        let (drained, _) = run(&plan)?;
        prop_assert_eq!(drained.len(), plan.nodes);
    }
}
