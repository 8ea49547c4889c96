//! Nodes, pods and budgets, as far as `scaler` looks at them, and what the API server answers.

mod answers;
mod budget;
mod node;
mod pod;
mod rights;
mod selector;

use serde::{Deserialize, Serialize};

pub use answers::{Eviction, LabelChange, NodeChange, Patched};
pub use budget::Budget;
pub use node::{Change, Node, NodeTaint};
pub use pod::{Owner, Pod, PodPhase, Toleration};
pub use rights::{JOINING, RIGHTS, Right};
pub use selector::{NodeSelectorTerm, Requirement, Selector};

/// The annotation that marks a cordon of ours, `{"operation": …, "wasUnschedulable": …}`.
pub const OPERATION_ANNOTATION: &str = "scaler/operation";

/// The name under which our changes of objects are booked by the API server (`metadata.managedFields`).
pub const FIELD_MANAGER: &str = "scaler";

/// The same for labels and taints, so that a cordon and its end are told from these.
pub const LABEL_MANAGER: &str = "scaler-labels";

/// How many pods a kubelet takes when nobody says otherwise: `maxPods` of its configuration.
/// <https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/>
pub const KUBELET_MAX_PODS: u64 = 110;

/// CPU in millicores, memory in bytes, and a number of pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    pub cpu_millis: u64,
    pub memory_bytes: u64,
    pub pods: u64,
}

impl Resources {
    pub fn plus(self, other: Resources) -> Resources {
        Resources {
            cpu_millis: self.cpu_millis.saturating_add(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_add(other.memory_bytes),
            pods: self.pods.saturating_add(other.pods),
        }
    }

    /// What is left when `other` is taken away; never less than nothing.
    pub fn minus(self, other: Resources) -> Resources {
        Resources {
            cpu_millis: self.cpu_millis.saturating_sub(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_sub(other.memory_bytes),
            pods: self.pods.saturating_sub(other.pods),
        }
    }
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
