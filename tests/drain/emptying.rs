#![expect(
    clippy::disallowed_methods,
    reason = "a watcher's pace and the length of an outage; no result depends on them"
)]
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use scaler::model::journal::UncordonFound;
use scaler::ops::ports::Kubernetes as _;
use scaler_lab::Kubernetes;
use serde_json::json;

use crate::scene::{Scene, reach, ready};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_with_a_shared_budget_of_one_are_emptied_and_the_budget_is_kept() {
    let scene = Scene::new("shared").await;
    scene.deploy("deployments", "web", 6);
    scene.deploy("daemonsets", "agent", 3);
    scene.budget("web", &json!({"maxUnavailable": 1}));
    let victims = scene.victims(2).await;

    let (over, least) = (AtomicBool::new(false), AtomicUsize::new(usize::MAX));
    let path = format!("{}?labelSelector=app%3Dweb", scene.pods_path());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                least.fetch_min(ready(&scene.k.get(&path)), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(scene.empty(&victims)));
        over.store(true, Ordering::Relaxed);
    });
    assert!(least.load(Ordering::Relaxed) >= 5, "{least:?} of 6 pods were healthy");

    let left: BTreeSet<String> =
        scene.pods().into_iter().filter(|(_, node)| *node != scene.nodes[2]).map(|(name, _)| name).collect();
    assert!(left.len() == 2 && left.iter().all(|name| name.starts_with("agent-")), "{left:?}");
    for (victim, undone) in scene.drainer().uncordon(&victims).await {
        assert_eq!(undone.unwrap(), UncordonFound::Ours, "{}", victim.node);
    }
    for at in 0..2 {
        let node = scene.node(at);
        assert!(
            node["spec"]["unschedulable"].is_null() && node["metadata"]["annotations"]["scaler/operation"].is_null()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stateful_pod_that_comes_back_elsewhere_is_not_evicted_there() {
    let scene = Scene::new("stateful").await;
    scene.deploy("statefulsets", "db", 3);
    let victims = scene.victims(2).await;
    let moved = scene.pods().into_iter().filter(|(_, node)| *node != scene.nodes[2]).count();
    scene.empty(&victims).await;
    scene.wait_ready("db", 3);
    let evictions = scene
        .k
        .audit()
        .into_iter()
        .filter(|event| event.namespace == scene.namespace && event.subresource == "eviction" && event.code == 201);
    assert_eq!(evictions.count(), moved, "each pod once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_pods_are_handled_and_a_job_finishes_first() {
    let mut scene = Scene::new("late").await;
    scene.rules.evict_unmanaged = true;
    let jobs = format!("/apis/batch/v1/namespaces/{}/jobs", scene.namespace);
    let template = json!({
        "metadata": {"annotations": {"lab.scaler/complete-after": "12s"}},
        "spec": {
            "restartPolicy": "Never",
            "nodeName": scene.nodes[0],
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "main", "image": "none"}],
        },
    });
    scene.k.create(&jobs, &json!({"metadata": {"name": "backup"}, "spec": {"template": template}}));
    scene.k.wait("the Job's pod to be there", |_| (!scene.pods().is_empty()).then_some(()));
    let victims = scene.victims(1).await;
    assert_eq!(scene.drainer().cordon_all(&victims).await.unwrap(), []);
    scene.bind("late", &scene.nodes[0], json!({}), json!({}));
    scene.bind("mirror", &scene.nodes[0], json!({"annotations": {"kubernetes.io/config.mirror": "x"}}), json!({}));
    let ended = scene.drainer().drain_all(&victims).await.unwrap();
    assert!(ended.iter().all(Result::is_ok), "{ended:#?}");
    let job = scene.k.get(&format!("{jobs}/backup"));
    assert_eq!(job["status"]["succeeded"], 1, "{job:#}");
    let left: Vec<String> = scene.pods().into_iter().map(|(name, _)| name).collect();
    assert!(left.iter().any(|name| name == "mirror") && !left.iter().any(|name| name == "late"), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_server_that_is_away_for_a_while_is_ridden_out() {
    let k = Kubernetes::shared();
    let proxy = k.proxy();
    let scene = Scene::through("away", &k.kubeconfig_through(&proxy)).await;
    scene.deploy("deployments", "web", 3);
    let victims = scene.victims(2).await;
    assert_eq!(scene.drainer().cordon_all(&victims).await.unwrap(), []);
    let ended = std::thread::scope(|scope| {
        proxy.down();
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(15));
            proxy.up();
        });
        let drainer = scene.drainer();
        let drain = drainer.drain_all(&victims);
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(drain))
    });
    assert!(ended.unwrap().iter().all(Result::is_ok));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kubectl_that_was_killed_is_started_again() {
    let k = Kubernetes::shared();
    let proxy = k.proxy();
    let kubeconfig = k.kubeconfig_through(&proxy);
    let cluster = reach(&kubeconfig).await;
    for _ in 0..2 {
        let before = kubectl_with(&kubeconfig).expect("kubectl runs");
        rustix::process::kill_process(before, rustix::process::Signal::KILL).unwrap();
        while kubectl_with(&kubeconfig) == Some(before) {
            tokio::task::yield_now().await;
        }
        cluster.nodes().await.unwrap();
    }
}

/// The process that has this kubeconfig, which is a test's own, as an argument.
fn kubectl_with(kubeconfig: &Path) -> Option<rustix::process::Pid> {
    let argument = format!("--kubeconfig={}", kubeconfig.display());
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok());
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let runs = |number: &i32| {
        let line = std::fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
    };
    rustix::process::Pid::from_raw(numbers.find(runs)?)
}
