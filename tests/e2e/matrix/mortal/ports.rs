//! Every port whose call changes something outside, with a point before and after each such call.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use scaler::model::bootstrap::{BootstrapToken, Entrance};
use scaler::model::failure::Result;
use scaler::model::kubernetes::{Attachment, Budget, Eviction, Listing, Node, NodeChange, Patched, Pod, Right};
use scaler::model::names::{OperationId, StackId};
use scaler::ops::lease::Lease;
use scaler::ops::ports::terraform::{Applied, PlanMode, SavedPlan, Stack, Tool};
use scaler::ops::ports::{Condition, Event, Kubernetes, Object, Ports, Progress, Put, Store, Terraform};
use serde_json::Value;

use crate::Fate;

pub fn mortal(ports: Ports, fate: &Arc<Fate>) -> Ports {
    let kubernetes = ports
        .kubernetes
        .clone()
        .map(|inner| -> Arc<dyn Kubernetes> { Arc::new(MortalKubernetes { inner, fate: fate.clone() }) });
    Ports {
        store: Arc::new(MortalStore { inner: ports.store, fate: fate.clone() }),
        terraform: Arc::new(MortalTerraform { inner: ports.terraform, fate: fate.clone() }),
        kubernetes,
        ..ports
    }
}

struct MortalStore {
    inner: Arc<dyn Store>,
    fate: Arc<Fate>,
}

/// What a write is. None for a renewal of the lock: it comes when its time comes, and is no step.
fn write(key: &str, bytes: &[u8], condition: &Condition) -> Option<String> {
    let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
    if key == "lock.json" {
        let renewal = document["state"] == "held" && document["acquired"] != Value::Null && is_renewal(&document);
        return (!renewal || *condition == Condition::Absent)
            .then(|| format!("lock {}", document["state"].as_str().unwrap_or("?")));
    }
    if key.starts_with("journal/") {
        let entry = &document["entry"];
        let part = entry["part"].as_str().map(|part| part.rsplit(':').next().unwrap_or(part).to_owned());
        let kind = entry["kind"].as_str().unwrap_or("?");
        return Some(format!("journal {kind}{}", part.map_or(String::new(), |part| format!(" {part}"))));
    }
    Some(format!("write {}", key.split('/').next().unwrap_or(key)))
}

/// A lock is taken within a second or two of the time that it names; its renewals come 15 s later at the earliest.
fn is_renewal(lock: &Value) -> bool {
    let acquired: Option<jiff::Timestamp> = lock["acquired"].as_str().and_then(|text| text.parse().ok());
    acquired.is_some_and(|at| jiff::Timestamp::now().duration_since(at).as_secs() >= 12)
}

impl MortalStore {
    fn age(&self, lock: Option<&mut Object>) {
        if let Some(lock) = lock {
            lock.age = lock.age.map(|age| age + self.fate.later);
        }
    }
}

#[async_trait]
impl Store for MortalStore {
    fn url(&self) -> String {
        self.inner.url()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>> {
        let mut found = self.inner.get(key).await?;
        self.age(found.as_mut().filter(|_| key == "lock.json"));
        Ok(found)
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<Put> {
        let Some(name) = write(key, &bytes, &condition) else { return self.inner.put(key, bytes, condition).await };
        self.fate.around(&name, self.inner.put(key, bytes, condition)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        self.inner.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let name = format!("delete {}", key.split('/').next().unwrap_or(key));
        self.fate.around(&name, self.inner.delete(key)).await
    }

    async fn state_lock(&self, key: &str) -> Result<Option<Object>> {
        let mut found = self.inner.state_lock(key).await?;
        self.age(found.as_mut());
        Ok(found)
    }

    async fn break_state_lock(&self, key: &str) -> Result<()> {
        self.fate.around("break state lock", self.inner.break_state_lock(key)).await
    }
}

struct MortalTerraform {
    inner: Arc<dyn Terraform>,
    fate: Arc<Fate>,
}

#[async_trait]
impl Terraform for MortalTerraform {
    async fn tool(&self) -> Result<Tool> {
        self.inner.tool().await
    }

    async fn init(&self, stack: &Stack, lock_file: Option<&str>) -> Result<String> {
        self.inner.init(stack, lock_file).await
    }

    async fn plan(&self, stack: &StackId, mode: PlanMode, lease: Option<&Lease>) -> Result<Box<dyn SavedPlan>> {
        let plan = self.inner.plan(stack, mode, lease);
        if matches!(mode, PlanMode::Look | PlanMode::LookDestroy) {
            return plan.await;
        }
        self.fate.around("terraform plan", plan).await
    }

    async fn apply(&self, plan: Box<dyn SavedPlan>, lease: &Lease) -> Result<Applied> {
        self.fate.around("terraform apply", self.inner.apply(plan, lease)).await
    }

    async fn import(&self, stack: &StackId, address: &str, id: &str, lease: &Lease) -> Result<()> {
        self.fate.around("terraform import", self.inner.import(stack, address, id, lease)).await
    }

    async fn untaint(&self, stack: &StackId, address: &str, lease: &Lease) -> Result<()> {
        self.fate.around("terraform untaint", self.inner.untaint(stack, address, lease)).await
    }
}

struct MortalKubernetes {
    inner: Arc<dyn Kubernetes>,
    fate: Arc<Fate>,
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
        self.fate.around(name, self.inner.change_node(change)).await
    }

    async fn evict(&self, pod: &Pod) -> Result<Eviction> {
        self.fate.around("evict", self.inner.evict(pod)).await
    }

    async fn delete_node(&self, name: &str, uid: &str) -> Result<bool> {
        self.fate.around("delete node", self.inner.delete_node(name, uid)).await
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
        self.fate.around("issue token", self.inner.issue_token(token, operation, expires)).await
    }

    async fn revoke_token(&self, id: &str) -> Result<()> {
        self.fate.around("revoke token", self.inner.revoke_token(id)).await
    }

    async fn can_i(&self, right: &Right) -> Result<bool> {
        self.inner.can_i(right).await
    }
}

/// Terraform's news of one machine are points in the middle of its apply: a machine is made or gone, and no state says so.
pub struct MortalProgress {
    pub inner: Arc<dyn Progress>,
    pub fate: Arc<Fate>,
}

impl Progress for MortalProgress {
    fn tell(&self, event: Event) {
        if let Event::Resource { address, action, state, .. } = &event {
            let kind = address.split(['[', ' ']).next().unwrap_or(address);
            self.fate.point(&format!("in terraform: {kind} {action} {state}"));
        }
        self.inner.tell(event);
    }
}
