//! The store: each write is a step of its own, named for what is written.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use scaler::model::failure::Result;
use scaler::ops::ports::{Condition, Object, Put, Store};
use serde_json::Value;

use crate::Fate;
use crate::change::Change;

pub struct MortalStore {
    pub inner: Arc<dyn Store>,
    pub fate: Arc<Fate>,
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

    fn address(&self) -> String {
        self.inner.address()
    }

    fn access_ends(&self) -> Option<jiff::Timestamp> {
        self.inner.access_ends()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>> {
        let mut found = self.inner.get(key).await?;
        self.age(found.as_mut().filter(|_| key == "lock.json"));
        Ok(found)
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<Put> {
        let Some(name) = write(key, &bytes, &condition) else { return self.inner.put(key, bytes, condition).await };
        self.fate.around(Change::Put, &name, self.inner.put(key, bytes, condition)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        self.inner.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let name = format!("delete {}", key.split('/').next().unwrap_or(key));
        self.fate.around(Change::Delete, &name, self.inner.delete(key)).await
    }

    async fn purge(&self, key: &str) -> Result<()> {
        let name = format!("purge {}", key.split('/').next().unwrap_or(key));
        self.fate.around(Change::Purge, &name, self.inner.purge(key)).await
    }

    async fn state_lock(&self, key: &str) -> Result<Option<Object>> {
        let mut found = self.inner.state_lock(key).await?;
        self.age(found.as_mut());
        Ok(found)
    }

    fn leases_states(&self) -> bool {
        self.inner.leases_states()
    }

    async fn break_state_lock(&self, key: &str) -> Result<()> {
        self.fate.around(Change::BreakStateLock, "break state lock", self.inner.break_state_lock(key)).await
    }
}
