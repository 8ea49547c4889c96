//! What the adapter makes of the API server's answers.

use scaler::model::bootstrap::BootstrapToken;
use scaler::model::failure::Kind;
use scaler::model::kubernetes::{Eviction, JOINING, NodeChange, Patched, Pod, RIGHTS};
use scaler::model::names::OperationId;
use scaler::ops::ports::Kubernetes as _;
use scaler_lab::{Fault, Matcher};
use serde_json::json;

use crate::scene::{Scene, reach};

async fn read(scene: &Scene, name: &str) -> Pod {
    scene.cluster.pod(&scene.namespace, name).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_to_an_eviction_is_told_from_the_others() {
    let scene = Scene::new("answers").await;
    let node = scene.nodes[0].clone();
    scene.bind("free", &node, json!({}), json!({}));
    scene.wait_ready("free", 1);
    let free = read(&scene, "free").await;
    let stranger = Pod { uid: "00000000-0000-0000-0000-000000000000".into(), ..free.clone() };
    assert_eq!(scene.cluster.evict(&stranger).await.unwrap(), Eviction::Replaced);
    assert!(read(&scene, "free").await.deleted.is_none());
    assert_eq!(scene.cluster.evict(&free).await.unwrap(), Eviction::Accepted);
    scene.k.wait("the pod to be gone", |k| k.find(&format!("{}/free", scene.pods_path())).is_none().then_some(()));
    assert_eq!(scene.cluster.evict(&free).await.unwrap(), Eviction::Gone);

    scene.bind("kept", &node, json!({}), json!({}));
    scene.wait_ready("kept", 1);
    scene.budget("kept", &json!({"minAvailable": 1}));
    let kept = read(&scene, "kept").await;
    let Eviction::Budget(causes) = scene.cluster.evict(&kept).await.unwrap() else { panic!("it was not refused") };
    assert!(causes[0].contains("kept needs 1 healthy pods and has 1 currently"), "{causes:?}");

    let collection = format!("/apis/policy/v1/namespaces/{}/poddisruptionbudgets", scene.namespace);
    let second = json!({"metadata": {"name": "second"}, "spec": {"minAvailable": 0, "selector": {}}});
    scene.k.create(&collection, &second);
    // The budgets reach the API server's own cache a moment after they are written.
    let mut said = scene.cluster.evict(&kept).await.unwrap();
    while matches!(said, Eviction::Budget(_)) {
        said = scene.cluster.evict(&kept).await.unwrap();
    }
    assert!(matches!(said, Eviction::SeveralBudgets(_)), "{said:?}");

    scene.k.patch(&format!("{}/kept", scene.pods_path()), &json!({"metadata": {"finalizers": ["lab.scaler/hold"]}}));
    scene.k.delete(&format!("/api/v1/namespaces/{}", scene.namespace));
    let mut said = scene.cluster.evict(&kept).await.unwrap();
    while matches!(said, Eviction::SeveralBudgets(_) | Eviction::Budget(_)) {
        said = scene.cluster.evict(&kept).await.unwrap();
    }
    assert_eq!(said, Eviction::NamespaceTerminating);
    scene.k.patch(&format!("{}/kept", scene.pods_path()), &json!({"metadata": {"finalizers": null}}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_a_node_is_bound_to_what_was_read() {
    let scene = Scene::new("change").await;
    let node = scene.cluster.node(&scene.nodes[0]).await.unwrap().unwrap();
    let change = |version: &str, uid: &str| NodeChange {
        name: node.name.clone(),
        uid: uid.to_owned(),
        resource_version: version.to_owned(),
        unschedulable: true,
        annotation: Some("x".into()),
    };
    let conflict = scene.cluster.change_node(&change("1", &node.uid)).await.unwrap();
    assert_eq!(conflict, Patched::Conflict, "a stale resourceVersion");
    let stranger = "00000000-0000-0000-0000-000000000000";
    let mut version = node.resource_version.clone();
    loop {
        // The kubelet may change the Node between our read and our write.
        match scene.cluster.change_node(&change(&version, &node.uid)).await.unwrap() {
            Patched::Done(done) => {
                assert!(done.unschedulable);
                assert_eq!(done.annotations["scaler/operation"], "x");
                assert_eq!(done.changes.iter().filter(|one| one.manager == "scaler").count(), 1);
                version = done.resource_version;
                break;
            }
            Patched::Conflict => version = scene.cluster.node(&node.name).await.unwrap().unwrap().resource_version,
            Patched::Gone => panic!("the node is there"),
        }
    }
    assert_eq!(scene.cluster.change_node(&change(&version, stranger)).await.unwrap(), Patched::Conflict, "another UID");
    assert!(scene.cluster.delete_node(&node.name, stranger).await.unwrap(), "there is no Node with this UID");
    assert!(scene.cluster.node(&node.name).await.unwrap().is_some(), "and the other one is left alone");
    assert!(scene.cluster.delete_node(&node.name, &node.uid).await.unwrap());
    assert_eq!(scene.cluster.node(&node.name).await.unwrap(), None);
    assert_eq!(scene.cluster.change_node(&change(&version, &node.uid)).await.unwrap(), Patched::Gone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_without_a_right_is_told_so_and_the_table_of_rights_is_enough() {
    let scene = Scene::new("rights").await;
    let rules: Vec<_> = RIGHTS
        .iter()
        .chain(JOINING)
        .map(|right| {
            let resource = match right.subresource {
                "" => right.resource.to_owned(),
                sub => format!("{}/{sub}", right.resource),
            };
            json!({"apiGroups": [right.group], "resources": [resource], "verbs": [right.verb]})
        })
        .collect();
    let enough = reach(&scene.k.restricted_kubeconfig(&format!("{}-enough", scene.namespace), &json!(rules))).await;
    for right in RIGHTS.iter().chain(JOINING) {
        assert!(enough.can_i(right).await.unwrap(), "{right}");
    }
    enough.identity().await.unwrap();
    let nodes = enough.nodes().await.unwrap();
    assert!(nodes.items.iter().all(|node| node.last_heartbeat.is_some()));
    enough.pods_on(&scene.nodes[0]).await.unwrap();
    enough.budgets().await.unwrap();
    enough.attachments().await.unwrap();
    assert_eq!(enough.volume_of_claim(&scene.namespace, "none").await.unwrap(), None);
    let token = BootstrapToken::of_random(std::array::from_fn(|at| at as u8 * 5));
    let expires = "2100-01-01T00:00:00Z".parse().unwrap();
    enough.issue_token(&token, &OperationId::from_text("op-rights"), expires).await.unwrap();
    enough.revoke_token(&token.id).await.unwrap();
    // The lab's cluster was not made by kubeadm, so there is nothing to read.
    let without = enough.entrance().await.unwrap_err();
    assert!(without.to_string().contains("no ConfigMap kube-public/cluster-info"), "{without}");

    let none = reach(&scene.k.restricted_kubeconfig(&format!("{}-none", scene.namespace), &json!([]))).await;
    assert!(!none.can_i(&RIGHTS[0]).await.unwrap());
    let refused = none.nodes().await.unwrap_err();
    assert_eq!(refused.kind, Kind::Refused);
    assert!(refused.to_string().contains("cannot list resource \"nodes\""), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_says_no_does_not_end_the_drain() {
    let k = scaler_lab::Kubernetes::shared();
    let proxy = k.proxy();
    let scene = Scene::through("webhook", &k.kubeconfig_through(&proxy)).await;
    scene.deploy("deployments", "web", 2);
    let victims = scene.victims(2).await;
    let denied = "admission webhook \"drain.example.org\" denied the request: not yet";
    proxy.order(Fault::status(403, "Forbidden", denied).when(Matcher::any().path("/eviction")).times(3));
    proxy.order(Fault::status(429, "TooManyRequests", "slow down").when(Matcher::any().path("/eviction")).times(2));
    proxy.order(Fault::lose_answer().when(Matcher::any().path("/eviction")).from_nth(6));
    scene.empty(&victims).await;
}
