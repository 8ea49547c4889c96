//! Ansible, which makes machines nodes.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::model::failure::{Failure, Result};
use crate::model::file::ClusterFile;
use crate::model::names::NodeName;
use crate::model::record::{JumpHost, Record};
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Lease;
use crate::render::{self, RunFacts};

/// One run of the playbooks.
#[derive(Debug, Clone, Default)]
pub struct Play {
    pub doing: Doing,
    /// As YAML, of everything but the files of this run.
    pub inventory: Vec<u8>,
    /// The hosts that are contacted; nobody else is.
    pub limit: Vec<NodeName>,
    /// None: all but those that run only when asked for.
    pub tags: Vec<String>,
    /// The host keys that are known: node → keys, each as `TYPE BASE64`.
    pub host_keys: BTreeMap<NodeName, Vec<String>>,
    /// The host that they are reached through.
    pub jump: Option<JumpHost>,
    /// What is not in the inventory because it is a secret, as the playbooks read it.
    pub secrets: Option<Secrets>,
    /// The manifest of the pod network.
    pub pod_network: Option<String>,
    /// The cluster's access is to be fetched.
    pub fetches_access: bool,
}

impl Play {
    /// One that contacts these machines of a cluster, and knows them and the host to go through as the record does.
    pub fn on(nodes: Vec<NodeName>, file: &ClusterFile, record: &Record, run: RunFacts) -> Play {
        Play {
            inventory: render::inventory(file, record, run),
            limit: nodes,
            host_keys: record.host_keys(),
            jump: record.jump_host(&file.ssh),
            ..Play::default()
        }
    }
}

/// What a run is for, as it is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Doing {
    /// Machines become nodes.
    #[default]
    Provision,
    /// Nodes become machines again.
    Leave,
}

/// JSON that nobody may see.
#[derive(Clone)]
pub struct Secrets(pub String);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// What came of a run. Hosts that failed are no error of the run.
#[derive(Debug, Clone, Default)]
pub struct Played {
    pub hosts: BTreeMap<NodeName, HostEnd>,
    /// The host keys that are known now.
    pub host_keys: BTreeMap<NodeName, Vec<String>>,
    /// Those of the host to go through.
    pub jump_keys: Vec<String>,
    /// The cluster's access, if the playbooks fetched it: a kubeconfig.
    pub access: Option<Secrets>,
    /// Everything that Ansible said, without secrets.
    pub log: String,
    /// Why the run itself did not come to its end. What became of the hosts is not known then.
    pub broken: Option<Failure>,
}

/// How a host came out of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostEnd {
    /// How many tasks ended on it, and how many of them changed something.
    pub tasks: u32,
    pub changed: u32,
    pub failure: Option<HostFailure>,
}

/// Why a host was not finished.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostFailure {
    /// It did not answer to SSH, or did not let us in.
    pub unreachable: bool,
    /// It was not tried: the host to go through did not answer, or did not let us in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub on_the_way: bool,
    pub task: String,
    pub message: String,
    /// The last of what the task's program said.
    pub output: Option<String>,
}

impl HostFailure {
    /// The message, and where it is not about the host itself.
    pub fn told(&self) -> String {
        let place = if self.on_the_way { "the host to go through: " } else { "" };
        format!("{place}{}", self.message)
    }
}

#[async_trait]
pub trait Provisioner: Send + Sync {
    /// Looks the tool up, so that a missing one is told before anything is changed.
    async fn check(&self) -> Result<()>;

    /// Runs to the end, or until the first interruption.
    async fn play(&self, play: &Play, lease: Option<&Lease>, interrupts: &Interrupts) -> Result<Played>;
}
