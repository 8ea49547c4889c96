//! The cluster's API through `kubectl proxy` on a private Unix socket: one authenticated connection for every kubeconfig
//! that kubectl understands, exec plugins and service accounts included.

mod answers;
mod errors;
mod fetched;
mod objects;
mod proxy;
mod quantity;
mod requests;
mod secrets;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node as ApiNode, PersistentVolumeClaim, Pod as ApiPod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::storage::v1::VolumeAttachment;
use k8s_openapi::apimachinery::pkg::version::Info;
use kube::Client;
use kube::core::ObjectList;
use serde::de::DeserializeOwned;
use tokio::time::error::Elapsed;
use tracing::debug;

use crate::model::bootstrap::{BootstrapToken, Entrance};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::kubernetes::{
    Attachment, Budget, Eviction, LabelChange, Listing, Node, NodeChange, Patched, Pod, Right,
};
use crate::model::names::OperationId;
use crate::model::redact::Redactor;
use crate::ops::ports::Kubernetes;

pub use fetched::FetchedAccess;
pub use proxy::{Access, connect};
pub use secrets::of as secrets;

/// How many objects a page of a list has: the server's memory, and a connection that breaks, cost little then.
const PAGE: u32 = 500;

/// How long one request may take. The server's own limit for a request that is no watch is a minute.
const PATIENCE: Duration = Duration::from_secs(65);

/// The cluster's API. Ends its proxy when it is dropped.
pub struct Cluster {
    client: Client,
    /// Where the proxy leads, for error texts.
    title: String,
    redactor: Redactor,
    _proxy: proxy::Proxy,
}

impl Cluster {
    /// Sends one request and tells the log of it. What the server says is free of our login's secrets from here on.
    async fn send<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        request: http::Request<Vec<u8>>,
    ) -> Result<kube::Result<T>, Elapsed> {
        let answer = tokio::time::timeout(PATIENCE, self.client.request::<T>(request)).await;
        let answer = answer.map(|answer| answer.map_err(|error| secrets::without(&self.redactor, error)));
        let outcome = match &answer {
            Ok(Ok(_)) => "ok".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        debug!(method, path, outcome, "cluster: request");
        answer
    }

    /// One read, tried again while the server is away or overloaded.
    async fn read<T: DeserializeOwned>(&self, what: &str, path: &str) -> Result<T> {
        let attempt = || async {
            let request = requests::get(path).map_err(errors::Trouble::lasting)?;
            match self.send("GET", path, request).await {
                Ok(Ok(value)) => Ok(value),
                Ok(Err(error)) => Err(errors::read(what, &self.title, &error)),
                Err(_) => {
                    Err(errors::Trouble::passing(Failure::failed(format!("{what} took too long")).because(format!(
                        "{} did not answer in {} s",
                        self.title,
                        PATIENCE.as_secs()
                    ))))
                }
            }
        };
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(3))
            .with_max_times(5)
            .with_jitter();
        attempt.retry(backoff).when(|trouble| trouble.passes).await.map_err(|trouble| trouble.failure)
    }

    /// One object; None where the server knows none of that name.
    async fn find<T: DeserializeOwned>(&self, what: &str, path: &str) -> Result<Option<T>> {
        match self.read::<T>(what, path).await {
            Ok(value) => Ok(Some(value)),
            Err(failure) if failure.causes.iter().any(|cause| cause == errors::NOT_FOUND) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// A whole list, page by page, all of one resourceVersion. One that expires meanwhile is begun again.
    async fn list<T>(&self, what: &str, path: &str, selector: &str) -> Result<Listing<T>>
    where
        T: DeserializeOwned + Clone,
    {
        'again: for _ in 0..3 {
            let mut items = Vec::new();
            let mut token = String::new();
            loop {
                let page = requests::page(path, selector, PAGE, &token);
                let list: ObjectList<T> = match self.read(what, &page).await {
                    Err(failure) if failure.causes.iter().any(|cause| cause == errors::EXPIRED) => continue 'again,
                    list => list?,
                };
                items.extend(list.items);
                token = list.metadata.continue_.unwrap_or_default();
                if token.is_empty() {
                    let resource_version = list.metadata.resource_version.unwrap_or_default();
                    return Ok(Listing { items, resource_version });
                }
            }
        }
        Err(Failure::failed(format!("{what}: the list changed faster than it could be read"))
            .because("three tries expired"))
    }

    /// One write, tried once: what a lost answer means is for the caller to find out.
    async fn write<T: DeserializeOwned>(&self, request: http::Request<Vec<u8>>) -> Result<T, errors::WriteError> {
        let (method, path) = (request.method().to_string(), request.uri().to_string());
        match self.send(&method, &path, request).await {
            Ok(answer) => answer.map_err(errors::WriteError::Answer),
            Err(_) => Err(errors::WriteError::NoAnswer),
        }
    }
}

#[async_trait]
impl Kubernetes for Cluster {
    async fn identity(&self) -> Result<String> {
        let namespace: Namespace =
            self.read("reading the namespace kube-system", "/api/v1/namespaces/kube-system").await?;
        namespace.metadata.uid.ok_or_else(|| Failure::failed("the namespace kube-system has no UID"))
    }

    async fn server_version(&self) -> Result<String> {
        let info: Info = self.read("asking the server for its version", "/version").await?;
        Ok(info.git_version.trim_start_matches('v').to_owned())
    }

    async fn nodes(&self) -> Result<Listing<Node>> {
        let nodes: Listing<ApiNode> = self.list("listing nodes", "/api/v1/nodes", "").await?;
        let path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
        let leases: Listing<Lease> = self.list("listing the nodes' leases", path, "").await?;
        let renewals: HashMap<String, jiff::Timestamp> = leases
            .items
            .into_iter()
            .filter_map(|lease| Some((lease.metadata.name?, lease.spec?.renew_time?.0)))
            .collect();
        let items = nodes.items.into_iter().map(|node| {
            let renewed = node.metadata.name.as_ref().and_then(|name| renewals.get(name)).copied();
            objects::node(node, renewed)
        });
        Ok(Listing { items: items.collect(), resource_version: nodes.resource_version })
    }

    async fn node(&self, name: &str) -> Result<Option<Node>> {
        let path = format!("/api/v1/nodes/{}", requests::segment(name));
        let node: Option<ApiNode> = self.find(&format!("reading node {name}"), &path).await?;
        Ok(node.map(|node| objects::node(node, None)))
    }

    async fn pods_on(&self, node: &str) -> Result<Listing<Pod>> {
        let selector = format!("spec.nodeName={node}");
        let pods: Listing<ApiPod> =
            self.list(&format!("listing the pods on {node}"), "/api/v1/pods", &selector).await?;
        Ok(Listing {
            items: pods.items.into_iter().map(objects::pod).collect(),
            resource_version: pods.resource_version,
        })
    }

    async fn pods(&self) -> Result<Listing<Pod>> {
        let pods: Listing<ApiPod> = self.list("listing pods", "/api/v1/pods", "").await?;
        Ok(Listing {
            items: pods.items.into_iter().map(objects::pod).collect(),
            resource_version: pods.resource_version,
        })
    }

    async fn pod(&self, namespace: &str, name: &str) -> Result<Option<Pod>> {
        let path = requests::namespaced("/api/v1", namespace, "pods", name);
        let pod: Option<ApiPod> = self.find(&format!("reading pod {namespace}/{name}"), &path).await?;
        Ok(pod.map(objects::pod))
    }

    async fn budgets(&self) -> Result<Vec<Budget>> {
        let path = "/apis/policy/v1/poddisruptionbudgets";
        let budgets: Listing<PodDisruptionBudget> = self.list("listing PodDisruptionBudgets", path, "").await?;
        Ok(budgets.items.into_iter().map(objects::budget).collect())
    }

    async fn attachments(&self) -> Result<Vec<Attachment>> {
        let path = "/apis/storage.k8s.io/v1/volumeattachments";
        let attachments: Listing<VolumeAttachment> = self.list("listing VolumeAttachments", path, "").await?;
        Ok(attachments.items.into_iter().map(objects::attachment).collect())
    }

    async fn volume_of_claim(&self, namespace: &str, claim: &str) -> Result<Option<String>> {
        let path = requests::namespaced("/api/v1", namespace, "persistentvolumeclaims", claim);
        let found: Option<PersistentVolumeClaim> =
            self.find(&format!("reading claim {namespace}/{claim}"), &path).await?;
        Ok(found.and_then(|claim| claim.spec).and_then(|spec| spec.volume_name))
    }

    async fn change_node(&self, change: &NodeChange) -> Result<Patched> {
        let what = format!("changing node {}", change.name);
        match self.write::<ApiNode>(requests::change_node(change)?).await {
            Ok(node) => Ok(Patched::Done(Box::new(objects::node(node, None)))),
            Err(error) => answers::patched(error, &what, &self.title),
        }
    }

    async fn change_labels(&self, change: &LabelChange) -> Result<Patched> {
        let what = format!("changing labels and taints of node {}", change.name);
        match self.write::<ApiNode>(requests::change_labels(change)?).await {
            Ok(node) => Ok(Patched::Done(Box::new(objects::node(node, None)))),
            Err(error) => answers::patched(error, &what, &self.title),
        }
    }

    async fn evict(&self, pod: &Pod) -> Result<Eviction> {
        match self.write::<serde_json::Value>(requests::evict(pod)?).await {
            Ok(_) => Ok(Eviction::Accepted),
            Err(error) => answers::eviction(error, pod, &self.title),
        }
    }

    async fn delete_node(&self, name: &str, uid: &str) -> Result<bool> {
        let what = format!("deleting node {name}");
        let answer = self.write::<serde_json::Value>(requests::delete_node(name, uid)?).await;
        if let Err(error) = answer
            && let Some(failure) = answers::deletion(error, &what, &self.title)
        {
            return Err(failure);
        }
        // Gone for good only if no Node with this UID is left: finalizers may hold it.
        Ok(self.node(name).await?.is_none_or(|node| node.uid != uid))
    }

    async fn entrance(&self) -> Result<Entrance> {
        let path = requests::namespaced("/api/v1", "kube-public", "configmaps", "cluster-info");
        let found: Option<ConfigMap> = self.find("reading the ConfigMap kube-public/cluster-info", &path).await?;
        let kubeconfig = found.and_then(|found| found.data).and_then(|mut data| data.remove("kubeconfig"));
        Entrance::of_cluster_info(&kubeconfig.ok_or_else(|| {
            Failure::refused("the cluster does not say to new machines how to join it")
                .because("it has no ConfigMap kube-public/cluster-info, which kubeadm makes")
                .hint("on a control plane: kubeadm init phase bootstrap-token")
        })?)
    }

    async fn issue_token(
        &self,
        token: &BootstrapToken,
        operation: &OperationId,
        expires: jiff::Timestamp,
    ) -> Result<()> {
        let request = requests::issue_token(token, operation, expires)?;
        match self.write::<serde_json::Value>(request).await {
            Ok(_) => Ok(()),
            // Its id is random, and made for this alone.
            Err(error) if error.status().is_some_and(|status| status.reason == "AlreadyExists") => Ok(()),
            Err(error) => Err(error.failure("making a bootstrap token", &self.title)),
        }
    }

    async fn revoke_token(&self, id: &str) -> Result<()> {
        let what = "ending a bootstrap token";
        match self.write::<serde_json::Value>(requests::revoke_token(id)?).await {
            Ok(_) => Ok(()),
            Err(error) => answers::deletion(error, what, &self.title).map_or(Ok(()), Err),
        }
    }

    async fn can_i(&self, right: &Right) -> Result<bool> {
        let answer = self.write::<SelfSubjectAccessReview>(requests::review(right)?).await;
        let review = answer.map_err(|error| error.failure(&format!("asking for the right to {right}"), &self.title))?;
        review
            .status
            .map(|status| status.allowed)
            .ok_or_else(|| Failure::new(Kind::Failed, format!("the server did not say whether we may {right}")))
    }
}
