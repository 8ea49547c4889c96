//! The way to a cluster that was just made, with the access that was fetched from it. It lies in a folder for this user
//! alone, and goes with this run.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::proxy::{Access, connect};
use crate::adapters::process::{Host, Program, TemporaryFolder};
use crate::model::failure::{Failure, Result};
use crate::model::kubeconfig::Kubeconfig;
use crate::ops::ports::{Door, Kubernetes};

pub struct FetchedAccess {
    host: Arc<Host>,
    /// `tools.kubectl` of the cluster file.
    kubectl: Option<PathBuf>,
    /// kubectl reads the file again when its proxy is started again.
    folders: Mutex<Vec<TemporaryFolder>>,
}

impl FetchedAccess {
    pub fn new(host: Arc<Host>, kubectl: Option<PathBuf>) -> FetchedAccess {
        FetchedAccess { host, kubectl, folders: Mutex::default() }
    }
}

#[async_trait]
impl Door for FetchedAccess {
    async fn open(&self, access: &Kubeconfig) -> Result<Arc<dyn Kubernetes>> {
        let kubectl = Program::find(&self.host, "kubectl", self.kubectl.as_deref())?;
        let folder = TemporaryFolder::new(&self.host, "scaler-access-", None)
            .map_err(|failure| failure.context("there is no place for the cluster's access"))?;
        let path = folder.path().join("kubeconfig");
        let failed = |error| Failure::failed("the cluster's access cannot be kept for this run").caused_by(&error);
        let text = access.reveal()?;
        let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)?;
        self.folders.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(folder);
        Ok(connect(&kubectl, &Access { kubeconfig: Some(path), context: None }).await?)
    }
}
