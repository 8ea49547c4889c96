//! What a valid cluster file may still lead to, and its writer may not expect.

use super::types::{ClusterFile, PoolSize};
use crate::model::provider::Provider;

/// The part of the pods' network that each node gets unless told otherwise (kube-controller-manager's
/// `--node-cidr-mask-size`).
const PODS_OF_A_NODE: u8 = 24;

/// A sentence each, for people; nothing depends on them.
pub fn cautions(file: &ClusterFile) -> Vec<String> {
    [pods(file), admins(file), way_in(file)].into_iter().flatten().collect()
}

fn pods(file: &ClusterFile) -> Option<String> {
    let network = file.kubernetes.pod_network.cidr;
    let room = 1u64 << PODS_OF_A_NODE.saturating_sub(network.prefix_len());
    let workers: u64 = file.pools.iter().map(|pool| u64::from(PoolSize::max(pool.size))).sum();
    let nodes = workers + u64::from(file.control_plane.count);
    (nodes > room).then(|| {
        format!(
            "the pods' network {network} has room for {room} nodes with a /{PODS_OF_A_NODE} each, and the pools may grow to \
             {nodes}: unless the pod network is told to use smaller parts, nodes beyond that get no addresses for pods"
        )
    })
}

fn admins(file: &ClusterFile) -> Option<String> {
    let open = file.provider == Provider::Sandbox || !file.network.admin_cidrs.is_empty();
    (!open).then(|| {
        "`network.adminCidrs` is empty: SSH and the Kubernetes API can be reached only from within the network".into()
    })
}

fn way_in(file: &ClusterFile) -> Option<String> {
    let hidden = file.provider != Provider::Sandbox && file.network.private && file.ssh.jump.is_none();
    hidden.then(|| {
        "machines are private and `ssh.jump` names no host to go through: SSH reaches them only from within the network"
            .into()
    })
}
