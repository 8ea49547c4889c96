//! The store as one simulated scaler reaches it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::model::failure::{Failure, Result};
use crate::model::join_file;
use crate::model::journal::Document;
use crate::model::lock::{self, Lock, LockState};
use crate::ops::ports::store::lock_beside;
use crate::ops::ports::{Condition, Object, Put, Store};
use crate::ops::record;
use crate::ops::simulation::process::Process;
use crate::ops::simulation::time::Owner;
use crate::ops::simulation::watch::{Deed, kind_of_entry};

pub struct SimStore(pub Arc<Process>);

/// How long clients of stores go on with one request, all its attempts together.
const PATIENCE: Duration = Duration::from_secs(150);

impl SimStore {
    fn fails(&self) -> bool {
        let world = &self.0.world;
        let cases = world.weather().store;
        self.0.is_storeless() || cases > 0 && world.chance.permille(cases)
    }

    /// What its scaler hears of a request that failed: soon, or when it has lost patience.
    async fn unanswered(&self) -> Failure {
        let world = &self.0.world;
        let failure = Failure::failed("the store does not answer");
        if world.chance.permille(300) {
            let time = world.chance.between(PATIENCE / 10, PATIENCE);
            world.time.sleep(Owner::Scaler(self.0.index), time).await;
            world.happens("the store did not answer in time");
            return failure.because("it timed out");
        }
        self.0.way_back().await;
        failure.because("503 Slow Down")
    }

    /// Whether this write is one that takes effect when its scaler has given it up. What a join file that comes so late holds
    /// has ended by then: nothing goes by that.
    fn is_held_up(&self, key: &str) -> bool {
        !self.0.is_storeless() && !key.starts_with(join_file::FOLDER) && self.0.world.chance.permille(500)
    }

    /// Somewhere on its way to the store it is held up, and nobody can call it back.
    fn hold_up(&self, key: String, bytes: Bytes, condition: Condition) {
        let process = self.0.clone();
        tokio::spawn(async move {
            let world = &process.world;
            world.sleep(world.chance.between(PATIENCE, PATIENCE * 2)).await;
            if let Ok(Put::Written(_)) = world.store.put(&key, bytes.clone(), condition).await {
                world.happens("a write took effect after its scaler had given it up");
                world.did(process.index, Writing::of(&key, &bytes).deed(&key));
            }
        });
    }
}

/// What is written, as far as anybody here wants to know.
enum Writing {
    Lock(Box<Lock>),
    Entry(Box<Document>),
    Other,
}

impl Writing {
    fn of(key: &str, bytes: &Bytes) -> Writing {
        if key == lock::KEY {
            return Lock::parse(bytes).map_or(Writing::Other, |lock| Writing::Lock(Box::new(lock)));
        }
        match key.starts_with("journal/") {
            true => Document::parse(bytes).map_or(Writing::Other, |document| Writing::Entry(Box::new(document))),
            false => Writing::Other,
        }
    }

    /// Its name among the points of a way.
    fn label(&self, key: &str) -> String {
        match self {
            Writing::Entry(document) => format!("journal: {}", kind_of_entry(&document.entry)),
            Writing::Lock(lock) if lock.state == LockState::Released => "unlock".into(),
            Writing::Lock(_) => "lock".into(),
            Writing::Other if key == record::KEY => "commit".into(),
            Writing::Other => key.split('/').next().unwrap_or_default().to_owned(),
        }
    }

    fn deed<'a>(&'a self, key: &'a str) -> Deed<'a> {
        match self {
            Writing::Lock(lock) => Deed::Locked(lock),
            Writing::Entry(document) => Deed::Journalled { key, document },
            Writing::Other => Deed::Wrote { key },
        }
    }
}

#[async_trait]
impl Store for SimStore {
    fn url(&self) -> String {
        "memory://acme".into()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>> {
        self.0.way_out().await;
        let found = self.0.world.store.get(key).await;
        if self.fails() || self.0.world.unread.lock().unwrap().remove(key) {
            return Err(self.unanswered().await);
        }
        self.0.way_back().await;
        found
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<Put> {
        let process = &self.0;
        let writing = Writing::of(key, &bytes);
        let point = process.come_to(|| writing.label(key)).await;
        // It may lie on this machine while that sleeps.
        process.way_out().await;
        let lost = self.fails();
        if lost && (process.is_storeless() || process.world.chance.permille(500)) {
            if self.is_held_up(key) {
                self.hold_up(key.to_owned(), bytes, condition);
            }
            return Err(self.unanswered().await);
        }
        process.alive().await;
        let put = process.world.store.put(key, bytes.clone(), condition.clone()).await?;
        match &put {
            Put::Written(_) => process.world.did(process.index, writing.deed(key)),
            Put::Conflict if key == record::KEY => process.world.happens("a record came too late"),
            Put::Conflict => {}
        }
        process.left(point).await;
        if !lost {
            process.way_back().await;
            return Ok(put);
        }
        process.world.happens("the store lost an answer");
        if process.world.chance.permille(500) {
            // Its inner repetition meets its own effect.
            process.way_back().await;
            return process.world.store.put(key, bytes, condition).await;
        }
        Err(self.unanswered().await)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        self.0.way_out().await;
        let found = self.0.world.store.list(prefix).await;
        if self.fails() {
            return Err(self.unanswered().await);
        }
        self.0.way_back().await;
        found
    }

    async fn state_lock(&self, key: &str) -> Result<Option<Object>> {
        self.get(&lock_beside(key)).await
    }

    fn leases_states(&self) -> bool {
        false
    }

    async fn break_state_lock(&self, key: &str) -> Result<()> {
        self.delete(&lock_beside(key)).await
    }

    async fn purge(&self, key: &str) -> Result<()> {
        let point = self.0.come_to(|| "purge".into()).await;
        self.0.way_there().await;
        if self.fails() {
            self.0.world.happens("a join file could not be removed");
            return Err(self.unanswered().await);
        }
        self.0.world.store.purge(key).await?;
        self.0.world.did(self.0.index, Deed::Purged { key });
        self.0.left(point).await;
        self.0.way_back().await;
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let point = self.0.come_to(|| format!("delete {key}")).await;
        self.0.way_there().await;
        let text = self.0.world.store.text(key);
        self.0.world.store.delete(key).await?;
        self.0.world.did(self.0.index, Deed::Deleted { key, text: text.as_deref() });
        self.0.left(point).await;
        self.0.way_back().await;
        Ok(())
    }
}
