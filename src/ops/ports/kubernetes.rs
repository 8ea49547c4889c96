//! The cluster's API, through kubectl.

use async_trait::async_trait;

use crate::model::failure::Result;
use crate::model::kubernetes::{Attachment, Budget, Eviction, Listing, Node, Patched, Pod};

/// A change of a node's cordon and of our annotation, bound to what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeChange {
    pub name: String,
    pub uid: String,
    pub resource_version: String,
    pub unschedulable: bool,
    /// The new value of [`crate::model::kubernetes::OPERATION_ANNOTATION`]; None removes it.
    pub annotation: Option<String>,
}

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

    /// Asks for one eviction, with the pod's UID as precondition. The pod's own grace period holds.
    async fn evict(&self, pod: &Pod) -> Result<Eviction>;

    /// Deletes a Node object if it still has this UID. True if it is gone afterwards (also when it was before).
    async fn delete_node(&self, name: &str, uid: &str) -> Result<bool>;
}
