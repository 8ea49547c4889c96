//! What a PodDisruptionBudget allows, and how it says no.

use scaler_lab::Kubernetes;
use serde_json::json;

use crate::scene::{Scene, causes};

#[test]
fn a_budget_allows_as_many_as_it_says_and_then_429() {
    let scene = Scene::new("budget");
    for name in ["a", "b"] {
        scene.ready_pod(name, &json!({"metadata": {"annotations": {"lab.scaler/terminate-after": "1h"}}}));
    }
    scene.budget("keep-one", &json!({"minAvailable": 1}), 1);

    assert_eq!(scene.evict("a").status, 201);
    let answer = scene.evict("b");
    let status = answer.json();
    assert_eq!((answer.status, status["reason"].as_str()), (429, Some("TooManyRequests")));
    let causes = causes(&answer);
    assert_eq!(causes[0].0, "DisruptionBudget");
    assert!(causes[0].1.contains("keep-one needs 1 healthy pods and has 1 currently"), "{}", causes[0].1);
    assert!(!scene.is_terminating("b"));

    // One that is terminating is evicted again without a look at the budget.
    assert_eq!(scene.evict("a").status, 201);
}

#[test]
fn a_budget_recovers_when_the_evicted_pod_has_a_successor() {
    let scene = Scene::new("recover");
    scene.ready_pod("a", &json!({}));
    scene.ready_pod("b", &json!({}));
    scene.budget("keep-one", &json!({"minAvailable": 1}), 1);
    assert_eq!(scene.evict("a").status, 201);
    scene.wait_gone("a");
    scene.wait_allowed("keep-one", 0);
    scene.ready_pod("c", &json!({}));
    scene.wait_allowed("keep-one", 1);
    assert_eq!(scene.evict("b").status, 201);
}

/// Not a budget's no: it says when to ask again.
#[test]
fn a_budget_that_is_not_counted_yet_refuses_for_now() {
    let own = Kubernetes::start();
    let scene = Scene::on(&own, "uncounted");
    scene.ready_pod("a", &json!({}));
    own.freeze("controller-manager");
    scene.uncounted_budget("new", &json!({"minAvailable": 0}));
    let answer = scene.evict("a");
    assert_eq!((answer.status, causes(&answer)[0].0.as_str()), (429, "DisruptionBudget"), "{}", answer.text);
    assert!(causes(&answer)[0].1.contains("still being processed"), "{}", answer.text);
    assert_eq!(answer.json()["details"]["retryAfterSeconds"], 10);

    own.thaw("controller-manager");
    scene.wait_allowed("new", 1);
    assert_eq!(scene.evict("a").status, 201);
}

#[test]
fn several_budgets_on_one_pod_are_a_500() {
    let scene = Scene::new("several");
    scene.ready_pod("a", &json!({}));
    scene.budget("one", &json!({"minAvailable": 0}), 1);
    scene.budget("two", &json!({"minAvailable": 0}), 1);
    let answer = scene.evict("a");
    assert_eq!(answer.status, 500, "{}", answer.text);
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("more than one PodDisruptionBudget"), "{message}");
    assert!(!scene.is_terminating("a"));
}

#[test]
fn an_unhealthy_pod_is_held_by_a_budget_that_is_not_met() {
    let scene = Scene::new("unhealthy");
    let never = json!({"metadata": {"annotations": {"lab.scaler/never-ready": "true"}}});
    scene.pod("a", &never);
    scene.wait_pod("a", "Running", |pod| pod["status"]["phase"] == "Running");
    scene.budget("keep-one", &json!({"minAvailable": 1}), 0);
    let answer = scene.evict("a");
    assert_eq!((answer.status, causes(&answer)[0].0.as_str()), (429, "DisruptionBudget"), "{}", answer.text);
    assert!(!scene.is_terminating("a"));
}

#[test]
fn an_unhealthy_pod_goes_where_the_budget_is_met_without_it() {
    let scene = Scene::new("spare");
    scene.ready_pod("healthy", &json!({}));
    scene.pod("sick", &json!({"metadata": {"annotations": {"lab.scaler/never-ready": "true"}}}));
    scene.wait_pod("sick", "Running", |pod| pod["status"]["phase"] == "Running");
    scene.budget("keep-one", &json!({"minAvailable": 1}), 0);
    assert_eq!(scene.evict("healthy").status, 429);
    assert_eq!(scene.evict("sick").status, 201);
}

#[test]
fn always_allow_lets_unhealthy_pods_go() {
    let scene = Scene::new("always");
    scene.pod("a", &json!({"metadata": {"annotations": {"lab.scaler/never-ready": "true"}}}));
    scene.wait_pod("a", "Running", |pod| pod["status"]["phase"] == "Running");
    scene.budget("keep-one", &json!({"minAvailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}), 0);
    assert_eq!(scene.evict("a").status, 201);
    scene.wait_gone("a");
}

#[test]
fn pending_and_finished_pods_ignore_budgets() {
    let scene = Scene::new("phases");
    let silent = json!({"metadata": {"annotations": {"lab.scaler/silent": "true"}}});
    scene.pod("pending", &silent);
    scene.pod("done", &json!({"metadata": {"annotations": {"lab.scaler/complete-after": "1s"}}}));
    scene.wait_pod("done", "Succeeded", |pod| pod["status"]["phase"] == "Succeeded");
    scene.budget("all", &json!({"minAvailable": 5}), 0);
    for name in ["pending", "done"] {
        assert_eq!(scene.evict(name).status, 201, "{name}");
    }
}

/// A budget in percent, or by what may be missing, counts what the controllers of its pods want.
#[test]
fn max_unavailable_counts_the_replicas_that_should_be() {
    let scene = Scene::new("replicas");
    let sets = format!("/apis/apps/v1/namespaces/{}/replicasets", scene.namespace);
    let pod = json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {
            "nodeSelector": {"kubernetes.io/hostname": scene.node},
            "containers": [{"name": "main", "image": "none"}],
        },
    });
    let spec = json!({"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": pod});
    scene.k.create(&sets, &json!({"metadata": {"name": "web"}, "spec": spec}));
    scene.budget("one-missing", &json!({"maxUnavailable": 1}), 1);
    scene.k.patch(&format!("/api/v1/nodes/{}", scene.node), &json!({"spec": {"unschedulable": true}}));

    let pods = scene.k.get(&scene.pods());
    let names: Vec<_> =
        pods["items"].as_array().unwrap().iter().map(|pod| pod["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 3);
    assert_eq!(scene.evict(names[0]).status, 201);
    // Its successor finds no node: the budget stays used up.
    assert_eq!(scene.evict(names[1]).status, 429);
}
