//! The place where a cluster's record, lock, journal and history lie.

use async_trait::async_trait;
use bytes::Bytes;

use crate::model::failure::Result;

/// What identifies one content of one object: an ETag. Opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pub String);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub bytes: Bytes,
    pub version: Version,
    /// How long ago the object was written, by the store's own clock. None where the store does not tell.
    pub age: Option<std::time::Duration>,
}

/// What must hold for a write to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// There is no such object yet.
    Absent,
    /// The object still has this version.
    Is(Version),
}

/// What became of a conditional write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    Written(Version),
    /// The condition did not hold. After a lost answer it may be our own earlier try that broke it: the body's nonce tells.
    Conflict,
}

/// Where Terraform's S3 backend keeps its lock: an object that is created once, and outlives a Terraform that is killed
/// (internal/backend/remote-state/s3 of both).
pub fn lock_beside(key: &str) -> String {
    format!("{key}.tflock")
}

/// Every write is conditional; a store that ignores conditions is no store. Implementations retry what is safe to
/// repeat (reads, and conditional writes, whose repetition shows as `Conflict`), with backoff, and then fail.
#[async_trait]
pub trait Store: Send + Sync {
    /// For people: `s3://bucket/prefix`, `azblob://account/container/prefix`, `file:///folder`.
    fn url(&self) -> String;

    /// The URL with everything that says by which way the store is reached: two with the same address are served by the
    /// same server.
    fn address(&self) -> String {
        self.url()
    }

    /// When the access to it ends for good; None where that is not known, or where a new login is had by itself.
    fn access_ends(&self) -> Option<jiff::Timestamp> {
        None
    }

    /// None if there is no such object.
    async fn get(&self, key: &str) -> Result<Option<Object>>;

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<Put>;

    /// All keys below `prefix` (which ends with a slash, or is empty for the whole store), sorted, however many pages that takes.
    async fn list(&self, prefix: &str) -> Result<Vec<String>>;

    /// Removes an object; it is no error if there is none. Nothing relies on this for safety.
    async fn delete(&self, key: &str) -> Result<()>;

    /// Removes an object with all that the store keeps of it: former versions, and the marks of a removal. It is no error
    /// if there is none; it is one if anything of it stays.
    async fn purge(&self, key: &str) -> Result<()>;

    /// Terraform's own lock on the state under this key, as its backend for this kind of store keeps it: the text that
    /// says who has it (JSON), and since when it is there. None if it is not locked, or by a lock of the kernel's that
    /// goes with Terraform's process.
    ///
    /// The text is empty where the lock names nobody: Azure's lease and the holder's name on it are two requests, and a
    /// Terraform may be ended between them.
    async fn state_lock(&self, key: &str) -> Result<Option<Object>>;

    /// Whether such a lock is a lease: the store refuses what somebody writes who has lost it.
    fn leases_states(&self) -> bool;

    /// Takes that lock away, whoever has it.
    async fn break_state_lock(&self, key: &str) -> Result<()>;
}
