//! Whether an API server is this cluster's own, as long as the record does not know its UID.

use super::matching::Roll;
use super::recorded;
use crate::model::kubernetes::Node;
use crate::model::machine::Machine;
use crate::model::record::Record;

/// At least one of the Nodes is a machine of this cluster, by what no other cluster's Node has: the machine's provider
/// id, or its name and address together. A name alone proves nothing: clusters of one name stand in several accounts.
pub fn recognises(record: &Record, machines: &[Machine], nodes: &[Node]) -> bool {
    knows(&Roll::of(record.provider, nodes), record, machines)
}

pub(super) fn knows(roll: &Roll, record: &Record, machines: &[Machine]) -> bool {
    let ids = recorded(record).filter_map(|(_, _, node)| node.machine_id.as_deref());
    let by_provider_id = |id: &str| roll.nodes().iter().any(|node| roll.machine_of(node) == Some(id));
    ids.chain(machines.iter().map(|machine| machine.id.as_str())).any(by_provider_id)
        || machines.iter().any(|machine| roll.nodes().iter().any(|node| same_name_and_address(machine, node)))
}

fn same_name_and_address(machine: &Machine, node: &Node) -> bool {
    let unclaimed = node.provider_id.as_deref().is_none_or(str::is_empty);
    let named = machine.node.as_ref().is_some_and(|name| name.as_str() == node.name);
    unclaimed && named && machine.addresses().iter().any(|address| node.addresses.iter().any(|own| own == address))
}

#[cfg(test)]
mod tests {
    use super::super::tests::samples::Books;
    use super::*;

    /// What is said to one Node of a single machine.
    fn known(change: impl FnOnce(&mut Node)) -> bool {
        let mut books = Books::of(1);
        change(&mut books.nodes()[0]);
        recognises(&books.record, &books.machines, books.nodes.as_ref().unwrap())
    }

    #[test]
    fn a_provider_id_is_enough_whatever_the_node_is_called() {
        assert!(known(|_| {}));
        assert!(known(|node| node.name = "else".into()));
        assert!(!known(|node| node.provider_id = Some("aws:///z1/i-9".into())));
    }

    #[test]
    fn without_one_it_takes_name_and_address_together() {
        let bare = |name: &str, addresses: &[&str]| {
            known(|node| {
                node.provider_id = None;
                node.name = name.into();
                node.addresses = addresses.iter().map(|text| (*text).to_owned()).collect();
            })
        };
        assert!(bare("d-w-1", &["d-w-1", "10.0.0.1"]));
        assert!(!bare("d-w-1", &[]), "a cluster of this name stands in another account");
        assert!(!bare("d-w-1", &["10.0.0.9"]));
        assert!(!bare("else", &["10.0.0.1"]), "private addresses are used in many networks");
    }

    #[test]
    fn another_machines_provider_id_outweighs_name_and_address() {
        let claimed = known(|node| {
            node.provider_id = Some("aws:///z1/i-9".into());
            node.addresses = vec!["10.0.0.1".into()];
        });
        assert!(!claimed);
    }
}
