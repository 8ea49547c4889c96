//! Stores that keep their conditions, and stores that do not.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;
use crate::ops::ports::Object;
use crate::ops::testing::{Fate, MemoryStore, VirtualClock};

/// Which conditions a store ignores.
#[derive(Clone, Copy, PartialEq)]
enum Ignores {
    Nothing,
    Creation,
    Versions,
    /// It says that a condition did not hold, and writes all the same.
    ItsOwnWord,
}

struct Careless {
    inner: MemoryStore,
    ignores: Ignores,
    address: &'static str,
    writes: AtomicUsize,
}

fn store(ignores: Ignores) -> Careless {
    Careless { inner: MemoryStore::default(), ignores, address: "memory://a", writes: AtomicUsize::default() }
}

#[async_trait]
impl Store for Careless {
    fn url(&self) -> String {
        self.inner.url()
    }

    fn address(&self) -> String {
        self.address.to_owned()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>> {
        self.inner.get(key).await
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<Put> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        let put = self.inner.put(key, bytes.clone(), condition.clone()).await?;
        let ignored = match (&condition, self.ignores) {
            (_, Ignores::Nothing) => false,
            (_, Ignores::ItsOwnWord) => true,
            (Condition::Absent, ignores) => ignores == Ignores::Creation,
            (Condition::Is(_), ignores) => ignores == Ignores::Versions,
        };
        if put == Put::Conflict && ignored {
            self.inner.overwrite(key, bytes);
            if self.ignores != Ignores::ItsOwnWord {
                return Ok(Put::Written(self.inner.get(key).await?.expect("it was just written").version));
            }
        }
        Ok(put)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        self.inner.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.inner.delete(key).await
    }

    async fn purge(&self, key: &str) -> Result<()> {
        self.inner.purge(key).await
    }

    async fn state_lock(&self, key: &str) -> Result<Option<Object>> {
        self.inner.state_lock(key).await
    }

    fn leases_states(&self) -> bool {
        self.inner.leases_states()
    }

    async fn break_state_lock(&self, key: &str) -> Result<()> {
        self.inner.break_state_lock(key).await
    }
}

#[tokio::test]
async fn a_store_is_tried_once_for_each_way_to_it() {
    let clock = VirtualClock::default();
    let mut store = store(Ignores::Nothing);
    assert!(!is_proven(&store).await.unwrap());
    assure(&store, &clock).await.unwrap();
    assert!(is_proven(&store).await.unwrap());
    let writes = store.writes.load(Ordering::Relaxed);
    assure(&store, &clock).await.unwrap();
    assert_eq!(store.writes.load(Ordering::Relaxed), writes, "what is proven is not tried again");
    assert_eq!(store.list("").await.unwrap().len(), 1, "the trial's own object is gone");

    store.address = "memory://b";
    assert!(!is_proven(&store).await.unwrap(), "another way to it, or a copy");
    assure(&store, &clock).await.unwrap();
    assert!(is_proven(&store).await.unwrap());
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_refused() {
    for (ignores, expected) in [
        (Ignores::Creation, "it made an object that was there already"),
        (Ignores::Versions, "it replaced an object that had changed"),
        (Ignores::ItsOwnWord, "it made an object that was there already"),
    ] {
        let store = store(ignores);
        let failure = assure(&store, &VirtualClock::default()).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Refused);
        assert!(failure.what.contains(expected), "{failure:?}");
        assert!(!failure.hints.is_empty());
        assert_eq!(store.list("").await.unwrap(), Vec::<String>::new(), "nothing is left, and no note");
    }
}

#[tokio::test]
async fn a_store_that_becomes_careless_is_believed_no_more() {
    let clock = VirtualClock::default();
    let mut store = store(Ignores::Nothing);
    assure(&store, &clock).await.unwrap();
    store.ignores = Ignores::Versions;
    attempt(&store, &clock).await.unwrap_err();
    assert!(!is_proven(&store).await.unwrap());
}

#[tokio::test]
async fn a_write_that_met_itself_proves_nothing_against_the_store() {
    let store = MemoryStore::default();
    let key = "probe/0000000000000000";
    store.order(key, &[Fate::Repeated, Fate::Repeated, Fate::Repeated, Fate::Repeated]);
    assure(&store, &VirtualClock::default()).await.unwrap();
    assert!(is_proven(&store).await.unwrap());
}
