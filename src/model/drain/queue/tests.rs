use super::*;
use crate::model::drain::cordon::Cordon;
use crate::model::drain::samples::{budget, node, on, operation, owned, pod, rules};
use crate::model::kubernetes::{self, OPERATION_ANNOTATION};

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn victim(name: &str) -> Victim {
    Victim { node: name.to_owned(), uid: format!("uid-{name}") }
}

fn cordoned(name: &str) -> kubernetes::Node {
    let mut node = kubernetes::Node { unschedulable: true, ..node(name) };
    let text = Cordon { operation: operation(), was_unschedulable: false }.text();
    node.annotations.insert(OPERATION_ANNOTATION.to_owned(), text);
    node
}

fn queue(names: &[&str], rules: DrainSpec) -> Queue {
    Queue::new(names.iter().map(|name| victim(name)).collect(), rules, operation(), false, at(0))
}

/// A look at everything watched, with these pods.
fn look(queue: &Queue, pods: &[Pod], budgets: &[Budget], now: Duration) -> Look {
    let nodes = queue.watched().into_iter().map(|watched| {
        let here = pods.iter().filter(|pod| pod.node.as_deref() == Some(&watched.node)).cloned().collect();
        let volumes = watched.volumes.then(Vec::new);
        (watched.node.clone(), NodeLook { node: Some(cordoned(&watched.node)), pods: here, volumes })
    });
    Look { began: now, at: Timestamp::UNIX_EPOCH, nodes: nodes.collect(), budgets: budgets.to_vec() }
}

fn step(queue: &mut Queue, pods: &[Pod], budgets: &[Budget], now: Duration) -> Vec<Action> {
    let look = look(queue, pods, budgets, now);
    queue.observe(look, now);
    queue.next(now)
}

fn evicted(actions: &[Action]) -> Vec<&str> {
    actions
        .iter()
        .filter_map(|action| match action {
            Action::Evict { pod, .. } => Some(pod.name.as_str()),
            _ => None,
        })
        .collect()
}

fn drained(actions: &[Action]) -> Vec<&str> {
    actions
        .iter()
        .filter_map(|action| match action {
            Action::Drained { victim } => Some(victim.node.as_str()),
            _ => None,
        })
        .collect()
}

fn blocked(actions: &[Action]) -> Vec<(&str, Vec<String>, Option<Deadline>)> {
    actions
        .iter()
        .filter_map(|action| match action {
            Action::Blocked { victim, holds, deadline } => {
                Some((victim.node.as_str(), holds.iter().map(Hold::to_string).collect(), *deadline))
            }
            _ => None,
        })
        .collect()
}

fn bare(name: &str) -> Pod {
    Pod { labels: std::collections::BTreeMap::new(), ..pod(name) }
}

#[test]
fn a_node_is_drained_by_two_looks_three_seconds_apart() {
    let mut queue = queue(&["a"], rules());
    let daemon = on("a", owned("proxy", "DaemonSet"));
    assert_eq!(evicted(&step(&mut queue, &[on("a", bare("web")), daemon.clone()], &[], at(0))), ["web"]);
    queue.answered("uid-web", &Eviction::Accepted, at(0));
    for second in 1..4 {
        assert_eq!(drained(&step(&mut queue, std::slice::from_ref(&daemon), &[], at(second))), [""; 0], "{second}");
    }
    assert_eq!(drained(&step(&mut queue, &[daemon], &[], at(4))), ["a"]);
    assert!(queue.finished());
}

#[test]
fn a_late_pod_is_evicted_and_the_proof_starts_anew() {
    let mut queue = queue(&["a"], rules());
    assert_eq!(evicted(&step(&mut queue, &[], &[], at(0))), [""; 0]);
    assert_eq!(evicted(&step(&mut queue, &[on("a", bare("late"))], &[], at(2))), ["late"]);
    queue.answered("uid-late", &Eviction::Gone, at(2));
    assert_eq!(drained(&step(&mut queue, &[], &[], at(3))), [""; 0]);
    assert_eq!(drained(&step(&mut queue, &[], &[], at(5))), [""; 0]);
    assert_eq!(drained(&step(&mut queue, &[], &[], at(6))), ["a"]);
}

#[test]
fn an_attached_volume_holds_the_node_until_the_deadline() {
    let mut queue = queue(&["a"], DrainSpec { timeout: at(10), ..rules() });
    step(&mut queue, &[], &[], at(0));
    assert!(queue.watched()[0].volumes);
    let attached = |queue: &Queue, now| {
        let mut look = look(queue, &[], &[], now);
        look.nodes.get_mut("a").unwrap().volumes = Some(vec!["pv-1".to_owned()]);
        look
    };
    for second in 1..11 {
        let look = attached(&queue, at(second));
        queue.observe(look, at(second));
        assert_eq!(blocked(&queue.next(at(second))), []);
    }
    let look = attached(&queue, at(11));
    queue.observe(look, at(11));
    let holds = vec!["volume pv-1 of a pod that left is still attached".to_owned()];
    assert_eq!(blocked(&queue.next(at(11))), [("a", holds, Some(Deadline::Node(at(10))))]);
}

#[test]
fn pods_of_one_budget_go_in_order_across_victims_and_others_do_not_wait() {
    let mut queue = queue(&["a", "b"], rules());
    let pods = [on("b", pod("w3")), on("a", pod("w2")), on("a", pod("w1")), on("b", bare("free"))];
    let budgets = [budget("b")];
    assert_eq!(evicted(&step(&mut queue, &pods, &budgets, at(0))), ["w1", "free"]);
    queue.answered("uid-w1", &Eviction::Accepted, at(0));
    queue.answered("uid-free", &Eviction::Accepted, at(0));
    let none = [Budget { disruptions_allowed: 0, ..budget("b") }];
    assert_eq!(evicted(&step(&mut queue, &pods[..2], &none, at(1))), ["w2"], "one may always be tried");
    queue.answered("uid-w2", &Eviction::Budget(vec!["needs 1 and has 1".to_owned()]), at(1));
    assert_eq!(evicted(&queue.next(at(1))), [""; 0], "the refusal delays the lane");
    assert_eq!(evicted(&step(&mut queue, &pods[..2], &budgets, at(2))), ["w2"]);
    queue.answered("uid-w2", &Eviction::Accepted, at(2));
    assert_eq!(evicted(&step(&mut queue, &pods[..1], &budgets, at(3))), ["w3"]);
}

#[test]
fn a_refused_pod_is_reported_with_its_budget_at_the_deadline() {
    let mut queue = queue(&["a"], DrainSpec { timeout: at(20), ..rules() });
    let none = [Budget { disruptions_allowed: 0, current_healthy: 1, ..budget("b") }];
    let pods = [on("a", pod("w1")), on("a", pod("w2"))];
    let mut ended = Vec::new();
    for second in 0..=20 {
        let actions = step(&mut queue, &pods, &none, at(second));
        for name in evicted(&actions) {
            assert!(second < 20);
            queue.answered(&format!("uid-{name}"), &Eviction::Budget(Vec::new()), at(second));
        }
        ended = actions;
    }
    let holds = vec![
        "shop/w1 waits for budget shop/b, which needs 1 healthy pods and has 1".to_owned(),
        "shop/w2 waits for its turn under budget shop/b".to_owned(),
    ];
    assert_eq!(blocked(&ended), [("a", holds, Some(Deadline::Node(at(20))))]);
}

#[test]
fn a_nodes_clock_starts_with_its_first_eviction_and_jobs_do_not_start_it() {
    let rules = DrainSpec { timeout: at(10), total_timeout: at(60), ..rules() };
    let mut queue = queue(&["a"], rules);
    let job = on("a", owned("job", "Job"));
    for second in 0..40 {
        assert_eq!(blocked(&step(&mut queue, std::slice::from_ref(&job), &[], at(second))), []);
    }
    step(&mut queue, &[job.clone(), on("a", bare("late"))], &[], at(40));
    queue.answered("uid-late", &Eviction::Accepted, at(40));
    assert_eq!(blocked(&step(&mut queue, std::slice::from_ref(&job), &[], at(49))), []);
    let holds = vec!["shop/job works for Job/owner and is waited for".to_owned()];
    assert_eq!(blocked(&step(&mut queue, &[job], &[], at(50))), [("a", holds, Some(Deadline::Node(at(10))))]);
}

#[test]
fn the_total_time_ends_what_has_not_begun_too() {
    let mut queue = queue(&["a", "b"], DrainSpec { parallel: 1, total_timeout: at(30), ..rules() });
    queue.keep_going = true;
    let job = on("a", owned("job", "Job"));
    let actions = step(&mut queue, std::slice::from_ref(&job), &[], at(0));
    assert_eq!(actions.last(), Some(&Action::Wait { until: at(1) }));
    let ended = step(&mut queue, &[job], &[], at(30));
    let nodes: Vec<&str> = blocked(&ended).iter().map(|(node, ..)| *node).collect();
    assert_eq!(nodes, ["a", "b"]);
    assert_eq!(blocked(&ended)[1].1, ["its turn to be drained did not come"]);
    assert_eq!(blocked(&ended)[1].2, Some(Deadline::Total(at(30))));
}

#[test]
fn one_blocked_node_ends_the_others_unless_it_is_to_go_on_in_part() {
    for keep_going in [false, true] {
        let mut queue = queue(&["a", "b"], rules());
        queue.keep_going = keep_going;
        let mut look = look(&queue, &[on("b", bare("web"))], &[], at(0));
        look.nodes.get_mut("a").unwrap().node = Some(node("a"));
        queue.observe(look, at(0));
        let actions = queue.next(at(0));
        let nodes: Vec<&str> = blocked(&actions).iter().map(|(node, ..)| *node).collect();
        if keep_going {
            assert_eq!(nodes, ["a"]);
            assert_eq!(evicted(&actions), ["web"]);
        } else {
            assert_eq!(nodes, ["a", "b"]);
            assert_eq!(evicted(&actions), [""; 0], "no pod is moved in vain");
            assert!(queue.finished());
        }
    }
}

#[test]
fn parallel_nodes_are_watched_at_once_and_the_next_follows() {
    let mut queue = queue(&["a", "b", "c"], DrainSpec { parallel: 2, ..rules() });
    let names = |queue: &Queue| queue.watched().into_iter().map(|one| one.node).collect::<Vec<_>>();
    assert_eq!(names(&queue), ["a", "b"]);
    let job = on("b", owned("job", "Job"));
    step(&mut queue, std::slice::from_ref(&job), &[], at(0));
    step(&mut queue, &[job], &[], at(3));
    assert_eq!(names(&queue), ["b", "c"]);
}

#[test]
fn a_node_that_changed_hands_is_blocked_at_once() {
    let mut queue = queue(&["a"], rules());
    let mut look = look(&queue, &[on("a", bare("web"))], &[], at(0));
    look.nodes.get_mut("a").unwrap().node = None;
    queue.observe(look, at(0));
    let actions = queue.next(at(0));
    assert_eq!(blocked(&actions), [("a", vec!["the Node object is gone".to_owned()], None)]);
    assert_eq!(evicted(&actions), [""; 0]);
}

#[test]
fn no_eviction_is_decided_on_old_news() {
    let mut queue = queue(&["a"], DrainSpec { total_timeout: at(30), ..rules() });
    queue.unreachable("connection refused");
    assert_eq!(evicted(&queue.next(at(0))), [""; 0]);
    let first = step(&mut queue, &[on("a", bare("web"))], &[], at(1));
    assert_eq!(evicted(&first), ["web"]);
    queue.answered("uid-web", &Eviction::Later("503".to_owned()), at(1));
    queue.unreachable("connection refused");
    assert_eq!(evicted(&queue.next(at(20))), [""; 0]);
    queue.unreachable("connection refused");
    let ended = queue.next(at(30));
    assert_eq!(
        blocked(&ended)[0].1,
        ["the cluster's API could not be read: connection refused", "shop/web could not be evicted yet: 503"]
    );
}

#[test]
fn a_pod_that_is_put_off_lets_the_others_of_its_budget_pass() {
    let mut queue = queue(&["a"], rules());
    let pods = [on("a", pod("w1")), on("a", pod("w2"))];
    let budgets = [budget("b")];
    assert_eq!(evicted(&step(&mut queue, &pods, &budgets, at(0))), ["w1"]);
    queue.answered("uid-w1", &Eviction::Later("a webhook says no".to_owned()), at(0));
    assert_eq!(evicted(&step(&mut queue, &pods, &budgets, at(1))), ["w2"]);
}

#[test]
fn several_budgets_on_a_pod_are_named() {
    let mut queue = queue(&["a"], DrainSpec { timeout: at(5), ..rules() });
    let pods = [on("a", pod("w1"))];
    let budgets = [budget("x"), budget("y")];
    step(&mut queue, &pods, &budgets, at(0));
    queue.answered("uid-w1", &Eviction::SeveralBudgets("more than one".to_owned()), at(0));
    assert_eq!(evicted(&step(&mut queue, &pods, &budgets, at(4))), [""; 0]);
    assert_eq!(
        blocked(&step(&mut queue, &pods, &budgets, at(5)))[0].1,
        ["shop/w1 is covered by several budgets (shop/x, shop/y), and the API server evicts no such pod"]
    );
}

#[test]
fn a_pod_in_the_way_is_told_once_and_starts_the_clock() {
    let mut queue = queue(&["a"], DrainSpec { timeout: at(5), ..rules() });
    let unmanaged = [on("a", Pod { owner: None, ..bare("own") })];
    let waiting = |actions: &[Action]| actions.iter().filter(|one| matches!(one, Action::Waiting { .. })).count();
    assert_eq!(waiting(&step(&mut queue, &unmanaged, &[], at(0))), 1);
    assert_eq!(waiting(&step(&mut queue, &unmanaged, &[], at(1))), 0);
    assert_eq!(blocked(&step(&mut queue, &unmanaged, &[], at(5))).len(), 1);
}
