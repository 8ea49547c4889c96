//! Evictions, as far as no budget has a say in them.

use super::{Course, Grounds, find, gone, pod, ready, staying, until};
use crate::model::kubernetes::{Eviction, Pod, PodPhase};

pub async fn all(grounds: &dyn Grounds) {
    tokio::join!(made_again(grounds), replaced(grounds), told_twice(grounds), finished(grounds), namespace(grounds));
}

/// An evicted pod ends, and what made it makes another one, on a node that takes it.
async fn made_again(grounds: &dyn Grounds) {
    let cluster = grounds.cluster();
    let field = grounds.field("again", 2).await;
    grounds.deploy(&field, "ReplicaSet", "again", 2).await;
    let pods = ready(grounds, &field, 2).await;
    let first = &pods[0];
    assert_eq!(cluster.evict(first).await.unwrap(), Eviction::Accepted);
    gone(grounds, &field, &first.uid).await;
    let after = ready(grounds, &field, 2).await;
    let new: Vec<&Pod> = after.iter().filter(|pod| pods.iter().all(|old| old.uid != pod.uid)).collect();
    assert_eq!(new.len(), 1, "{after:?}");
    assert_ne!(new[0].name, first.name);
    assert!(new[0].node.as_ref().is_some_and(|node| field.nodes.contains(node)), "{new:?}");
    assert_eq!(cluster.evict(first).await.unwrap(), Eviction::Gone);
}

/// A StatefulSet's pod has its name again, and is another one.
async fn replaced(grounds: &dyn Grounds) {
    let cluster = grounds.cluster();
    let field = grounds.field("replaced", 1).await;
    grounds.deploy(&field, "StatefulSet", "db", 1).await;
    let first = ready(grounds, &field, 1).await.remove(0);
    assert_eq!(first.name, "db-0");
    assert_eq!(cluster.evict(&first).await.unwrap(), Eviction::Accepted);
    gone(grounds, &field, &first.uid).await;
    let second = ready(grounds, &field, 1).await.remove(0);
    assert_eq!(second.name, first.name);
    assert_ne!(second.uid, first.uid);
    assert_eq!(cluster.evict(&first).await.unwrap(), Eviction::Replaced);
    assert_eq!(pod(grounds, &field, "db-0").await.deleted, None, "nothing ends");
}

/// A pod that is leaving may be told again, whatever it does.
async fn told_twice(grounds: &dyn Grounds) {
    let cluster = grounds.cluster();
    let field = grounds.field("twice", 1).await;
    grounds.bind(&field, "slow", Course::Lingers).await;
    grounds.bind(&field, "fast", Course::Runs).await;
    ready(grounds, &field, 2).await;
    let (slow, fast) = (pod(grounds, &field, "slow").await, pod(grounds, &field, "fast").await);
    assert_eq!(cluster.evict(&slow).await.unwrap(), Eviction::Accepted);
    assert_eq!(cluster.evict(&fast).await.unwrap(), Eviction::Accepted);
    gone(grounds, &field, &fast.uid).await;
    let leaving = pod(grounds, &field, "slow").await;
    assert!(leaving.deleted.is_some() && leaving.uid == slow.uid);
    assert_eq!(cluster.evict(&slow).await.unwrap(), Eviction::Accepted);
    assert_eq!(cluster.pods_on(&field.nodes[0]).await.unwrap().items.len(), 1, "it is told of as long as it is there");
}

/// A pod whose work is done needs no time to leave.
async fn finished(grounds: &dyn Grounds) {
    let field = grounds.field("finished", 1).await;
    grounds.bind(&field, "done", Course::Finishes).await;
    let done = until(grounds, "the pod has finished", async || {
        find(grounds, &field, "done").await.filter(|pod| pod.phase == PodPhase::Succeeded)
    })
    .await;
    assert!(done.finished() && !done.ready);
    assert_eq!(grounds.cluster().evict(&done).await.unwrap(), Eviction::Accepted);
    assert!(find(grounds, &field, "done").await.is_none());
}

/// What goes with its namespace is not evicted.
async fn namespace(grounds: &dyn Grounds) {
    let field = grounds.field("namespace", 1).await;
    grounds.bind(&field, "a", Course::Lingers).await;
    ready(grounds, &field, 1).await;
    let a = pod(grounds, &field, "a").await;
    grounds.end(&field).await;
    until(grounds, "the namespace is seen to end", async || {
        let said = grounds.cluster().evict(&a).await.unwrap();
        (said != Eviction::Accepted).then(|| assert_eq!(said, Eviction::NamespaceTerminating))
    })
    .await;
    until(grounds, "the pod is told to end", async || staying(grounds, &field).await.is_empty().then_some(())).await;
}
