//! What every cluster must do for a drain. One suite, run on the one in memory and on a real API server.

mod budgets;
mod evictions;
mod memory;
mod nodes;
mod tokens;

use async_trait::async_trait;

use crate::model::kubernetes::{Node, Pod};
use crate::ops::ports::Kubernetes;

/// What only the owner of a cluster can do to it.
#[async_trait]
pub trait Grounds: Sync {
    fn cluster(&self) -> &dyn Kubernetes;

    /// A namespace with so many Ready nodes, which no other case uses: workers of 4 CPUs, their provider ids
    /// `test:///<name>`, their label [`FIELD`] the namespace.
    async fn field(&self, name: &str, nodes: usize) -> Field;

    /// A pod of its own, bound to the field's first node, with the label `app: web` and a grace of a second.
    async fn bind(&self, field: &Field, name: &str, course: Course);

    /// A ReplicaSet or a StatefulSet of such pods, for the scheduler to put on the field's nodes.
    async fn deploy(&self, field: &Field, kind: &str, name: &str, replicas: usize);

    /// A budget over the field's pods `app: web`.
    async fn budget(&self, field: &Field, name: &str, rule: Rule);

    /// A volume is attached to the field's first node.
    async fn attach(&self, field: &Field, volume: &str);

    /// The field's namespace begins to end, and does not come to its end.
    async fn end(&self, field: &Field);

    /// Whether a bootstrap token with this id is valid.
    async fn has_token(&self, id: &str) -> bool;

    /// Lets some of the cluster's time pass.
    async fn pass(&self);
}

/// The label of a field's nodes.
pub const FIELD: &str = "test/field";

pub struct Field {
    pub namespace: String,
    pub nodes: Vec<String>,
}

/// How a pod goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    Runs,
    NeverReady,
    /// Bound, and its kubelet does nothing for it.
    NeverStarts,
    Finishes,
    /// It runs, and does not end when it is told to.
    Lingers,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Rule {
    pub min_available: Option<&'static str>,
    pub max_unavailable: Option<&'static str>,
    pub always_allow: bool,
}

impl Rule {
    fn min(amount: &'static str) -> Rule {
        Rule { min_available: Some(amount), ..Rule::default() }
    }

    fn max(amount: &'static str) -> Rule {
        Rule { max_unavailable: Some(amount), ..Rule::default() }
    }
}

/// How often the cluster's time passes before it counts as too long.
const PATIENCE: u32 = 240;

/// All cases, side by side: some wait long for the cluster's own controllers.
pub async fn all(grounds: &dyn Grounds) {
    tokio::join!(nodes::all(grounds), evictions::all(grounds), budgets::all(grounds), tokens::all(grounds));
}

/// Waits until there is something.
async fn until<T>(grounds: &dyn Grounds, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..PATIENCE {
        if let Some(found) = look().await {
            return found;
        }
        grounds.pass().await;
    }
    panic!("it never comes to this: {what}");
}

async fn node(grounds: &dyn Grounds, name: &str) -> Node {
    let found = grounds.cluster().node(name).await.unwrap();
    found.unwrap_or_else(|| panic!("there is no Node {name}"))
}

async fn find(grounds: &dyn Grounds, field: &Field, name: &str) -> Option<Pod> {
    grounds.cluster().pod(&field.namespace, name).await.unwrap()
}

async fn pod(grounds: &dyn Grounds, field: &Field, name: &str) -> Pod {
    find(grounds, field, name).await.unwrap_or_else(|| panic!("there is no pod {name} in {}", field.namespace))
}

/// The field's pods that are not leaving, as soon as so many of them are Ready.
async fn ready(grounds: &dyn Grounds, field: &Field, count: usize) -> Vec<Pod> {
    until(grounds, &format!("{count} pods in {} are Ready", field.namespace), async || {
        let pods = staying(grounds, field).await;
        (pods.iter().filter(|pod| pod.ready).count() == count).then_some(pods)
    })
    .await
}

async fn staying(grounds: &dyn Grounds, field: &Field) -> Vec<Pod> {
    let pods = grounds.cluster().pods().await.unwrap().items.into_iter();
    pods.filter(|pod| pod.namespace == field.namespace && pod.deleted.is_none()).collect()
}

async fn gone(grounds: &dyn Grounds, field: &Field, uid: &str) {
    until(grounds, &format!("pod {uid} in {} is gone", field.namespace), async || {
        let pods = grounds.cluster().pods().await.unwrap();
        pods.items.iter().all(|pod| pod.uid != uid).then_some(())
    })
    .await;
}
