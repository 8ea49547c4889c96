//! A folder as a store, with the guarantees of a bucket.
//!
//! Each object is a file. Changes are made under one advisory lock of the kernel (`flock` on a guard file), which a
//! process that dies gives up; a file is written beside its place, synced, and renamed over it, so a reader sees the
//! old content or the new one, whatever dies in between. On a network file system this is as good as its `flock` and
//! `rename`: NFS has both since Linux 2.6.12.

mod folder;
mod guard;
mod home;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::model::failure::{Failure, Result};
use crate::model::file::StoreSpec;
use crate::model::store_url;
use crate::ops::ports::{Condition, Object, Put, Store};

use folder::Folder;
use guard::Guard;
pub use home::LocalHome;

/// A store in a folder of this machine.
pub struct LocalStore {
    folder: Arc<Folder>,
}

impl LocalStore {
    /// The folder is made by the first write.
    pub fn new(path: impl Into<PathBuf>) -> LocalStore {
        LocalStore { folder: Arc::new(Folder::new(path.into())) }
    }

    pub fn path(&self) -> &Path {
        self.folder.root()
    }

    /// Runs blocking work where it does not hold up other tasks.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce(&Folder) -> Result<T> + Send + 'static) -> Result<T> {
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || work(&folder))
            .await
            .map_err(|error| Failure::failed("the work on a store's folder was cut short").caused_by(&error))?
    }
}

#[async_trait]
impl Store for LocalStore {
    fn url(&self) -> String {
        store_url::to_url(&StoreSpec::Local { path: self.folder.root().to_string_lossy().into_owned() })
    }

    async fn get(&self, key: &str) -> Result<Option<Object>> {
        let key = key.to_owned();
        self.work(move |folder| folder.read(&key)).await
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<Put> {
        let key = key.to_owned();
        let guard = Guard::take(&self.folder).await?;
        self.work(move |folder| folder.write(&guard, &key, &bytes, &condition)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let prefix = prefix.to_owned();
        self.work(move |folder| folder.list(&prefix)).await
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let key = key.to_owned();
        let guard = Guard::take(&self.folder).await?;
        self.work(move |folder| folder.remove(&guard, &key)).await
    }

    /// A folder keeps nothing of what was.
    async fn purge(&self, key: &str) -> Result<()> {
        self.delete(key).await
    }

    async fn state_lock(&self, key: &str) -> Result<Option<Object>> {
        let key = key.to_owned();
        self.work(move |folder| folder.state_lock(&key)).await
    }

    fn leases_states(&self) -> bool {
        false
    }

    async fn break_state_lock(&self, key: &str) -> Result<()> {
        let key = key.to_owned();
        self.work(move |folder| folder.break_state_lock(&key)).await
    }
}

#[cfg(test)]
mod tests;
