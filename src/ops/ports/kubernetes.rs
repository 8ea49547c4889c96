//! The cluster's API, through kubectl.
//!
//! Reads are tried again with backoff when the server is away or overloaded, and then fail as [`Kind::Failed`]; a login
//! that is refused (401) or lacks a right (403) fails at once, as [`Kind::Refused`].
//!
//! [`Kind::Failed`]: crate::model::failure::Kind::Failed
//! [`Kind::Refused`]: crate::model::failure::Kind::Refused

use std::sync::Arc;

use async_trait::async_trait;

use crate::model::bootstrap::{BootstrapToken, Entrance};
use crate::model::failure::Result;
use crate::model::kubeconfig::Kubeconfig;
use crate::model::kubernetes::{Attachment, Budget, Eviction, LabelChange, Listing, Node, Patched, Pod, Right};
use crate::model::names::OperationId;

pub use crate::model::kubernetes::NodeChange;

#[async_trait]
pub trait Kubernetes: Send + Sync {
    /// The UID of the namespace `kube-system`: which cluster this is.
    async fn identity(&self) -> Result<String>;

    /// `major.minor.patch` as the server says it.
    async fn server_version(&self) -> Result<String>;

    /// All nodes, from one consistent list.
    async fn nodes(&self) -> Result<Listing<Node>>;

    /// None if there is no such Node.
    async fn node(&self, name: &str) -> Result<Option<Node>>;

    /// Every pod on a node, in all namespaces and phases, from one consistent list (not from a cache).
    async fn pods_on(&self, node: &str) -> Result<Listing<Pod>>;

    /// Every pod of the cluster.
    async fn pods(&self) -> Result<Listing<Pod>>;

    async fn pod(&self, namespace: &str, name: &str) -> Result<Option<Pod>>;

    async fn budgets(&self) -> Result<Vec<Budget>>;

    async fn attachments(&self) -> Result<Vec<Attachment>>;

    /// The persistent volume behind a claim; None when there is no such claim or it is not bound.
    async fn volume_of_claim(&self, namespace: &str, claim: &str) -> Result<Option<String>>;

    async fn change_node(&self, change: &NodeChange) -> Result<Patched>;

    /// Changes labels and taints of a Node, if that is still as it was read.
    async fn change_labels(&self, change: &LabelChange) -> Result<Patched>;

    /// Asks for one eviction, with the pod's UID as precondition. The pod's own grace period holds.
    async fn evict(&self, pod: &Pod) -> Result<Eviction>;

    /// Deletes a Node object if it still has this UID. True if it is gone afterwards (also when it was before).
    async fn delete_node(&self, name: &str, uid: &str) -> Result<bool>;

    /// Where the cluster is, for machines that want to join: from what kubeadm keeps there for them.
    async fn entrance(&self) -> Result<Entrance>;

    /// Makes a bootstrap token valid until then. One with this id that is there already is that one.
    async fn issue_token(
        &self,
        token: &BootstrapToken,
        operation: &OperationId,
        expires: jiff::Timestamp,
    ) -> Result<()>;

    /// Ends the token with this id. One that is not there has ended.
    async fn revoke_token(&self, id: &str) -> Result<()>;

    /// Whether this login has a right, as the API server itself judges it.
    async fn can_i(&self, right: &Right) -> Result<bool>;
}

/// Opens the way to a cluster with access that was just fetched.
#[async_trait]
pub trait Door: Send + Sync {
    async fn open(&self, access: &Kubeconfig) -> Result<Arc<dyn Kubernetes>>;
}
