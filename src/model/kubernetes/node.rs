use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Resources;

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
    /// When the kubelet last said that it lives: the later of its status' heartbeat and its Lease. A Node that is read
    /// alone, not in a list of all, tells of the first only, which kubelets renew every five minutes.
    pub last_heartbeat: Option<jiff::Timestamp>,
    pub created: Option<jiff::Timestamp>,
    pub allocatable: Resources,
    /// Who changed the object itself (not its status) and when last, newest first. The API server books additions and
    /// changes of fields; who only took a field away may be missing.
    pub changes: Vec<Change>,
}

impl Node {
    /// It carries a control plane, as kubeadm labels it. kubeadm 1.24 dropped the older `master` label.
    pub fn control_plane(&self) -> bool {
        ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"]
            .iter()
            .any(|label| self.labels.contains_key(*label))
    }

    /// Whether it is the machine of this name, as that calls itself.
    pub fn is_host(&self, host: &str) -> bool {
        self.name == host || self.labels.get("kubernetes.io/hostname").is_some_and(|own| own == host)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeTaint {
    pub key: String,
    pub value: String,
    pub effect: String,
    /// When it was added; only of taints that end pods, whose tolerations count from then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<jiff::Timestamp>,
}

/// One entry of `metadata.managedFields`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What the client called itself: `kubectl`, `kube-controller-manager`, …
    pub manager: String,
    pub at: Option<jiff::Timestamp>,
}
