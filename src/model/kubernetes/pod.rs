use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{NodeSelectorTerm, NodeTaint, Resources};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pod {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub node: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub phase: PodPhase,
    pub ready: bool,
    /// When its deletion is due to be over, if it began: the API server sets `deletionTimestamp` to the time of the
    /// request plus the grace period.
    pub deleted: Option<jiff::Timestamp>,
    pub owner: Option<Owner>,
    /// A static pod: the kubelet's own, mirrored by the API.
    pub mirror: bool,
    /// It has an emptyDir volume, on disk or in memory.
    pub empty_dir: bool,
    /// What the scheduler counts for it, one pod included.
    pub requests: Resources,
    pub node_selector: BTreeMap<String, String>,
    /// Required node affinity; one term must hold. None: nothing is required.
    pub required_affinity: Option<Vec<NodeSelectorTerm>>,
    pub tolerations: Vec<Toleration>,
    /// Names of the PersistentVolumeClaims that it mounts, those of its ephemeral volumes too.
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

    pub fn owned_by(&self, kind: &str) -> bool {
        self.owner.as_ref().is_some_and(|owner| owner.kind == kind)
    }

    /// The controller as people write it, `Job/backup`.
    pub fn owner_title(&self) -> Option<String> {
        self.owner.as_ref().map(|owner| format!("{}/{}", owner.kind, owner.name))
    }

    pub fn tolerates(&self, taint: &NodeTaint) -> bool {
        self.tolerations.iter().any(|toleration| toleration.covers(taint))
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
pub struct Toleration {
    /// None, with `Exists`, stands for every key.
    pub key: Option<String>,
    /// `Exists` or `Equal`.
    pub operator: String,
    pub value: String,
    /// None tolerates every effect.
    pub effect: Option<String>,
}

impl Toleration {
    fn covers(&self, taint: &NodeTaint) -> bool {
        let effect = self.effect.as_ref().is_none_or(|effect| *effect == taint.effect);
        let key = match &self.key {
            Some(key) => *key == taint.key,
            None => self.operator == "Exists",
        };
        let value = match self.operator.as_str() {
            "Exists" => true,
            "Equal" => self.value == taint.value,
            _ => false,
        };
        effect && key && value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerations_cover_as_the_scheduler_has_it() {
        let taint = NodeTaint {
            key: "dedicated".to_owned(),
            value: "web".to_owned(),
            effect: "NoSchedule".to_owned(),
            added: None,
        };
        let table = [
            (None, "Exists", "", None, true),
            (None, "Equal", "", None, false),
            (Some("dedicated"), "Exists", "", None, true),
            (Some("dedicated"), "Equal", "web", None, true),
            (Some("dedicated"), "Equal", "db", None, false),
            (Some("dedicated"), "Equal", "web", Some("NoSchedule"), true),
            (Some("dedicated"), "Equal", "web", Some("NoExecute"), false),
            (Some("other"), "Exists", "", None, false),
            (Some("dedicated"), "Like", "web", None, false),
        ];
        for (key, operator, value, effect, covers) in table {
            let toleration = Toleration {
                key: key.map(str::to_owned),
                operator: operator.to_owned(),
                value: value.to_owned(),
                effect: effect.map(str::to_owned),
            };
            assert_eq!(toleration.covers(&taint), covers, "{toleration:?}");
        }
    }
}
