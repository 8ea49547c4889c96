//! The cluster as one simulated scaler reaches it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::model::bootstrap::{BootstrapToken, Entrance};
use crate::model::failure::{Failure, Result};
use crate::model::kubernetes::{
    Attachment, Budget, Eviction, LabelChange, Listing, Node, NodeChange, Patched, Pod, Right,
};
use crate::model::names::OperationId;
use crate::ops::ports::Kubernetes;
use crate::ops::simulation::cluster;
use crate::ops::simulation::process::Process;
use crate::ops::simulation::watch::Deed;
use crate::ops::testing::kubernetes::Done;

pub struct SimKubernetes(pub Arc<Process>);

impl SimKubernetes {
    fn fails(&self) -> Result<()> {
        let world = &self.0.world;
        let cases = world.weather().kubernetes;
        if cases > 0 && world.chance.permille(cases) {
            return Err(Failure::failed("the API server did not answer").because("connection reset"));
        }
        Ok(())
    }

    /// There; the cluster is then as it is at that moment.
    async fn there(&self) -> Result<()> {
        self.0.way_there().await;
        cluster::follow(&self.0.world);
        self.fails()
    }

    async fn back<T>(&self, answer: T) -> T {
        self.0.way_back().await;
        answer
    }

    /// A change; the watch is told what the API server did.
    async fn changes<T>(&self, label: &'static str, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let point = self.0.come_to(|| label.into()).await;
        self.there().await?;
        let before = self.log_length();
        let answer = work.await;
        self.report(before, None);
        self.0.left(point).await;
        self.back(()).await;
        self.fails()?;
        answer
    }

    /// What the API server did since it had done so much.
    fn report(&self, before: usize, meant: Option<&str>) {
        let world = &self.0.world;
        let done: Vec<Done> = world.kubernetes.world().log.iter().skip(before).map(|(_, done)| done.clone()).collect();
        for done in done {
            world.did(self.0.index, Deed::Kubernetes { done: &done, meant });
        }
    }

    /// While the request was on its way the pod may have been made again, under its name if it is a StatefulSet's.
    fn replace(&self, pod: &Pod) {
        let world = &self.0.world;
        let cases = world.weather().replaced;
        if cases == 0 || !pod.owned_by("StatefulSet") || !world.chance.permille(cases) {
            return;
        }
        world.tell(|| format!("{} is made again", pod.title()));
        world.kubernetes.world().vanish(&pod.uid);
        world.happens("a pod was made again under its name");
    }

    fn log_length(&self) -> usize {
        self.0.world.kubernetes.world().log.len()
    }
}

#[async_trait]
impl Kubernetes for SimKubernetes {
    async fn identity(&self) -> Result<String> {
        self.there().await?;
        let answer = self.0.world.kubernetes.identity().await;
        self.back(answer).await
    }

    async fn server_version(&self) -> Result<String> {
        self.there().await?;
        let answer = self.0.world.kubernetes.server_version().await;
        self.back(answer).await
    }

    async fn nodes(&self) -> Result<Listing<Node>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.nodes().await;
        self.back(answer).await
    }

    async fn node(&self, name: &str) -> Result<Option<Node>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.node(name).await;
        self.back(answer).await
    }

    async fn pods_on(&self, node: &str) -> Result<Listing<Pod>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.pods_on(node).await;
        self.back(answer).await
    }

    async fn pods(&self) -> Result<Listing<Pod>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.pods().await;
        self.back(answer).await
    }

    async fn pod(&self, namespace: &str, name: &str) -> Result<Option<Pod>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.pod(namespace, name).await;
        self.back(answer).await
    }

    async fn budgets(&self) -> Result<Vec<Budget>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.budgets().await;
        self.back(answer).await
    }

    async fn attachments(&self) -> Result<Vec<Attachment>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.attachments().await;
        self.back(answer).await
    }

    async fn volume_of_claim(&self, namespace: &str, claim: &str) -> Result<Option<String>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.volume_of_claim(namespace, claim).await;
        self.back(answer).await
    }

    async fn change_node(&self, change: &NodeChange) -> Result<Patched> {
        let label = if change.annotation.is_some() { "cordon" } else { "uncordon" };
        self.changes(label, self.0.world.kubernetes.change_node(change)).await
    }

    async fn change_labels(&self, change: &LabelChange) -> Result<Patched> {
        self.changes("label", self.0.world.kubernetes.change_labels(change)).await
    }

    async fn evict(&self, pod: &Pod) -> Result<Eviction> {
        let point = self.0.come_to(|| "evict".into()).await;
        self.there().await?;
        self.replace(pod);
        let before = self.log_length();
        let answer = self.0.world.kubernetes.evict(pod).await;
        self.report(before, Some(&pod.uid));
        self.0.left(point).await;
        self.back(()).await;
        self.fails()?;
        answer
    }

    async fn delete_node(&self, name: &str, uid: &str) -> Result<bool> {
        let point = self.0.come_to(|| "delete Node".into()).await;
        self.there().await?;
        let there = self.0.world.kubernetes.node(name).await?.filter(|node| node.uid == uid);
        if let Some(node) = &there {
            self.0.world.did(self.0.index, Deed::DeletesNode { node });
        }
        let answer = self.0.world.kubernetes.delete_node(name, uid).await;
        self.0.left(point).await;
        self.back(()).await;
        self.fails()?;
        answer
    }

    async fn entrance(&self) -> Result<Entrance> {
        self.there().await?;
        let answer = self.0.world.kubernetes.entrance().await;
        self.back(answer).await
    }

    async fn issue_token(
        &self,
        token: &BootstrapToken,
        operation: &OperationId,
        expires: jiff::Timestamp,
    ) -> Result<()> {
        self.changes("issue token", self.0.world.kubernetes.issue_token(token, operation, expires)).await
    }

    async fn revoke_token(&self, id: &str) -> Result<()> {
        self.changes("revoke token", self.0.world.kubernetes.revoke_token(id)).await
    }

    async fn can_i(&self, right: &Right) -> Result<bool> {
        self.0.world.kubernetes.can_i(right).await
    }
}
