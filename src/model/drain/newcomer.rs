//! Nodes that an operation makes before it drains others, as they will be.

use std::collections::BTreeMap;

use crate::model::file::{ClusterFile, Pool};
use crate::model::kubernetes::{Node, NodeTaint, Resources};
use crate::model::names::NodeName;

/// Stands for what nobody tells: room for whatever comes. Small enough that sums and products of it stay in range.
const PLENTY: Resources = Resources { cpu_millis: 1 << 40, memory_bytes: 1 << 60, pods: 1 << 20 };

/// Labels that a kubelet sets from its machine's software: as all the nodes have them that are there.
const SHARED: [&str; 2] = ["kubernetes.io/os", "kubernetes.io/arch"];

/// A node that the pool will have, in this zone. `offers`: what its machine type has, where the cloud tells; the guess is
/// then a little too high, for the kubelet keeps some of it. `standing`: the cluster's nodes.
pub fn newcomer(
    file: &ClusterFile,
    pool: &Pool,
    name: &NodeName,
    zone: &str,
    offers: Option<Resources>,
    standing: &[Node],
) -> Node {
    let mut labels = pool.labels.clone();
    let known = [
        ("kubernetes.io/hostname", name.as_str()),
        ("topology.kubernetes.io/zone", zone),
        ("topology.kubernetes.io/region", &file.region),
        ("node.kubernetes.io/instance-type", &pool.machine),
    ];
    labels.extend(known.map(|(key, value)| (key.to_owned(), value.to_owned())));
    labels.extend(SHARED.iter().filter_map(|key| Some(((*key).to_owned(), of_all(standing, key)?.clone()))));
    let taint = |taint: &crate::model::file::Taint| NodeTaint {
        key: taint.key.clone(),
        value: taint.value.clone().unwrap_or_default(),
        effect: taint.effect.clone(),
        added: None,
    };
    Node {
        name: name.to_string(),
        uid: String::new(),
        resource_version: String::new(),
        provider_id: None,
        addresses: Vec::new(),
        unschedulable: false,
        labels,
        annotations: BTreeMap::new(),
        taints: pool.taints.iter().map(taint).collect(),
        ready: true,
        last_heartbeat: None,
        created: None,
        allocatable: offers.unwrap_or(PLENTY),
        changes: Vec::new(),
    }
}

/// The label's value, if all the nodes have the same.
fn of_all<'a>(nodes: &'a [Node], key: &str) -> Option<&'a String> {
    let first = nodes.first()?.labels.get(key)?;
    nodes.iter().all(|node| node.labels.get(key) == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::drain::samples::node;
    use crate::model::file;

    const FILE: &str = "apiVersion: scaler/v1\nkind: Cluster\nname: demo\nprovider: sandbox\nregion: local\n\
        kubernetes: { version: 1.36.3 }\nstore: { backend: local, path: store }\nnetwork: { zones: [z1] }\n\
        sandbox: { register: register }\ncontrolPlane: { count: 1, machine: small, image: { id: base } }\n\
        pools:\n  - name: w\n    machine: small\n    image: { id: base }\n    count: 1\n    labels: { tier: web }\n\
        \x20   taints: [{ key: dedicated, value: web, effect: NoSchedule }]\n";

    fn made(offers: Option<Resources>, standing: &[Node]) -> Node {
        let file = file::parse("cluster.yml", FILE, &[]).expect("a valid file");
        newcomer(&file, &file.pools[0], &NodeName::from_text("d-w-1"), "z1", offers, standing)
    }

    #[test]
    fn it_carries_what_its_pool_and_its_machine_give_it() {
        let offers = Resources { cpu_millis: 2000, memory_bytes: 4 << 30, pods: 17 };
        let new = made(Some(offers), &[]);
        assert!(new.ready && !new.unschedulable);
        assert_eq!(new.allocatable, offers);
        let labels = [
            ("tier", "web"),
            ("kubernetes.io/hostname", "d-w-1"),
            ("topology.kubernetes.io/zone", "z1"),
            ("topology.kubernetes.io/region", "local"),
            ("node.kubernetes.io/instance-type", "small"),
        ];
        assert_eq!(new.labels, labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
        let taint =
            NodeTaint { key: "dedicated".into(), value: "web".into(), effect: "NoSchedule".into(), added: None };
        assert_eq!(new.taints, [taint]);
    }

    #[test]
    fn of_what_nobody_tells_it_has_enough_and_what_all_nodes_share_it_has_too() {
        let with = |name: &str, arch: &str| {
            let mut node = node(name);
            node.labels.insert("kubernetes.io/arch".into(), arch.into());
            node.labels.insert("kubernetes.io/os".into(), "linux".into());
            node
        };
        let new = made(None, &[with("a", "amd64"), with("b", "arm64")]);
        assert_eq!(new.allocatable, PLENTY);
        assert_eq!(new.labels.get("kubernetes.io/os").map(String::as_str), Some("linux"));
        assert_eq!(new.labels.get("kubernetes.io/arch"), None);
    }
}
