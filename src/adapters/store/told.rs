//! A store that tells the log of each request.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tracing::debug;

use crate::model::failure::Result;
use crate::ops::ports::{Condition, Object, Put, Store};

/// Passes everything on. Keys, sizes and outcomes are told; contents never.
pub struct Told(pub Arc<dyn Store>);

#[async_trait]
impl Store for Told {
    fn url(&self) -> String {
        self.0.url()
    }

    fn address(&self) -> String {
        self.0.address()
    }

    fn access_ends(&self) -> Option<jiff::Timestamp> {
        self.0.access_ends()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>> {
        let answer = self.0.get(key).await;
        let outcome = match &answer {
            Ok(Some(object)) => format!("{} bytes", object.bytes.len()),
            Ok(None) => "there is none".to_owned(),
            Err(failure) => failure.to_string(),
        };
        debug!(key, outcome, "store: read");
        answer
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<Put> {
        let size = bytes.len();
        let how = match condition {
            Condition::Absent => "create",
            Condition::Is(_) => "replace",
        };
        let answer = self.0.put(key, bytes, condition).await;
        let outcome = match &answer {
            Ok(Put::Written(_)) => "written".to_owned(),
            Ok(Put::Conflict) => "the condition did not hold".to_owned(),
            Err(failure) => failure.to_string(),
        };
        debug!(key, how, size, outcome, "store: write");
        answer
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let answer = self.0.list(prefix).await;
        let outcome = match &answer {
            Ok(keys) => format!("{} keys", keys.len()),
            Err(failure) => failure.to_string(),
        };
        debug!(prefix, outcome, "store: list");
        answer
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let answer = self.0.delete(key).await;
        let outcome = answer.as_ref().err().map_or("deleted".to_owned(), |failure| failure.to_string());
        debug!(key, outcome, "store: delete");
        answer
    }

    async fn purge(&self, key: &str) -> Result<()> {
        let answer = self.0.purge(key).await;
        let outcome = answer.as_ref().err().map_or("purged".to_owned(), |failure| failure.to_string());
        debug!(key, outcome, "store: purge");
        answer
    }

    async fn state_lock(&self, key: &str) -> Result<Option<Object>> {
        let answer = self.0.state_lock(key).await;
        let outcome = match &answer {
            Ok(Some(_)) => "there is one".to_owned(),
            Ok(None) => "there is none".to_owned(),
            Err(failure) => failure.to_string(),
        };
        debug!(key, outcome, "store: read Terraform's lock");
        answer
    }

    fn leases_states(&self) -> bool {
        self.0.leases_states()
    }

    async fn break_state_lock(&self, key: &str) -> Result<()> {
        debug!(key, "store: break Terraform's lock");
        self.0.break_state_lock(key).await
    }
}
