//! What a workflow is given: one cluster, one request, and how to go about it.

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::file::ClusterFile;
use crate::model::journal::{Command, Consent};
use crate::model::lock::Holder;
use crate::model::record::{Source, Tags};
use crate::render::{Assets, Backend, Deployment};

/// A cluster as its file and the options of this run describe it. Everything was read; nothing here does input or output.
#[derive(Clone)]
pub struct Task {
    pub file: ClusterFile,
    /// The text that [`Task::file`] was read from, and of the files that it names.
    pub source: Source,
    /// `--set` options, as given.
    pub sets: Vec<String>,
    pub backend: Backend,
    pub assets: Assets,
    pub ssh_public_key: String,
    /// The sandbox's register, absolute.
    pub register: String,
    /// The folder that relative paths of the cluster file count from.
    pub folder: PathBuf,
    pub holder: Holder,
    pub options: Options,
}

#[derive(Debug, Clone)]
pub struct Options {
    /// How long to wait for the lock.
    pub lock_timeout: Duration,
    /// How long new machines may take to become Ready nodes.
    pub join_timeout: Duration,
    /// Let drained nodes go where others could not be drained.
    pub partial: bool,
    /// The name of the pod that `scaler` itself runs in, as `namespace/name`.
    pub own_pod: Option<String>,
}

/// How an operation came about; the journal keeps it.
#[derive(Debug, Clone, Copy)]
pub struct Mandate {
    pub command: Command,
    pub consent: Consent,
}

impl Task {
    /// For a plan that is only looked at, of a stack whose state is there or not.
    pub fn to_look_at(&self, has_state: bool) -> Cow<'_, Task> {
        match self.backend.to_look_at(has_state) {
            Cow::Borrowed(_) => Cow::Borrowed(self),
            Cow::Owned(backend) => Cow::Owned(Task { backend, ..self.clone() }),
        }
    }

    pub fn deployment<'a>(&'a self, cluster_id: &'a str, account: Option<&'a str>, tags: &'a Tags) -> Deployment<'a> {
        Deployment {
            file: &self.file,
            tags,
            cluster_id,
            account,
            backend: &self.backend,
            ssh_public_key: &self.ssh_public_key,
            register: &self.register,
            assets: &self.assets,
        }
    }
}
