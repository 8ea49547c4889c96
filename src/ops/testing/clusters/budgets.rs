//! What a budget allows, how it is told of, and how it says no.

use super::nodes::{cordon, uncordon};
use super::{Course, Field, Grounds, Rule, find, gone, pod, ready, staying, until};
use crate::model::kubernetes::{Budget, Eviction, Pod, PodPhase};

pub async fn all(grounds: &dyn Grounds) {
    tokio::join!(
        holds(grounds),
        leaves(grounds),
        unhealthy(grounds),
        phases(grounds),
        several(grounds),
        of_replicas(grounds),
        in_percent(grounds),
        of_nobody(grounds),
    );
}

/// What a budget allows, and of what it counts: allowed, healthy now, healthy at least, expected.
type Count = [i32; 4];

/// The controller counts after a while.
async fn counted(grounds: &dyn Grounds, field: &Field, name: &str, count: Count) -> Budget {
    let mut last = None;
    for _ in 0..super::PATIENCE {
        let budgets = grounds.cluster().budgets().await.unwrap();
        let found = budgets.into_iter().find(|budget| budget.namespace == field.namespace && budget.name == name);
        if let Some(budget) = found {
            let now =
                [budget.disruptions_allowed, budget.current_healthy, budget.desired_healthy, budget.expected_pods];
            if now == count && !budget.behind() {
                return budget;
            }
            last = Some(budget);
        }
        grounds.pass().await;
    }
    panic!("budget {name} never comes to {count:?}: {last:?}");
}

fn refused(said: Eviction, text: &str) {
    let Eviction::Budget(causes) = &said else { panic!("no budget's no: {said:?}") };
    assert!(causes.iter().any(|cause| cause.contains(text)), "{causes:?} without {text:?}");
}

async fn evict(grounds: &dyn Grounds, field: &Field, name: &str) -> Eviction {
    grounds.cluster().evict(&pod(grounds, field, name).await).await.unwrap()
}

/// It allows so many, says no by its name, and allows the next when the successor is Ready.
async fn holds(grounds: &dyn Grounds) {
    let cluster = grounds.cluster();
    let field = grounds.field("holds", 2).await;
    grounds.deploy(&field, "ReplicaSet", "holds", 2).await;
    let pods = ready(grounds, &field, 2).await;
    grounds.budget(&field, "keep-one", Rule::min("1")).await;
    let budget = counted(grounds, &field, "keep-one", [1, 2, 1, 2]).await;
    assert!(pods.iter().all(|pod| budget.covers(pod)));
    assert_eq!((budget.min_available.as_deref(), budget.max_unavailable.as_deref()), (Some("1"), None));
    assert_eq!((budget.evicts_unhealthy, &budget.sync_failure), (false, &None));
    assert_eq!(budget.allowance(), 1);

    for node in &field.nodes {
        cordon(grounds, node).await;
    }
    assert_eq!(cluster.evict(&pods[0]).await.unwrap(), Eviction::Accepted);
    // Its words depend on whether its controller has counted again already.
    refused(cluster.evict(&pods[1]).await.unwrap(), "keep-one");
    gone(grounds, &field, &pods[0].uid).await;
    counted(grounds, &field, "keep-one", [0, 1, 1, 2]).await;
    refused(cluster.evict(&pods[1]).await.unwrap(), "keep-one needs 1 healthy pods and has 1 currently");
    assert_eq!(pod(grounds, &field, &pods[1].name).await.deleted, None);
    for node in &field.nodes {
        uncordon(grounds, node).await;
    }
    ready(grounds, &field, 2).await;
    counted(grounds, &field, "keep-one", [1, 2, 1, 2]).await;
    assert_eq!(cluster.evict(&pods[1]).await.unwrap(), Eviction::Accepted);
}

/// A pod that is leaving does not count, and is told again without a look at the budget.
async fn leaves(grounds: &dyn Grounds) {
    let field = grounds.field("leaves", 1).await;
    grounds.bind(&field, "a", Course::Lingers).await;
    grounds.bind(&field, "b", Course::Runs).await;
    ready(grounds, &field, 2).await;
    grounds.budget(&field, "keep-one", Rule::min("1")).await;
    counted(grounds, &field, "keep-one", [1, 2, 1, 2]).await;
    assert_eq!(evict(grounds, &field, "a").await, Eviction::Accepted);
    counted(grounds, &field, "keep-one", [0, 1, 1, 2]).await;
    let b = pod(grounds, &field, "b").await;
    refused(grounds.cluster().evict(&b).await.unwrap(), "keep-one needs 1 healthy pods and has 1 currently");
    let stranger = Pod { uid: "nobodys".into(), ..b };
    refused(grounds.cluster().evict(&stranger).await.unwrap(), "keep-one");
    assert_eq!(evict(grounds, &field, "a").await, Eviction::Accepted);
}

/// A pod that is not Ready is held by a budget that is not met, goes where that is met without it, and always where the
/// budget says so.
async fn unhealthy(grounds: &dyn Grounds) {
    let field = grounds.field("unmet", 1).await;
    running(grounds, &field, "sick", Course::NeverReady).await;
    grounds.budget(&field, "keep-one", Rule::min("1")).await;
    counted(grounds, &field, "keep-one", [0, 0, 1, 1]).await;
    refused(evict(grounds, &field, "sick").await, "keep-one needs 1 healthy pods and has 0 currently");

    let field = grounds.field("met", 1).await;
    running(grounds, &field, "well", Course::Runs).await;
    running(grounds, &field, "sick", Course::NeverReady).await;
    ready(grounds, &field, 1).await;
    grounds.budget(&field, "keep-one", Rule::min("1")).await;
    counted(grounds, &field, "keep-one", [0, 1, 1, 2]).await;
    refused(evict(grounds, &field, "well").await, "keep-one needs 1 healthy pods and has 1 currently");
    assert_eq!(evict(grounds, &field, "sick").await, Eviction::Accepted);

    let field = grounds.field("always", 1).await;
    running(grounds, &field, "sick", Course::NeverReady).await;
    grounds.budget(&field, "keep-one", Rule { always_allow: true, ..Rule::min("1") }).await;
    assert!(counted(grounds, &field, "keep-one", [0, 0, 1, 1]).await.evicts_unhealthy);
    assert_eq!(evict(grounds, &field, "sick").await, Eviction::Accepted);
}

async fn running(grounds: &dyn Grounds, field: &Field, name: &str, course: Course) {
    grounds.bind(field, name, course).await;
    until(grounds, &format!("{name} runs"), async || {
        find(grounds, field, name).await.filter(|pod| pod.phase == PodPhase::Running)
    })
    .await;
}

/// Nobody asks a budget about pods that do not run yet, or not any more.
async fn phases(grounds: &dyn Grounds) {
    let field = grounds.field("phases", 1).await;
    grounds.bind(&field, "pending", Course::NeverStarts).await;
    grounds.bind(&field, "done", Course::Finishes).await;
    until(grounds, "the pod has finished", async || {
        find(grounds, &field, "done").await.filter(|pod| pod.phase == PodPhase::Succeeded)
    })
    .await;
    assert_eq!(pod(grounds, &field, "pending").await.phase, PodPhase::Pending);
    grounds.budget(&field, "all", Rule::min("5")).await;
    counted(grounds, &field, "all", [0, 0, 5, 2]).await;
    for name in ["pending", "done"] {
        assert_eq!(evict(grounds, &field, name).await, Eviction::Accepted, "{name}");
    }
    assert!(pod(grounds, &field, "pending").await.deleted.is_some());
}

/// Two budgets of one pod allow nothing, whatever they say.
async fn several(grounds: &dyn Grounds) {
    let field = grounds.field("several", 1).await;
    grounds.bind(&field, "a", Course::Runs).await;
    ready(grounds, &field, 1).await;
    for name in ["one", "two"] {
        grounds.budget(&field, name, Rule::min("0")).await;
        counted(grounds, &field, name, [1, 1, 0, 1]).await;
    }
    let said = evict(grounds, &field, "a").await;
    assert!(matches!(&said, Eviction::SeveralBudgets(text) if text.contains("more than one")), "{said:?}");
    assert_eq!(pod(grounds, &field, "a").await.deleted, None);
}

/// What may be missing is counted from what the controllers want, not from what is there.
async fn of_replicas(grounds: &dyn Grounds) {
    let cluster = grounds.cluster();
    let field = grounds.field("wanted", 1).await;
    grounds.deploy(&field, "ReplicaSet", "wanted", 3).await;
    let pods = ready(grounds, &field, 3).await;
    grounds.budget(&field, "one-missing", Rule::max("1")).await;
    counted(grounds, &field, "one-missing", [1, 3, 2, 3]).await;
    cordon(grounds, &field.nodes[0]).await;
    assert_eq!(cluster.evict(&pods[0]).await.unwrap(), Eviction::Accepted);
    gone(grounds, &field, &pods[0].uid).await;
    // Its successor finds no node: the budget stays used up.
    until(grounds, "its successor is made", async || (staying(grounds, &field).await.len() == 3).then_some(())).await;
    counted(grounds, &field, "one-missing", [0, 2, 2, 3]).await;
    refused(cluster.evict(&pods[1]).await.unwrap(), "one-missing needs 2 healthy pods and has 2 currently");
}

/// Percentages are rounded up, of what must be there and of what may be missing.
async fn in_percent(grounds: &dyn Grounds) {
    let field = grounds.field("percent", 1).await;
    grounds.deploy(&field, "StatefulSet", "percent", 3).await;
    ready(grounds, &field, 3).await;
    grounds.budget(&field, "half-missing", Rule::max("50%")).await;
    counted(grounds, &field, "half-missing", [2, 3, 1, 3]).await;
    grounds.budget(&field, "half-there", Rule::min("50%")).await;
    counted(grounds, &field, "half-there", [1, 3, 2, 3]).await;
}

/// Pods that no controller wants are none of those of which some may be missing.
async fn of_nobody(grounds: &dyn Grounds) {
    let field = grounds.field("nobodys", 1).await;
    grounds.bind(&field, "a", Course::Runs).await;
    ready(grounds, &field, 1).await;
    grounds.budget(&field, "one-missing", Rule::max("1")).await;
    counted(grounds, &field, "one-missing", [0, 1, 0, 0]).await;
    refused(evict(grounds, &field, "a").await, "one-missing does not allow evicting pods currently");
}
