//! What does not fit together, each with what it means and what to do next.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::machine::MachineState;
use crate::model::names::{NodeName, OperationId, StackId};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Finding {
    /// The record knows machines, and the cloud lists none at all.
    EmptyInventory {
        known: usize,
    },
    /// The cloud proves that the machine is gone.
    Vanished {
        node: NodeName,
        machine_id: String,
    },
    /// The cloud does not list the machine, which proves nothing.
    Missing {
        node: NodeName,
        machine_id: String,
    },
    Stopped {
        node: NodeName,
        machine_id: String,
    },
    /// Its machine is on the way from one state to another.
    Unsettled {
        node: NodeName,
        machine_id: String,
        state: MachineState,
    },
    /// The record has the node, and no machine was ever made for it.
    NotMade {
        node: NodeName,
    },
    /// No Node has this machine's provider id, name or address.
    NeverJoined {
        node: NodeName,
        machine_id: String,
    },
    /// The same, of a machine that had a Node once.
    NodeMissing {
        node: NodeName,
        machine_id: String,
    },
    NotReady {
        node: NodeName,
        machine_id: String,
        last_heartbeat: Option<jiff::Timestamp>,
    },
    /// The record and the cloud have the machine, and Terraform's state has not.
    NotInState {
        node: NodeName,
        machine_id: String,
        stack: StackId,
    },
    /// Terraform's state has the machine, and the record has not.
    NotRecorded {
        node: NodeName,
        machine_id: String,
        stack: StackId,
    },
    /// Record and state name different machines for one node.
    TwoMachines {
        node: NodeName,
        recorded: String,
        in_state: String,
    },
    /// The machine's tag names another node than the record does.
    Mislabelled {
        node: NodeName,
        machine_id: String,
        tag: Option<NodeName>,
    },
    /// A machine with the cluster's id that neither the record nor any state has.
    Orphan {
        machine_id: String,
        node: Option<NodeName>,
        state: MachineState,
        operation: Option<OperationId>,
        /// The machine that is rightly this node's, where there is one.
        twin_of: Option<String>,
    },
    /// A Node has something of this node's machine, and is not plainly that machine.
    Mismatch {
        node: NodeName,
        kubernetes_node: String,
        why: String,
    },
    /// A Node that belongs to no machine of this cluster.
    Stray {
        kubernetes_node: String,
        provider_id: Option<String>,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::EmptyInventory { known } => write!(
                f,
                "the cloud lists no machine of this cluster, and the record knows {known}; nothing is taken for gone. \
                 Check the login's rights and the tag `scaler:cluster-id` of the machines; if they are all gone, \
                 `scaler destroy` cleans up"
            ),
            Finding::Vanished { node, machine_id } => write!(
                f,
                "{node}: its machine {machine_id} is gone from the cloud; `scaler apply` retires it and makes another"
            ),
            Finding::Missing { node, machine_id } => write!(
                f,
                "{node}: the cloud does not list its machine {machine_id}, which proves nothing yet; `scaler apply` \
                 asks for it by its id, twice, before it believes so"
            ),
            Finding::Stopped { node, machine_id } => write!(
                f,
                "{node}: its machine {machine_id} is stopped, which is not gone; start it again, or terminate it and \
                 run `scaler apply`"
            ),
            Finding::Unsettled { node, machine_id, state } => {
                write!(f, "{node}: its machine {machine_id} is {state}; look again in a minute")
            }
            Finding::NotMade { node } => {
                write!(f, "{node}: no machine was made for it; `scaler apply` makes it, or takes it out of the record")
            }
            Finding::NeverJoined { node, machine_id } => write!(
                f,
                "{node}: its machine {machine_id} is no node of the cluster; if it is not just starting, look at its \
                 first boot, or remove it: `scaler scale-down --node {node}`"
            ),
            Finding::NodeMissing { node, machine_id } => write!(
                f,
                "{node}: its machine {machine_id} was a node of the cluster and is none any more: its Node was \
                 deleted, and what runs there is not seen. Its kubelet makes another when it is restarted; if nothing \
                 there is needed: `scaler scale-down --node {node} --accept-lost {node}`"
            ),
            Finding::NotReady { node, machine_id, last_heartbeat } => {
                write!(f, "{node}: it is not Ready, and its machine {machine_id} is still there; ")?;
                match last_heartbeat {
                    Some(time) => write!(f, "its kubelet was last heard at {time}; ")?,
                    None => write!(f, "its kubelet was never heard; ")?,
                }
                write!(f, "repair it, terminate the machine, or give it up: `--node {node} --accept-lost {node}`")
            }
            Finding::NotInState { node, machine_id, stack } => write!(
                f,
                "{node}: Terraform's state of {stack} does not have its machine {machine_id}, so Terraform would make \
                 a second one; `scaler` refuses to. Import it: `terraform import`, or bring the state's last version back"
            ),
            Finding::NotRecorded { node, machine_id, stack } => write!(
                f,
                "{node}: Terraform's state of {stack} has its machine {machine_id}, and the record does not; an \
                 operation was cut off, `scaler status` names it"
            ),
            Finding::TwoMachines { node, recorded, in_state } => write!(
                f,
                "{node}: the record says that its machine is {recorded}, Terraform's state says {in_state}; nothing is \
                 done to it. Find out which one is right before anything else"
            ),
            Finding::Mislabelled { node, machine_id, tag } => {
                let tag = tag.as_ref().map_or("is missing".to_owned(), |tag| format!("says `{tag}`"));
                write!(
                    f,
                    "{node}: the tag `scaler:node` of its machine {machine_id} {tag}; put the node's name back into it"
                )
            }
            Finding::Orphan { machine_id, node, state, operation, twin_of } => {
                write!(f, "machine {machine_id} ({state}) carries this cluster's id")?;
                if let Some(node) = node {
                    write!(f, " and the name {node}")?;
                }
                if let Some(operation) = operation {
                    write!(f, ", was made by operation {operation}")?;
                }
                write!(f, ", and neither the record nor Terraform knows it")?;
                match twin_of {
                    Some(rightful) => write!(f, "; {rightful} is the one that is used. Terminate it by hand"),
                    None => write!(f, ". It costs money and does nothing: terminate it by hand"),
                }
            }
            Finding::Mismatch { node, kubernetes_node, why } => {
                write!(f, "{node}: {why}; nothing is done to it. Look at `kubectl get node {kubernetes_node} -o yaml`")
            }
            Finding::Stray { kubernetes_node, provider_id } => {
                write!(f, "Node `{kubernetes_node}`")?;
                if let Some(id) = provider_id {
                    write!(f, " ({id})")?;
                }
                write!(
                    f,
                    " belongs to no machine of this cluster; if its machine is gone: `kubectl delete node {kubernetes_node}`"
                )
            }
        }
    }
}
