//! The cluster's API.

use std::sync::Arc;

use async_trait::async_trait;
use scaler::model::bootstrap::{BootstrapToken, Entrance};
use scaler::model::failure::Result;
use scaler::model::kubernetes::{
    Attachment, Budget, Eviction, LabelChange, Listing, Node, NodeChange, Patched, Pod, Right,
};
use scaler::model::names::OperationId;
use scaler::ops::ports::Kubernetes;

use crate::Fate;
use crate::change::Change;

pub struct MortalKubernetes {
    pub inner: Arc<dyn Kubernetes>,
    pub fate: Arc<Fate>,
}

#[async_trait]
impl Kubernetes for MortalKubernetes {
    async fn identity(&self) -> Result<String> {
        self.inner.identity().await
    }

    async fn server_version(&self) -> Result<String> {
        self.inner.server_version().await
    }

    async fn nodes(&self) -> Result<Listing<Node>> {
        self.inner.nodes().await
    }

    async fn node(&self, name: &str) -> Result<Option<Node>> {
        self.inner.node(name).await
    }

    async fn pods_on(&self, node: &str) -> Result<Listing<Pod>> {
        self.inner.pods_on(node).await
    }

    async fn pods(&self) -> Result<Listing<Pod>> {
        self.inner.pods().await
    }

    async fn pod(&self, namespace: &str, name: &str) -> Result<Option<Pod>> {
        self.inner.pod(namespace, name).await
    }

    async fn budgets(&self) -> Result<Vec<Budget>> {
        self.inner.budgets().await
    }

    async fn attachments(&self) -> Result<Vec<Attachment>> {
        self.inner.attachments().await
    }

    async fn volume_of_claim(&self, namespace: &str, claim: &str) -> Result<Option<String>> {
        self.inner.volume_of_claim(namespace, claim).await
    }

    async fn change_node(&self, change: &NodeChange) -> Result<Patched> {
        let name = if change.annotation.is_some() { "cordon" } else { "uncordon" };
        self.fate.around(Change::PatchNode, name, self.inner.change_node(change)).await
    }

    async fn change_labels(&self, change: &LabelChange) -> Result<Patched> {
        self.fate.around(Change::Label, "label", self.inner.change_labels(change)).await
    }

    async fn evict(&self, pod: &Pod) -> Result<Eviction> {
        self.fate.around(Change::Evict, "evict", self.inner.evict(pod)).await
    }

    async fn delete_node(&self, name: &str, uid: &str) -> Result<bool> {
        self.fate.around(Change::DeleteNode, "delete node", self.inner.delete_node(name, uid)).await
    }

    async fn entrance(&self) -> Result<Entrance> {
        self.inner.entrance().await
    }

    async fn issue_token(
        &self,
        token: &BootstrapToken,
        operation: &OperationId,
        expires: jiff::Timestamp,
    ) -> Result<()> {
        self.fate.around(Change::IssueToken, "issue token", self.inner.issue_token(token, operation, expires)).await
    }

    async fn revoke_token(&self, id: &str) -> Result<()> {
        self.fate.around(Change::RevokeToken, "revoke token", self.inner.revoke_token(id)).await
    }

    async fn can_i(&self, right: &Right) -> Result<bool> {
        self.inner.can_i(right).await
    }
}
