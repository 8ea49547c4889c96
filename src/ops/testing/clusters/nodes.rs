//! Nodes: what is told of them, cordons, and their end.

use super::{Course, FIELD, Field, Grounds, find, gone, node, pod, ready, staying, until};
use crate::model::kubernetes::{
    Eviction, FIELD_MANAGER, LABEL_MANAGER, LabelChange, Node, NodeChange, NodeTaint, OPERATION_ANNOTATION, Patched,
    Pod,
};

const STRANGER: &str = "00000000-0000-0000-0000-000000000000";

pub async fn all(grounds: &dyn Grounds) {
    tokio::join!(told(grounds), cordons(grounds), labels(grounds), schedules(grounds), ends(grounds));
}

/// One Node and lists of them, a node's pods and all pods say the same.
async fn told(grounds: &dyn Grounds) {
    let cluster = grounds.cluster();
    assert_eq!(cluster.identity().await.unwrap(), cluster.identity().await.unwrap());
    let version = cluster.server_version().await.unwrap();
    assert!(semver::Version::parse(&version).is_ok(), "{version}");

    let field = grounds.field("told", 2).await;
    assert!(cluster.node("nobody").await.unwrap().is_none());
    assert!(find(grounds, &field, "nobody").await.is_none());
    let listed = cluster.nodes().await.unwrap();
    for name in &field.nodes {
        let one = node(grounds, name).await;
        let many: Vec<&Node> = listed.items.iter().filter(|node| node.name == *name).collect();
        let told = |node: &Node| (node.uid.clone(), node.provider_id.clone(), node.unschedulable, node.labels.clone());
        assert_eq!(many.iter().map(|node| told(node)).collect::<Vec<_>>(), [told(&one)]);
        assert_eq!(one.provider_id, Some(format!("test:///{name}")));
        assert_eq!(one.labels.get(FIELD), Some(&field.namespace));
        assert!(one.ready && !one.unschedulable && many[0].last_heartbeat.is_some(), "{one:?}");
        assert_eq!(one.allocatable.cpu_millis, 4000);
    }

    let before = cluster.pods().await.unwrap().resource_version;
    grounds.bind(&field, "a", Course::Runs).await;
    ready(grounds, &field, 1).await;
    let after = cluster.pods().await.unwrap();
    assert_ne!(before, after.resource_version, "a list tells of which moment it is");
    let there = cluster.pods_on(&field.nodes[0]).await.unwrap();
    assert_ne!(before, there.resource_version);
    let names = |pods: &[Pod]| pods.iter().map(|pod| pod.uid.clone()).collect::<Vec<_>>();
    let a = pod(grounds, &field, "a").await;
    assert_eq!(names(&there.items), *std::slice::from_ref(&a.uid));
    assert_eq!((a.node.as_deref(), a.grace_seconds), (Some(field.nodes[0].as_str()), 1));
    assert!(after.items.iter().any(|pod| pod.uid == a.uid && pod.namespace == field.namespace));
    assert!(cluster.pods_on(&field.nodes[1]).await.unwrap().items.is_empty());

    assert_eq!(cluster.volume_of_claim(&field.namespace, "nobodys").await.unwrap(), None);
    grounds.attach(&field, "vol-told").await;
    let attached = cluster.attachments().await.unwrap();
    let here = attached.iter().filter(|attached| attached.node == field.nodes[0]);
    assert_eq!(here.map(|attached| attached.volume.as_deref()).collect::<Vec<_>>(), [Some("vol-told")]);
}

fn change(node: &Node, unschedulable: bool, annotation: Option<&str>) -> NodeChange {
    NodeChange {
        name: node.name.clone(),
        uid: node.uid.clone(),
        resource_version: node.resource_version.clone(),
        unschedulable,
        annotation: annotation.map(str::to_owned),
    }
}

/// Changes a Node as it is: others may come first, and it is read again.
async fn changed(grounds: &dyn Grounds, name: &str, unschedulable: bool, annotation: Option<&str>) -> Node {
    until(grounds, &format!("{name} is changed"), async || {
        let found = node(grounds, name).await;
        match grounds.cluster().change_node(&change(&found, unschedulable, annotation)).await.unwrap() {
            Patched::Done(done) => Some(*done),
            Patched::Conflict => None,
            Patched::Gone => panic!("{name} is gone"),
        }
    })
    .await
}

/// A change is bound to what was read, and everybody sees it at once.
async fn cordons(grounds: &dyn Grounds) {
    let cluster = grounds.cluster();
    let field = grounds.field("cordons", 1).await;
    let name = &field.nodes[0];
    let first = node(grounds, name).await;
    let done = changed(grounds, name, true, Some("one")).await;
    let seen = node(grounds, name).await;
    for node in [&done, &seen] {
        assert!(node.unschedulable);
        assert_eq!(node.annotations.get(OPERATION_ANNOTATION).map(String::as_str), Some("one"));
        assert_eq!(booked(node), 1);
        let ours = node.changes.iter().find(|change| change.manager == FIELD_MANAGER).unwrap();
        assert!(node.changes.iter().all(|other| other.at.is_some()));
        assert!(ours.at >= first.created, "{:?}", node.changes);
    }
    assert_ne!(first.resource_version, done.resource_version);
    tainted(grounds, name, true).await;

    let stale = change(&first, false, None);
    assert_eq!(cluster.change_node(&stale).await.unwrap(), Patched::Conflict, "a stale resourceVersion");
    until(grounds, "another UID is a conflict", async || {
        let now = node(grounds, name).await;
        let other = NodeChange { uid: STRANGER.into(), ..change(&now, false, None) };
        let said = cluster.change_node(&other).await.unwrap();
        assert_eq!(said, Patched::Conflict);
        // Of that very version, so that it was for the UID.
        (node(grounds, name).await.resource_version == now.resource_version).then_some(())
    })
    .await;
    let same = node(grounds, name).await;
    assert!(same.unschedulable && same.annotations.contains_key(OPERATION_ANNOTATION), "nothing changed");
    let nobody = NodeChange { name: "nobody".into(), ..change(&first, true, None) };
    assert_eq!(cluster.change_node(&nobody).await.unwrap(), Patched::Gone);

    // The same again is booked once; who only takes fields away is not booked.
    let again = changed(grounds, name, true, Some("two")).await;
    assert_eq!(booked(&again), 1);
    let back = changed(grounds, name, false, None).await;
    assert!(!back.unschedulable && !back.annotations.contains_key(OPERATION_ANNOTATION));
    assert_eq!(booked(&back), 0, "{:?}", back.changes);
    tainted(grounds, name, false).await;
}

fn booked(node: &Node) -> usize {
    node.changes.iter().filter(|change| change.manager == FIELD_MANAGER).count()
}

/// The node controller follows a cordon with a taint.
async fn tainted(grounds: &dyn Grounds, name: &str, is: bool) {
    until(grounds, &format!("{name} has the taint of a cordon: {is}"), async || {
        let taints = node(grounds, name).await.taints;
        let found =
            taints.iter().any(|taint| taint.key == "node.kubernetes.io/unschedulable" && taint.effect == "NoSchedule");
        (found == is).then_some(())
    })
    .await;
}

/// Labels that are not named stay; taints are given as a whole, and none loses what it has.
async fn labels(grounds: &dyn Grounds) {
    let cluster = grounds.cluster();
    let field = grounds.field("labels", 1).await;
    let name = &field.nodes[0];
    let taint = |key: &str, value: &str| NodeTaint {
        key: key.into(),
        value: value.into(),
        effect: "PreferNoSchedule".into(),
        added: None,
    };
    let first = node(grounds, name).await;
    let labels = [("tier", Some("web")), ("empty", Some(""))];
    let done = labelled(grounds, name, &labels, Some(vec![taint("a", "1"), taint("b", "")])).await;
    assert_ne!(first.resource_version, done.resource_version);
    let seen = node(grounds, name).await;
    for node in [&done, &seen] {
        let label = |key: &str| node.labels.get(key).map(String::as_str);
        assert_eq!((label("tier"), label("empty"), label(FIELD)), (Some("web"), Some(""), Some(&*field.namespace)));
        assert_eq!(node.taints, [taint("a", "1"), taint("b", "")]);
        assert!(node.changes.iter().any(|change| change.manager == LABEL_MANAGER));
        assert_eq!(booked(node), 0, "a cordon is booked under another name");
    }
    let stale = label_change(&first, &[("tier", None)], None);
    assert_eq!(cluster.change_labels(&stale).await.unwrap(), Patched::Conflict);
    let nobody = LabelChange { name: "nobody".into(), ..stale };
    assert_eq!(cluster.change_labels(&nobody).await.unwrap(), Patched::Gone);
    let done = labelled(grounds, name, &[("tier", Some("db")), ("empty", None), ("none", None)], None).await;
    assert_eq!(done.labels.get("tier").map(String::as_str), Some("db"));
    assert!(!done.labels.contains_key("empty"));
    assert_eq!(done.taints, [taint("a", "1"), taint("b", "")], "they stay");
    let done = labelled(grounds, name, &[], Some(vec![taint("a", "2")])).await;
    assert_eq!(done.taints, [taint("a", "2")]);
}

fn label_change(node: &Node, labels: &[(&str, Option<&str>)], taints: Option<Vec<NodeTaint>>) -> LabelChange {
    LabelChange {
        name: node.name.clone(),
        uid: node.uid.clone(),
        resource_version: node.resource_version.clone(),
        labels: labels.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned))).collect(),
        taints,
    }
}

async fn labelled(
    grounds: &dyn Grounds,
    name: &str,
    labels: &[(&str, Option<&str>)],
    taints: Option<Vec<NodeTaint>>,
) -> Node {
    until(grounds, &format!("{name} is labelled"), async || {
        let change = label_change(&node(grounds, name).await, labels, taints.clone());
        match grounds.cluster().change_labels(&change).await.unwrap() {
            Patched::Done(done) => Some(*done),
            Patched::Conflict => None,
            Patched::Gone => panic!("{name} is gone"),
        }
    })
    .await
}

/// The scheduler binds no pod to a cordoned node, and does so again when it is given back.
async fn schedules(grounds: &dyn Grounds) {
    let field = grounds.field("schedules", 1).await;
    let name = &field.nodes[0];
    grounds.deploy(&field, "ReplicaSet", "alone", 1).await;
    let first = ready(grounds, &field, 1).await.remove(0);
    assert_eq!(first.owner_title().as_deref(), Some("ReplicaSet/alone"));
    assert_eq!(first.node.as_ref(), Some(name));
    cordon(grounds, name).await;
    assert_eq!(grounds.cluster().evict(&first).await.unwrap(), Eviction::Accepted);
    gone(grounds, &field, &first.uid).await;
    until(grounds, "its successor waits", async || {
        let pods = staying(grounds, &field).await;
        (pods.len() == 1).then(|| assert_eq!(pods[0].node, None, "{pods:?}"))
    })
    .await;
    uncordon(grounds, name).await;
    let second = ready(grounds, &field, 1).await.remove(0);
    assert_eq!(second.node.as_ref(), Some(name));
}

/// A Node is deleted by its UID alone; its pods are collected later.
async fn ends(grounds: &dyn Grounds) {
    let cluster = grounds.cluster();
    let field: Field = grounds.field("ends", 1).await;
    let name = &field.nodes[0];
    grounds.bind(&field, "left", Course::Runs).await;
    ready(grounds, &field, 1).await;
    let found = node(grounds, name).await;
    assert!(cluster.delete_node(name, STRANGER).await.unwrap(), "there is no Node with this UID");
    assert!(cluster.node(name).await.unwrap().is_some(), "and the other one is left alone");
    assert!(cluster.delete_node(name, &found.uid).await.unwrap());
    let left = cluster.pods_on(name).await.unwrap().items;
    assert_eq!(left.len(), 1, "the pod is not gone with its Node: {left:?}");
    assert!(cluster.node(name).await.unwrap().is_none());
    assert!(cluster.nodes().await.unwrap().items.iter().all(|node| node.name != *name));
    assert!(cluster.delete_node(name, &found.uid).await.unwrap(), "it is gone already");
    assert_eq!(cluster.change_node(&change(&found, true, None)).await.unwrap(), Patched::Gone);
    gone(grounds, &field, &left[0].uid).await;
}

/// The scheduler knows it too.
pub async fn cordon(grounds: &dyn Grounds, name: &str) {
    changed(grounds, name, true, Some("x")).await;
    tainted(grounds, name, true).await;
}

pub async fn uncordon(grounds: &dyn Grounds, name: &str) {
    changed(grounds, name, false, None).await;
    tainted(grounds, name, false).await;
}
