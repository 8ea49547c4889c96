//! One pod, no budget.

use serde_json::json;

use crate::scene::{Scene, causes};

#[test]
fn an_evicted_pod_terminates_and_is_gone() {
    let scene = Scene::new("evict");
    scene.ready_pod("a", &json!({}));
    let answer = scene.evict("a");
    assert_eq!((answer.status, answer.json()["status"].as_str()), (201, Some("Success")));
    scene.wait_gone("a");
}

#[test]
fn a_pod_that_is_gone_is_not_found() {
    let scene = Scene::new("missing");
    let answer = scene.evict("a");
    assert_eq!((answer.status, answer.json()["reason"].as_str()), (404, Some("NotFound")));
}

#[test]
fn a_uid_precondition_protects_the_pods_successor() {
    let scene = Scene::new("uid");
    let first = scene.ready_pod("a", &json!({}));
    scene.k.delete(&scene.path("a"));
    scene.wait_gone("a");
    scene.ready_pod("a", &json!({}));

    let uid = &first["metadata"]["uid"];
    let answer = scene.evict_with("a", &json!({"preconditions": {"uid": uid}}));
    assert_eq!((answer.status, answer.json()["reason"].as_str()), (409, Some("Conflict")), "{}", answer.text);
    assert!(!scene.is_terminating("a"));

    let uid = scene.k.get(&scene.path("a"))["metadata"]["uid"].clone();
    assert_eq!(scene.evict_with("a", &json!({"preconditions": {"uid": uid}})).status, 201);
    scene.wait_gone("a");
}

#[test]
fn a_dry_run_is_judged_and_evicts_nothing() {
    let scene = Scene::new("dry");
    scene.ready_pod("a", &json!({}));
    assert_eq!(scene.evict_with("a", &json!({"dryRun": ["All"]})).status, 201);
    assert!(!scene.is_terminating("a"));
    scene.budget("none", &json!({"minAvailable": 1}), 0);
    assert_eq!(scene.evict_with("a", &json!({"dryRun": ["All"]})).status, 429);
}

/// The API server protects neither: whoever drains must leave them alone by itself.
#[test]
fn daemonset_and_mirror_pods_are_evicted_like_others() {
    let scene = Scene::new("daemon");
    let sets = format!("/apis/apps/v1/namespaces/{}/daemonsets", scene.namespace);
    let pod = json!({
        "metadata": {"labels": {"app": "agent"}},
        "spec": {
            "nodeSelector": {"kubernetes.io/hostname": scene.node},
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "main", "image": "none"}],
        },
    });
    let spec = json!({"selector": {"matchLabels": {"app": "agent"}}, "template": pod});
    scene.k.create(&sets, &json!({"metadata": {"name": "agent"}, "spec": spec}));
    scene.k.patch(&format!("/api/v1/nodes/{}", scene.node), &json!({"spec": {"unschedulable": true}}));

    let agent = |not: &str| {
        scene.k.wait("the DaemonSet's pod", |k| {
            let pods = k.get(&format!("{}?labelSelector=app%3Dagent", scene.pods()));
            let pods = pods["items"].as_array()?.clone();
            pods.into_iter().find(|pod| pod["metadata"]["name"] != not && pod["status"]["phase"] == "Running")
        })
    };
    let first = agent("");
    assert_eq!(first["metadata"]["ownerReferences"][0]["kind"], "DaemonSet");
    let name = first["metadata"]["name"].as_str().unwrap();
    assert_eq!(scene.evict(name).status, 201);
    // Its successor comes back to the same node, cordoned or not.
    assert_eq!(agent(name)["spec"]["nodeName"], scene.node.as_str());

    let mirror = json!({"metadata": {"annotations": {"kubernetes.io/config.mirror": "abc"}}});
    scene.ready_pod("mirror", &mirror);
    assert_eq!(scene.evict("mirror").status, 201);
    scene.wait_gone("mirror");
}

/// kubectl drain treats the 403 as "wait": the namespace's end takes the pod along.
#[test]
fn eviction_is_forbidden_in_a_terminating_namespace() {
    let scene = Scene::new("ending");
    scene.ready_pod("a", &json!({"metadata": {"annotations": {"lab.scaler/terminate-after": "1h"}}}));
    let namespace = format!("/api/v1/namespaces/{}", scene.namespace);
    scene.k.delete(&namespace);
    scene.k.wait("the namespace to be terminating", |k| {
        (k.get(&namespace)["status"]["phase"] == "Terminating").then_some(())
    });
    // The API server's own view of the namespace follows a moment later.
    let answer = scene.k.wait("the eviction to be refused", |_| Some(scene.evict("a")).filter(|it| it.status != 201));
    assert_eq!((answer.status, answer.json()["reason"].as_str()), (403, Some("Forbidden")), "{}", answer.text);
    assert_eq!(causes(&answer)[0].0, "NamespaceTerminating");
}
