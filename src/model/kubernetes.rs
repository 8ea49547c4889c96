//! Nodes, pods and budgets, as far as `scaler` looks at them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The annotation that marks a cordon of ours, `{"operation": …, "wasUnschedulable": …}`.
pub const OPERATION_ANNOTATION: &str = "scaler/operation";

/// How many pods a kubelet takes when nobody says otherwise: `maxPods` of its configuration.
/// <https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/>
pub const KUBELET_MAX_PODS: u64 = 110;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    pub name: String,
    pub uid: String,
    pub resource_version: String,
    pub provider_id: Option<String>,
    pub addresses: Vec<String>,
    pub unschedulable: bool,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub taints: Vec<NodeTaint>,
    pub ready: bool,
    /// When the kubelet last said that it lives: the later of its status' heartbeat and its Lease.
    pub last_heartbeat: Option<jiff::Timestamp>,
    pub created: Option<jiff::Timestamp>,
    pub allocatable: Resources,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeTaint {
    pub key: String,
    pub value: String,
    pub effect: String,
}

/// CPU in millicores, memory in bytes, and a number of pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    pub cpu_millis: u64,
    pub memory_bytes: u64,
    pub pods: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pod {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub node: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub phase: PodPhase,
    pub ready: bool,
    /// When its deletion began, if it did.
    pub deleted: Option<jiff::Timestamp>,
    pub owner: Option<Owner>,
    /// A static pod: the kubelet's own, mirrored by the API.
    pub mirror: bool,
    /// It has an emptyDir volume, on disk or in memory.
    pub empty_dir: bool,
    pub requests: Resources,
    pub node_selector: BTreeMap<String, String>,
    /// Required node affinity; one term must hold. Empty: none is required.
    pub required_affinity: Vec<NodeSelectorTerm>,
    pub tolerations: Vec<Toleration>,
    /// Names of the PersistentVolumeClaims that it mounts.
    pub claims: Vec<String>,
    pub grace_seconds: u64,
}

impl Pod {
    /// `namespace/name`, as people write it.
    pub fn title(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    pub fn finished(&self) -> bool {
        matches!(self.phase, PodPhase::Succeeded | PodPhase::Failed)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PodPhase {
    Pending,
    Running,
    Succeeded,
    Failed,
    Unknown,
}

/// The controller of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub kind: String,
    pub name: String,
    pub uid: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSelectorTerm {
    pub expressions: Vec<Requirement>,
}

/// One requirement of a label selector or of a node affinity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`.
    pub operator: String,
    pub values: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toleration {
    pub key: Option<String>,
    /// `Exists` or `Equal`.
    pub operator: String,
    pub value: String,
    /// None tolerates every effect.
    pub effect: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub selector: Selector,
    /// As written: `1` or `50%`.
    pub min_available: Option<String>,
    pub max_unavailable: Option<String>,
    /// `unhealthyPodEvictionPolicy: AlwaysAllow`.
    pub evicts_unhealthy: bool,
    pub generation: i64,
    pub observed_generation: i64,
    pub disruptions_allowed: i32,
    pub current_healthy: i32,
    pub desired_healthy: i32,
    pub expected_pods: i32,
}

impl Budget {
    pub fn title(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// Which pods a budget covers. `None` is the missing selector, which matches nothing; an empty one matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selector {
    pub present: bool,
    pub match_labels: BTreeMap<String, String>,
    pub expressions: Vec<Requirement>,
}

/// A volume that is attached to a node. Inline volumes have no persistent volume's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub name: String,
    pub node: String,
    pub volume: Option<String>,
}

/// A list that is whole, read at one resourceVersion.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing<T> {
    pub items: Vec<T>,
    pub resource_version: String,
}

/// What the API server says to an eviction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Eviction {
    /// Accepted: the pod is being deleted.
    Accepted,
    /// There is no such pod any more.
    Gone,
    /// Another pod has this name now; ours is gone (a wrong UID precondition, 409).
    Replaced,
    /// A budget does not allow it now (429); the causes as the server gives them.
    Budget(Vec<String>),
    /// The server asks to come back later, and it is no budget's doing (429 without a cause, or a conflict).
    Later(String),
    /// More than one budget covers the pod (500): it can never be evicted so.
    SeveralBudgets(String),
    /// Its namespace is terminating (403): it goes by itself.
    NamespaceTerminating,
}

/// What became of a change that was bound to a resourceVersion.
#[derive(Debug, Clone, PartialEq)]
pub enum Patched {
    Done(Box<Node>),
    /// Somebody changed it since it was read (409), or the Node has another UID.
    Conflict,
    Gone,
}
