//! How long a pod takes to go. None of these look at a clock: a pod that takes
//! long is compared with one that was asked to go after it and is gone.

use serde_json::json;

use crate::scene::Scene;

#[test]
fn a_pod_uses_the_grace_that_it_asks_for() {
    let scene = Scene::new("grace");
    scene.ready_pod("slow", &json!({"spec": {"terminationGracePeriodSeconds": 3600}}));
    scene.ready_pod("fast", &json!({}));
    assert_eq!(scene.evict("slow").status, 201);
    assert_eq!(scene.evict("fast").status, 201);
    scene.wait_gone("fast");
    let slow = scene.k.get(&scene.path("slow"));
    assert_eq!(slow["metadata"]["deletionGracePeriodSeconds"], 3600);
    assert!(scene.is_terminating("slow"));
}

#[test]
fn an_eviction_may_shorten_the_grace() {
    let scene = Scene::new("shorter");
    scene.ready_pod("a", &json!({"spec": {"terminationGracePeriodSeconds": 3600}}));
    assert_eq!(scene.evict_with("a", &json!({"gracePeriodSeconds": 1})).status, 201);
    scene.wait_gone("a");
}

#[test]
fn a_pod_may_outlive_its_grace() {
    let scene = Scene::new("outlive");
    scene.ready_pod("stuck", &json!({"metadata": {"annotations": {"lab.scaler/terminate-after": "1h"}}}));
    scene.ready_pod("fast", &json!({}));
    assert_eq!(scene.evict("stuck").status, 201);
    assert_eq!(scene.evict("fast").status, 201);
    scene.wait_gone("fast");
    assert!(scene.is_terminating("stuck"));
}

#[test]
fn a_pod_may_go_before_its_grace_ends() {
    let scene = Scene::new("early");
    let early = json!({
        "metadata": {"annotations": {"lab.scaler/terminate-after": "1s"}},
        "spec": {"terminationGracePeriodSeconds": 3600},
    });
    scene.ready_pod("a", &early);
    assert_eq!(scene.evict("a").status, 201);
    scene.wait_gone("a");
}

#[test]
fn a_finalizer_keeps_a_terminated_pod() {
    let scene = Scene::new("finalizer");
    scene.ready_pod("held", &json!({"metadata": {"finalizers": ["lab.scaler/hold"]}}));
    scene.ready_pod("fast", &json!({}));
    assert_eq!(scene.evict("held").status, 201);
    assert_eq!(scene.evict("fast").status, 201);
    scene.wait_gone("fast");
    assert!(scene.is_terminating("held"));
    scene.k.patch(&scene.path("held"), &json!({"metadata": {"finalizers": null}}));
    scene.wait_gone("held");
}

#[test]
fn a_jobs_pod_completes_and_the_job_with_it() {
    let scene = Scene::new("job");
    let jobs = format!("/apis/batch/v1/namespaces/{}/jobs", scene.namespace);
    let pod = json!({
        "metadata": {"annotations": {"lab.scaler/complete-after": "1s"}},
        "spec": {
            "nodeSelector": {"kubernetes.io/hostname": scene.node},
            "restartPolicy": "Never",
            "containers": [{"name": "main", "image": "none"}],
        },
    });
    scene.k.create(&jobs, &json!({"metadata": {"name": "once"}, "spec": {"template": pod}}));
    let path = format!("{jobs}/once");
    scene.k.wait("the job to succeed", |k| (k.get(&path)["status"]["succeeded"] == 1).then_some(()));
}

#[test]
fn on_a_machine_that_is_gone_nothing_ends() {
    let scene = Scene::new("silent");
    let elsewhere = Scene::new("elsewhere");
    scene.ready_pod("before", &json!({"metadata": {"annotations": {"lab.scaler/terminate-after": "2s"}}}));
    scene.ready_pod("after", &json!({}));
    assert_eq!(scene.evict("before").status, 201);
    scene.k.silence(&scene.node).unwrap();
    assert_eq!(scene.evict("after").status, 201);

    // The same, asked for later and on a machine that runs.
    elsewhere.ready_pod("control", &json!({"metadata": {"annotations": {"lab.scaler/terminate-after": "4s"}}}));
    elsewhere.evict("control");
    elsewhere.wait_gone("control");
    assert!(scene.is_terminating("before") && scene.is_terminating("after"));

    scene.k.wait("the node to be NotReady", |k| {
        let node = k.get(&format!("/api/v1/nodes/{}", scene.node));
        (crate::scene::condition(&node, "Ready") == Some("Unknown")).then_some(())
    });
    scene.k.unsilence(&scene.node).unwrap();
    scene.wait_gone("before");
    scene.wait_gone("after");
    scene.k.wait_ready(&scene.node);
}
