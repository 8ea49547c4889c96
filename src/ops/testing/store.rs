//! A store in memory, which does what a test orders.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;

use crate::model::failure::{Failure, Result};
use crate::ops::ports::store::lock_beside;
use crate::ops::ports::{BootInstant, Clock, Condition, Object, Put, Store, Version};

/// What happens to one write, instead of what should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing reaches the store.
    Unreachable,
    /// It takes effect, and the answer is lost.
    AnswerLost,
    /// It takes effect, and an inner repetition of it meets its own effect.
    Repeated,
    /// It takes effect, whatever its condition.
    Unconditional,
    /// It takes effect without the first byte of what was given.
    Cut,
    /// It never comes back.
    Hangs,
}

/// With a clock it tells the age of objects.
#[derive(Default)]
pub struct MemoryStore {
    objects: Mutex<BTreeMap<String, Entry>>,
    /// Key → what becomes of its next writes.
    fates: Mutex<BTreeMap<String, VecDeque<Fate>>>,
    writes: Mutex<u64>,
    /// Key → how many former versions of it are kept, as a bucket with versioning does.
    former: Mutex<BTreeMap<String, usize>>,
    clock: Option<Arc<dyn Clock>>,
}

#[derive(Clone)]
struct Entry {
    bytes: Bytes,
    version: Version,
    at: Option<BootInstant>,
}

impl MemoryStore {
    pub fn with_clock(clock: Arc<dyn Clock>) -> MemoryStore {
        MemoryStore { clock: Some(clock), ..MemoryStore::default() }
    }

    /// Another one with the same objects.
    pub fn copy(&self, clock: Arc<dyn Clock>) -> MemoryStore {
        let objects = self.objects.lock().unwrap().clone();
        let writes = *self.writes.lock().unwrap();
        let former = Mutex::new(self.former.lock().unwrap().clone());
        MemoryStore {
            objects: Mutex::new(objects),
            writes: Mutex::new(writes),
            former,
            ..MemoryStore::with_clock(clock)
        }
    }

    /// Orders what becomes of the next writes to a key, one after another.
    pub fn order(&self, key: &str, fates: &[Fate]) {
        self.fates.lock().unwrap().entry(key.to_owned()).or_default().extend(fates);
    }

    /// Writes without any condition, as somebody else would.
    pub fn overwrite(&self, key: &str, bytes: impl Into<Bytes>) {
        self.set(key, bytes.into());
    }

    pub fn remove(&self, key: &str) {
        self.objects.lock().unwrap().remove(key);
    }

    pub fn text(&self, key: &str) -> Option<String> {
        let objects = self.objects.lock().unwrap();
        objects.get(key).map(|entry| String::from_utf8_lossy(&entry.bytes).into_owned())
    }

    /// Keys of which something is kept, if only former versions.
    pub fn kept(&self, prefix: &str) -> Vec<String> {
        let former = self.former.lock().unwrap().keys().cloned().collect::<Vec<_>>();
        let all: std::collections::BTreeSet<String> =
            self.objects.lock().unwrap().keys().cloned().chain(former).filter(|key| key.starts_with(prefix)).collect();
        all.into_iter().collect()
    }

    fn keep(&self, key: &str, former: Option<Entry>) {
        if former.is_some() {
            *self.former.lock().unwrap().entry(key.to_owned()).or_default() += 1;
        }
    }

    fn set(&self, key: &str, bytes: Bytes) -> Version {
        let mut writes = self.writes.lock().unwrap();
        *writes += 1;
        let version = Version(format!("v{writes}"));
        let at = self.clock.as_ref().map(|clock| clock.boot());
        let former = self.objects.lock().unwrap().insert(key.to_owned(), Entry { bytes, version: version.clone(), at });
        self.keep(key, former);
        version
    }

    fn try_put(&self, key: &str, bytes: &Bytes, condition: &Condition) -> Put {
        let holds = {
            let objects = self.objects.lock().unwrap();
            match condition {
                Condition::Absent => !objects.contains_key(key),
                Condition::Is(version) => objects.get(key).is_some_and(|entry| entry.version == *version),
            }
        };
        if holds { Put::Written(self.set(key, bytes.clone())) } else { Put::Conflict }
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn url(&self) -> String {
        "memory://".into()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>> {
        tokio::task::yield_now().await;
        let objects = self.objects.lock().unwrap();
        Ok(objects.get(key).map(|entry| Object {
            bytes: entry.bytes.clone(),
            version: entry.version.clone(),
            age: self.clock.as_ref().zip(entry.at).map(|(clock, at)| clock.boot().since(at)),
        }))
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<Put> {
        tokio::task::yield_now().await;
        let fate = self.fates.lock().unwrap().get_mut(key).and_then(VecDeque::pop_front);
        let lost = || Err(Failure::failed("the store does not answer"));
        match fate {
            None => Ok(self.try_put(key, &bytes, &condition)),
            Some(Fate::Unreachable) => lost(),
            Some(Fate::AnswerLost) => {
                self.try_put(key, &bytes, &condition);
                lost()
            }
            Some(Fate::Repeated) => {
                self.try_put(key, &bytes, &condition);
                Ok(self.try_put(key, &bytes, &condition))
            }
            Some(Fate::Unconditional) => Ok(Put::Written(self.set(key, bytes))),
            Some(Fate::Cut) => Ok(self.try_put(key, &bytes.slice(1..), &condition)),
            Some(Fate::Hangs) => std::future::pending().await,
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        tokio::task::yield_now().await;
        let objects = self.objects.lock().unwrap();
        Ok(objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    async fn delete(&self, key: &str) -> Result<()> {
        tokio::task::yield_now().await;
        let former = self.objects.lock().unwrap().remove(key);
        self.keep(key, former);
        Ok(())
    }

    async fn purge(&self, key: &str) -> Result<()> {
        tokio::task::yield_now().await;
        self.objects.lock().unwrap().remove(key);
        self.former.lock().unwrap().remove(key);
        Ok(())
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::conformance;

    #[tokio::test]
    async fn is_a_store() {
        conformance::all(Arc::new(MemoryStore::default()), 50).await;
    }
}
