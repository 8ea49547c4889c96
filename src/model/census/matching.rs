//! Which Node is which machine: by provider id first, then by name, then by address.

use std::collections::HashMap;

use crate::model::kubernetes::Node;
use crate::model::names::NodeName;
use crate::model::provider::Provider;

/// All Nodes of a cluster, to be found by what may tie one to a machine.
pub struct Roll<'a> {
    nodes: &'a [Node],
    provider: Provider,
    by_machine: HashMap<&'a str, Vec<&'a Node>>,
    by_name: HashMap<&'a str, &'a Node>,
    by_address: HashMap<&'a str, Vec<&'a Node>>,
}

/// What ties a machine to the cluster.
#[derive(Debug, Clone, PartialEq)]
pub enum Tie<'a> {
    /// No Node has this machine's provider id, name or address.
    None,
    /// This Node is this machine.
    Node(&'a Node),
    /// A Node has something of this machine's, and is not plainly this machine.
    Conflict { node: &'a Node, why: String },
}

impl<'a> Roll<'a> {
    pub fn of(provider: Provider, nodes: &'a [Node]) -> Roll<'a> {
        let mut roll =
            Roll { nodes, provider, by_machine: HashMap::new(), by_name: HashMap::new(), by_address: HashMap::new() };
        for node in nodes {
            roll.by_name.insert(&node.name, node);
            if let Some(id) = node.provider_id.as_deref().and_then(|id| provider.machine_of_provider_id(id)) {
                roll.by_machine.entry(id).or_default().push(node);
            }
            for address in &node.addresses {
                roll.by_address.entry(address).or_default().push(node);
            }
        }
        roll
    }

    pub fn nodes(&self) -> &'a [Node] {
        self.nodes
    }

    /// The tie of the machine `id` (None: no machine is known) that should be the Node `name`.
    pub fn tie(&self, name: &NodeName, id: Option<&str>, addresses: &[&str]) -> Tie<'a> {
        let conflict = |node: &'a Node, why: String| Tie::Conflict { node, why };
        if let Some(id) = id
            && let Some(found) = self.by_machine.get(id)
        {
            return match found.as_slice() {
                [node] if node.name == name.as_str() => Tie::Node(node),
                [node] => conflict(node, format!("the Node of its machine is called `{}`", node.name)),
                [node, other, ..] => {
                    conflict(node, format!("both Node `{}` and Node `{}` claim its machine", node.name, other.name))
                }
                [] => Tie::None,
            };
        }
        if let Some(node) = self.by_name.get(name.as_str()) {
            return match (node.provider_id.as_deref().filter(|text| !text.is_empty()), id) {
                (None, Some(_)) => Tie::Node(node),
                (Some(other), _) => conflict(node, format!("its Node's provider id is another machine's: `{other}`")),
                (None, None) => conflict(node, "there is a Node of its name, and no machine of it is known".to_owned()),
            };
        }
        let same_address =
            addresses.iter().find_map(|address| Some((address, *self.by_address.get(address)?.first()?)));
        match same_address {
            Some((address, node)) => {
                conflict(node, format!("Node `{}` has its machine's address {address}", node.name))
            }
            None => Tie::None,
        }
    }

    /// The machine that a Node says it is, where its provider id is one of this provider's.
    pub fn machine_of(&self, node: &'a Node) -> Option<&'a str> {
        node.provider_id.as_deref().and_then(|id| self.provider.machine_of_provider_id(id))
    }
}
