use serde::{Deserialize, Serialize};

use super::{Pod, Selector};

/// A PodDisruptionBudget with what its controller made of it.
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
    /// Why the controller cannot work it out (condition `DisruptionAllowed`, reason `SyncFailed`), such as a percentage
    /// over pods that no scalable controller owns.
    pub sync_failure: Option<String>,
}

impl Budget {
    /// `namespace/name`, as people write it.
    pub fn title(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    pub fn covers(&self, pod: &Pod) -> bool {
        self.namespace == pod.namespace && self.selector.matches(&pod.labels)
    }

    /// Its controller has not seen its newest text yet; until then the API server allows nothing.
    pub fn behind(&self) -> bool {
        self.observed_generation < self.generation
    }

    /// How many evictions the API server would grant at this moment.
    pub fn allowance(&self) -> u32 {
        if self.behind() { 0 } else { u32::try_from(self.disruptions_allowed).unwrap_or(0) }
    }
}
