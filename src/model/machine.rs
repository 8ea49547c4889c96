//! Machines as the cloud tells of them, beside Terraform's view.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::names::{NodeName, OperationId};

/// The account and region that a login reaches. A record is bound to one pair of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub account: String,
    pub region: String,
}

/// One machine that carries the cluster's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// The cloud's id: `i-…` on AWS.
    pub id: String,
    /// From its tag; a machine without one is an orphan.
    pub node: Option<NodeName>,
    pub pool: Option<String>,
    pub role: Option<Role>,
    pub operation: Option<OperationId>,
    pub state: MachineState,
    /// When it was last started, where the cloud tells.
    pub launched: Option<jiff::Timestamp>,
    pub zone: String,
    pub machine_type: String,
    pub image: String,
    pub private_address: Option<String>,
    pub public_address: Option<String>,
    /// What Kubernetes calls this machine in `spec.providerID`.
    pub provider_id: String,
    pub tags: BTreeMap<String, String>,
}

impl Machine {
    /// The cloud says that it is gone for good.
    pub fn is_dead(&self) -> bool {
        self.state == MachineState::Terminated
    }

    pub fn addresses(&self) -> Vec<&str> {
        [&self.private_address, &self.public_address].into_iter().flatten().map(String::as_str).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    Worker,
    ControlPlane,
}

impl Role {
    /// From the value of the tag `scaler:role`.
    pub fn from_tag(value: &str) -> Option<Role> {
        match value {
            "worker" => Some(Role::Worker),
            "control-plane" => Some(Role::ControlPlane),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MachineState {
    Pending,
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    /// The only state that proves a machine's death.
    Terminated,
}

impl MachineState {
    /// As the clouds' consoles write it.
    pub fn as_str(self) -> &'static str {
        match self {
            MachineState::Pending => "pending",
            MachineState::Running => "running",
            MachineState::Stopping => "stopping",
            MachineState::Stopped => "stopped",
            MachineState::ShuttingDown => "shutting down",
            MachineState::Terminated => "terminated",
        }
    }
}

impl fmt::Display for MachineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the cloud answers when it is asked for one machine by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    Found(MachineState),
    /// The cloud does not know this id. Proof of death only when it is said twice, apart in time.
    Unknown,
}
