use std::time::Duration;

use scaler::model::failure::Kind;
use scaler::ops::drain::{Obstacle, refusal};
use serde_json::json;

use crate::scene::Scene;

/// Why the first victim that is not empty is not.
fn obstacles(ended: Vec<Result<scaler::ops::drain::Drained, Obstacle>>) -> Vec<Obstacle> {
    let obstacles: Vec<Obstacle> = ended.into_iter().filter_map(Result::err).collect();
    assert!(!obstacles.is_empty());
    obstacles
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_that_stays_exhausted_ends_at_the_deadline_and_everything_is_given_back() {
    let mut scene = Scene::new("exhausted").await;
    scene.rules.timeout = Duration::from_secs(8);
    scene.deploy("deployments", "web", 2);
    scene.budget("web", &json!({"minAvailable": 2}));
    scene.k.patch(&format!("/api/v1/nodes/{}", scene.nodes[1]), &json!({"spec": {"unschedulable": true}}));
    let victims = scene.victims(3).await;
    let found = obstacles(scene.drain(&victims).await);
    let failure = refusal(&found);
    assert_eq!(failure.kind, Kind::Refused);
    let text = format!("{failure:?}");
    assert!(text.contains(&format!("{}/web", scene.namespace)), "{text}");
    assert!(text.contains("demands 2 healthy pods of 2") && text.contains("run 3 replicas"), "{text}");
    assert_eq!(scene.pods().len(), 2, "nothing was evicted");
    for (victim, undone) in scene.drainer().uncordon(&victims).await {
        undone.unwrap_or_else(|failure| panic!("{}: {failure}", victim.node));
    }
    let cordoned: Vec<bool> = (0..3).map(|at| scene.node(at)["spec"]["unschedulable"] == true).collect();
    assert_eq!(cordoned, [false, true, false]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_uncordons_a_victim_blocks_it() {
    let scene = Scene::new("uncordon").await;
    scene.bind("slow", &scene.nodes[0], json!({"annotations": {"lab.scaler/terminate-after": "1h"}}), json!({}));
    let victims = scene.victims(1).await;
    assert_eq!(scene.drainer().cordon_all(&victims).await.unwrap(), []);
    let done = scene.k.kubectl(["uncordon", &scene.nodes[0]]);
    assert!(done.success, "{}", done.stderr);
    let found = obstacles(scene.drainer().drain_all(&victims).await.unwrap());
    // kubectl only takes a field away, which the API server books for nobody.
    assert_eq!(found[0].reasons(), ["somebody uncordoned the node"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_ends_late_is_named_and_ends_the_drain() {
    let mut scene = Scene::new("lingers").await;
    scene.rules.timeout = Duration::from_secs(5);
    scene.rules.evict_unmanaged = true;
    scene.bind("hung", &scene.nodes[0], json!({"annotations": {"lab.scaler/terminate-after": "1h"}}), json!({}));
    scene.wait_ready("hung", 1);
    let victims = scene.victims(1).await;
    let found = obstacles(scene.drain(&victims).await);
    assert_eq!(
        found[0].reasons(),
        ["drain.timeout (5s) is over".to_owned(), format!("{}/hung is being deleted", scene.namespace)]
    );
}
