//! The same requests, plain.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use scaler::model::failure::Result;
use scaler::model::journal::folder;
use scaler::model::names::OperationId;
use scaler::ops::ports::{Condition, Object, Put, Store};

/// One request.
#[derive(Debug, Clone)]
pub enum Request {
    Get(String),
    List(String),
    Put(String, Bytes),
}

/// A store that writes down what is asked of it.
pub struct Recorder {
    store: Arc<dyn Store>,
    requests: Mutex<Vec<Request>>,
}

impl Recorder {
    pub fn new(store: Arc<dyn Store>) -> Recorder {
        Recorder { store, requests: Mutex::default() }
    }

    pub fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, request: Request) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    }
}

#[async_trait]
impl Store for Recorder {
    fn url(&self) -> String {
        self.store.url()
    }

    fn address(&self) -> String {
        self.store.address()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>> {
        self.note(Request::Get(key.to_owned()));
        self.store.get(key).await
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<Put> {
        self.note(Request::Put(key.to_owned(), bytes.clone()));
        self.store.put(key, bytes, condition).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        self.note(Request::List(prefix.to_owned()));
        self.store.list(prefix).await
    }

    async fn delete(&self, key: &str) -> Result<()> {
        self.store.delete(key).await
    }

    async fn purge(&self, key: &str) -> Result<()> {
        self.store.purge(key).await
    }

    async fn state_lock(&self, key: &str) -> Result<Option<Object>> {
        self.store.state_lock(key).await
    }

    fn leases_states(&self) -> bool {
        self.store.leases_states()
    }

    async fn break_state_lock(&self, key: &str) -> Result<()> {
        self.store.break_state_lock(key).await
    }
}

/// Sends them again, to objects of the peer's own.
pub async fn repeat(store: &dyn Store, requests: &[Request]) {
    for (number, request) in requests.iter().enumerate() {
        match request {
            Request::Get(key) => drop(store.get(&own(key)).await.expect("an answer")),
            Request::List(prefix) => drop(store.list(&own(prefix)).await.expect("an answer")),
            // Each a new object, as a write that replaces one needs its version and with that another request.
            Request::Put(key, bytes) => put(store, &format!("{}-{number}-{}", own(key), fresh()), bytes).await,
        }
    }
}

fn own(key: &str) -> String {
    format!("peer/{key}")
}

fn fresh() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

async fn put(store: &dyn Store, key: &str, bytes: &Bytes) {
    let put = store.put(key, bytes.clone(), Condition::Absent).await.expect("an answer");
    assert!(matches!(put, Put::Written(_)), "{key} is new");
}

/// The objects of a journal.
pub async fn texts(store: &dyn Store, operation: &OperationId) -> BTreeMap<String, Bytes> {
    let mut texts = BTreeMap::new();
    for key in store.list(&folder(operation)).await.expect("a list") {
        let object = store.get(&key).await.expect("an answer").expect("an object");
        texts.insert(key, object.bytes);
    }
    texts
}

pub async fn put_all(store: &dyn Store, texts: &BTreeMap<String, Bytes>) {
    let place = fresh();
    for (key, bytes) in texts {
        put(store, &format!("peer/{place}/{key}"), bytes).await;
    }
}

pub async fn get_all(store: &dyn Store, keys: &[String]) {
    for key in keys {
        assert!(store.get(key).await.expect("an answer").is_some(), "{key}");
    }
}
