//! The cluster's record: what is true of it between operations. One document, changed by compare-and-swap.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::file::{Capacity, Disk, Ssh, host_of};
use super::machine::{Machine, Place};
use super::names::{NodeName, OperationId, StackId};
use super::provider::Provider;

/// The major number changes when an older `scaler` would misread the record; it then refuses to touch it.
pub const FORMAT: Format = Format { major: 1, minor: 6 };

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Format {
    pub major: u32,
    pub minor: u32,
}

/// `cluster.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub format: Format,
    /// Grows by one with each commit.
    pub generation: u64,
    /// The operation that committed this generation.
    pub operation: OperationId,
    /// The fencing number of the lock under which it was written.
    pub fence: u64,
    /// Random; on every machine as a tag. Cloud resources are found by it, never by the cluster's name.
    pub cluster_id: String,
    pub name: String,
    pub provider: Provider,
    /// The cloud account; another one is refused.
    pub account: String,
    pub region: String,
    /// The UID of the `kube-system` namespace: which cluster a kubeconfig must lead to. Learned when one of
    /// our machines is first seen as a Node there.
    pub kube_system_uid: Option<String>,
    /// The cluster file as last applied, and the files that it names.
    pub source: Source,
    pub terraform: Option<TerraformPin>,
    /// What was known of each stack's state after its last apply.
    pub stacks: BTreeMap<StackId, StackSerial>,
    /// The cluster file's tags that everything in a stack carries. Since format 1.1; a stack that is not here carries
    /// those of the stored cluster file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<StackId, Tags>,
    /// The roles that the foundation has, by which machines join at boot. Since format 1.4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joins: Option<JoinAccess>,
    /// The host that machines were reached through the last time. Since format 1.6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jump: Option<JumpHost>,
    pub control_plane: PoolRecord,
    pub pools: BTreeMap<String, PoolRecord>,
    /// Everything was destroyed; the record stays as history.
    #[serde(default)]
    pub destroyed: bool,
    /// The last time that the cluster went back to a former generation. Since format 1.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub went_back: Option<WentBack>,
    /// The URL of the store that is the cluster's now: here is nothing but its past. Since format 1.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
}

impl Addresses {
    /// None while the cloud tells no private one.
    pub fn of(machine: &Machine) -> Option<Addresses> {
        Some(Addresses { private: machine.private_address.clone()?, public: machine.public_address.clone() })
    }
}

/// A way back that was gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WentBack {
    /// The generation whose cluster file and sizes became the wish again.
    pub to: u64,
    /// Who did it.
    pub operation: OperationId,
}

impl Record {
    /// Those of the control plane and of all pools.
    pub fn nodes(&self) -> impl Iterator<Item = (&NodeName, &NodeRecord)> {
        self.control_plane.nodes.iter().chain(self.pools.values().flat_map(|pool| &pool.nodes))
    }

    /// The same, to change them.
    pub fn nodes_mut(&mut self) -> impl Iterator<Item = (&NodeName, &mut NodeRecord)> {
        let workers = self.pools.values_mut().flat_map(|pool| pool.nodes.iter_mut());
        self.control_plane.nodes.iter_mut().chain(workers)
    }

    /// The SSH host keys that are known, of all machines.
    pub fn host_keys(&self) -> BTreeMap<NodeName, Vec<String>> {
        let known = self.nodes().filter(|(_, node)| !node.host_keys.is_empty());
        known.map(|(name, node)| (name.clone(), node.host_keys.clone())).collect()
    }

    /// The host that this file says to go through, as far as it is known. A key that the file has is the one that holds.
    pub fn jump_host(&self, ssh: &Ssh) -> Option<JumpHost> {
        let host = ssh.jump.as_ref()?;
        let known = || self.jump.as_ref().filter(|known| known.host == *host).map(|known| known.host_keys.clone());
        let host_keys = ssh.jump_host_key.clone().map(|key| vec![key]).or_else(known).unwrap_or_default();
        Some(JumpHost { host: host.clone(), host_keys })
    }

    /// A cluster that has nothing yet.
    pub fn new(
        cluster_id: &str,
        name: &str,
        provider: Provider,
        place: &Place,
        source: Source,
        by: OperationId,
    ) -> Record {
        Record {
            format: FORMAT,
            generation: 1,
            operation: by,
            fence: 0,
            cluster_id: cluster_id.to_owned(),
            name: name.to_owned(),
            provider,
            account: place.account.clone(),
            region: place.region.clone(),
            kube_system_uid: None,
            source,
            terraform: None,
            stacks: BTreeMap::new(),
            tags: BTreeMap::new(),
            joins: None,
            jump: None,
            control_plane: PoolRecord::default(),
            pools: BTreeMap::new(),
            destroyed: false,
            went_back: None,
            moved_to: None,
        }
    }
}

/// Tag → value, without those that `scaler` adds.
pub type Tags = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    pub cluster_file: String,
    /// `--set` options that were given with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// Path as written in the cluster file → its text. Private keys and the kubeconfig are never here.
    pub files: BTreeMap<String, StoredFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    pub sha256: String,
    pub text: String,
}

/// The Terraform that made this cluster; its states can be read by the same flavour, not older.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TerraformPin {
    pub flavour: Flavour,
    pub least_version: semver::Version,
    /// The text of `.terraform.lock.hcl`, by stack.
    pub locks: BTreeMap<StackId, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavour {
    Terraform,
    Opentofu,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackSerial {
    pub lineage: String,
    pub serial: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolRecord {
    /// The number of the next node. It never goes back, so a name is never used twice.
    pub next_number: u64,
    /// How many machines the pool should have, where the file gives bounds.
    pub size: u32,
    pub nodes: BTreeMap<NodeName, NodeRecord>,
}

/// A machine that Terraform was told to make. Everything here is fixed when it is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeRecord {
    pub zone: String,
    /// The image's id as the cloud knows it.
    pub image: String,
    pub machine: String,
    pub disk: Disk,
    pub capacity: Capacity,
    pub subnet: Option<String>,
    pub public_address: bool,
    pub key_name: Option<String>,
    pub user_data: String,
    /// The operation that made it.
    pub operation: OperationId,
    /// Known once the machine stands.
    pub machine_id: Option<String>,
    /// Its machine was imported into Terraform's state, and not made by it. Since format 1.2.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub adopted: bool,
    /// Known once the machine stands. Since format 1.3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Addresses>,
    /// The machine's SSH host keys, each as `TYPE BASE64`, from the first contact on. Since format 1.3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_keys: Vec<String>,
    /// It joins at its first boot, by this role. Since format 1.4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<JoinRole>,
    /// A Node of its machine was seen in the cluster: one that is missing later was deleted. Since format 1.5.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub joined: bool,
}

/// A host to go through, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JumpHost {
    /// As `ssh.jump` has it. Another one is another host.
    pub host: String,
    /// Its SSH host keys, each as `TYPE BASE64`, from the first contact on.
    pub host_keys: Vec<String>,
}

impl JumpHost {
    /// The host alone, by name or address.
    pub fn name(&self) -> &str {
        host_of(&self.host)
    }
}

/// Where machines find their join files, and the pools whose machines have a role that may read its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinAccess {
    pub bucket: String,
    /// The objects' folder in the bucket, without a slash at its end.
    pub folder: String,
    pub pools: BTreeSet<String>,
}

/// By what a machine may read its join file, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinRole {
    /// The instance profile's name.
    pub profile: String,
    /// The role's id, such as `AROA…`: the first part of the machine's `aws:userid`.
    pub role_id: String,
}

/// A machine's addresses in its network and, if it has one, beyond.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    pub private: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<String>,
}
