//! The cluster file as values, after it was found valid and its defaults were filled in.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::model::names::NodeName;
use crate::model::provider::Provider;

/// A valid cluster file. Paths are as written: relative ones count from the folder of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterFile {
    pub name: String,
    pub provider: Provider,
    pub region: String,
    pub kubernetes: KubernetesSpec,
    pub access: Access,
    pub store: StoreSpec,
    pub ssh: Ssh,
    pub network: Network,
    /// The cluster's own tags, without those that `scaler` adds.
    pub tags: BTreeMap<String, String>,
    pub control_plane: ControlPlane,
    /// In the order of the file.
    pub pools: Vec<Pool>,
    pub drain: DrainSpec,
    pub images: BTreeMap<String, ImageSpec>,
    pub aws: AwsSpec,
    pub azure: AzureSpec,
    pub sandbox: SandboxSpec,
    pub tools: Tools,
}

impl ClusterFile {
    pub fn pool(&self, name: &str) -> Option<&Pool> {
        self.pools.iter().find(|pool| pool.name == name)
    }

    /// Who uses this one of `images`: the pool's name, or [`CONTROL_PLANE`](crate::model::plan::CONTROL_PLANE), and its machine type.
    pub fn users_of_image(&self, name: &str) -> Vec<(&str, &str)> {
        let plane = (crate::model::plan::CONTROL_PLANE, &self.control_plane.image, self.control_plane.machine.as_str());
        let pools = self.pools.iter().map(|pool| (pool.name.as_str(), &pool.image, pool.machine.as_str()));
        let all = std::iter::once(plane).chain(pools);
        let named = all.filter(|(_, image, _)| matches!(image, Image::Build(build) if build == name));
        named.map(|(user, _, machine)| (user, machine)).collect()
    }

    /// The pool that a node's name tells of.
    pub fn pool_of(&self, node: &NodeName) -> Option<&Pool> {
        let number = node.number()?;
        self.pools.iter().find(|pool| NodeName::new(&self.name, &pool.name, number) == *node)
    }

    /// The pools whose new machines join by themselves at their first boot.
    pub fn boot_pools(&self) -> impl Iterator<Item = &str> {
        self.pools.iter().filter(|pool| pool.provisioning == Provisioning::Boot).map(|pool| pool.name.as_str())
    }

    /// Whether new machines are let into the cluster, by the playbooks or at their first boot.
    pub fn lets_machines_join(&self) -> bool {
        self.pools.iter().any(|pool| pool.provisioning != Provisioning::None)
    }

    /// Whether new machines of this pool are made nodes by the playbooks.
    pub fn joins_by_ssh(&self, pool: &str) -> bool {
        self.pool(pool).is_some_and(|pool| pool.provisioning == Provisioning::Ssh)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesSpec {
    pub version: semver::Version,
    pub pod_network: PodNetwork,
    /// A mirror of the community's package repository.
    pub packages: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodNetwork {
    pub cidr: Ipv4Net,
    /// A manifest that makes the pod network.
    pub manifest: Option<String>,
}

/// How the cluster's API is reached. Without a kubeconfig, as kubectl would by itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    pub kubeconfig: Option<String>,
    pub context: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "backend", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum StoreSpec {
    S3 { bucket: String, prefix: String, region: Option<String>, endpoint: Option<String>, path_style: bool },
    Azblob { account: String, container: String, prefix: String, endpoint: Option<String> },
    Local { path: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ssh {
    pub user: String,
    pub private_key_file: Option<String>,
    pub public_key_file: Option<String>,
    /// `[user@]host[:port]`.
    pub jump: Option<String>,
    /// `TYPE BASE64`. None: the key of the first contact holds.
    pub jump_host_key: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    pub cidr: Ipv4Net,
    pub zones: Vec<String>,
    /// Machines have no public address and leave through NAT.
    pub private: bool,
    pub admin_cidrs: Vec<Ipv4Net>,
    pub allow: Vec<Allow>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Allow {
    pub port: u16,
    pub protocol: Protocol,
    pub from: Ipv4Net,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Tcp,
    Udp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlane {
    /// Odd: etcd needs a majority.
    pub count: u32,
    pub machine: String,
    pub disk: Disk,
    pub image: Image,
    pub endpoint: Endpoint,
    pub provisioning: Provisioning,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// A name that the operator keeps pointed at the control plane. Without one there is a load balancer.
    pub dns: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    pub name: String,
    pub machine: String,
    pub size: PoolSize,
    pub disk: Disk,
    pub image: Image,
    pub capacity: Capacity,
    pub provisioning: Provisioning,
    pub labels: BTreeMap<String, String>,
    pub taints: Vec<Taint>,
    /// Fields of the KubeletConfiguration, passed on as they are.
    pub kubelet: serde_json::Map<String, serde_json::Value>,
}

/// What makes a machine that was just made a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provisioning {
    /// Ansible, over SSH.
    Ssh,
    /// The machine itself at its first boot, with what it finds in the store (pools only).
    Boot,
    /// Nothing of ours: its image does so by itself.
    None,
}

/// Who decides about the size of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PoolSize {
    /// `count`: the file alone.
    Fixed(u32),
    /// `min` and `max`: the record, between the two.
    Bounds { min: u32, max: u32 },
}

impl PoolSize {
    pub fn min(self) -> u32 {
        match self {
            PoolSize::Fixed(count) => count,
            PoolSize::Bounds { min, .. } => min,
        }
    }

    pub fn max(self) -> u32 {
        match self {
            PoolSize::Fixed(count) => count,
            PoolSize::Bounds { max, .. } => max,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Disk {
    pub size_gib: u32,
    #[serde(rename = "type")]
    pub kind: String,
}

/// Where a machine's image comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Image {
    /// The cloud's own id.
    Id(String),
    /// The newest image of a known publisher, such as `ubuntu-22.04`.
    Family(String),
    /// One of the file's `images`, built by Packer.
    Build(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capacity {
    OnDemand,
    Spot,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Taint {
    pub key: String,
    pub value: Option<String>,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

impl fmt::Display for Taint {
    /// As kubectl takes it: `dedicated=web:NoSchedule`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}:{}", self.key, self.effect),
            None => write!(f, "{}:{}", self.key, self.effect),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DrainSpec {
    /// How long one node's drain may take, from its first eviction.
    pub timeout: Duration,
    /// How long all drains of one operation may take.
    pub total_timeout: Duration,
    /// How many nodes drain at once.
    pub parallel: u32,
    pub jobs: JobsRule,
    pub delete_empty_dir_data: bool,
    /// Evict pods that no controller will make again.
    pub evict_unmanaged: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobsRule {
    Wait,
    Evict,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageSpec {
    /// A family, or the cloud's own id of an image.
    pub base: String,
    /// The machine type that it is built on. Without one, that of whoever uses it first.
    pub machine: Option<String>,
    /// The subnet that it is built in. Without one, one of the region's default network.
    pub subnet: Option<String>,
    /// What is done to the base.
    pub provisioning: Provisioning,
}

impl ImageSpec {
    /// What it begins with, as an image that the cloud can be asked for.
    pub fn base_image(&self, provider: Provider) -> Image {
        match provider.image_families().contains(&self.base.as_str()) {
            true => Image::Family(self.base.clone()),
            false => Image::Id(self.base.clone()),
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AwsSpec {
    pub profile: Option<String>,
    /// Service (`ec2`, `elbv2`, `iam`, `sts`, `s3`) to URL, for an emulator or a private endpoint.
    pub endpoints: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AzureSpec {
    /// The subscription's id. Without one, the login's own.
    pub subscription: Option<String>,
    /// The resource group that everything of the cluster is made in. Without one, a group with the cluster's name.
    pub resource_group: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxSpec {
    /// The folder where the sandbox's machines are written down; a relative one counts from the cluster file's folder.
    pub register: String,
}

/// Programs by path, where they are not to be looked up on the PATH.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tools {
    pub terraform: Option<String>,
    pub kubectl: Option<String>,
    pub ansible_playbook: Option<String>,
    pub packer: Option<String>,
}
