//! Cordons, and what gets past them.

use serde_json::json;

use crate::scene::{Scene, condition};

#[test]
fn a_pod_bound_by_name_gets_past_a_cordon() {
    let scene = Scene::new("cordon");
    scene.k.patch(&format!("/api/v1/nodes/{}", scene.node), &json!({"spec": {"unschedulable": true}}));
    scene.ready_pod("bound", &json!({}));
    // One that is left to the scheduler does not.
    let selector = json!({"spec": {"nodeName": "", "nodeSelector": {"kubernetes.io/hostname": scene.node}}});
    scene.pod("scheduled", &selector);
    let pod = scene.wait_pod("scheduled", "refused", |pod| condition(pod, "PodScheduled") == Some("False"));
    assert!(pod["spec"]["nodeName"].is_null(), "{pod}");
}

#[test]
fn a_stale_resource_version_is_a_409() {
    let scene = Scene::new("stale");
    let path = format!("/api/v1/nodes/{}", scene.node);
    // A heartbeat changes the version too, so that the first cordon may need a second try.
    scene.k.wait("the cordon", |k| {
        let version = k.get(&path)["metadata"]["resourceVersion"].clone();
        let cordon = json!({"metadata": {"resourceVersion": version}, "spec": {"unschedulable": true}});
        let first = k.request("PATCH", &path, Some(&cordon)).unwrap();
        if first.status == 409 {
            return None;
        }
        assert_eq!(first.status, 200);
        let undo = json!({"metadata": {"resourceVersion": version}, "spec": {"unschedulable": false}});
        let second = k.request("PATCH", &path, Some(&undo)).unwrap();
        assert_eq!((second.status, second.json()["reason"].as_str()), (409, Some("Conflict")));
        Some(())
    });
    assert_eq!(scene.k.get(&path)["spec"]["unschedulable"], true);
}

#[test]
fn a_node_of_the_same_name_is_another_by_its_uid() {
    let scene = Scene::new("again");
    let path = format!("/api/v1/nodes/{}", scene.node);
    let first = scene.k.get(&path)["metadata"]["uid"].clone();
    scene.k.delete(&path);
    scene.k.wait("the node to be gone", |k| k.find(&path).is_none().then_some(()));
    scene.k.join(&scaler_lab::NodeSpec::new(&scene.node)).unwrap();
    assert_ne!(scene.k.get(&path)["metadata"]["uid"], first);

    let stale = json!({"preconditions": {"uid": first}});
    let answer = scene.k.request("DELETE", &path, Some(&stale)).unwrap();
    assert_eq!(answer.status, 409, "{}", answer.text);
}
