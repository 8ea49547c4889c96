//! Progress as values: the terminal draws them, `--progress json` prints them, a caller of the library counts them.

use serde::Serialize;

use crate::model::names::{NodeName, OperationId, StackId};

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Event {
    /// An operation began to change things.
    OperationStarted {
        operation: OperationId,
        command: String,
    },
    /// A step that may take a while began. `step` names it among those that run side by side.
    StepStarted {
        step: String,
        title: String,
    },
    /// News of a step that goes on.
    StepNote {
        step: String,
        note: String,
    },
    StepDone {
        step: String,
        title: String,
    },
    StepFailed {
        step: String,
        title: String,
        why: String,
    },
    /// The node takes no new pods.
    Cordoned {
        node: NodeName,
    },
    Uncordoned {
        node: NodeName,
    },
    /// A pod was asked to leave.
    Evicted {
        node: NodeName,
        pod: String,
    },
    /// A pod may not leave yet.
    Waiting {
        node: NodeName,
        pod: String,
        on: String,
    },
    /// Nothing is left on the node that a drain moves.
    Drained {
        node: NodeName,
    },
    /// Terraform's own machine-readable news about one resource.
    Resource {
        stack: StackId,
        address: String,
        action: String,
        state: String,
    },
    /// The cloud says that the machine is gone.
    MachineGone {
        node: NodeName,
        machine: String,
    },
    NodeDeleted {
        node: NodeName,
    },
    /// Something that a person should know and that changes nothing.
    Warning {
        text: String,
    },
}

pub trait Progress: Send + Sync {
    fn tell(&self, event: Event);
}
