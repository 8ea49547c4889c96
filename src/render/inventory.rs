//! Ansible's inventory: the machines by pool and role, and what the playbooks are told of them (playbooks/README.md).
//!
//! It holds no secret: keys are the SSH agent's or files of the operator's, and a token comes to the playbooks by a file
//! of its own.

pub(super) mod yaml;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::model::file::{ClusterFile, Pool};
use crate::model::names::NodeName;
use crate::model::record::{NodeRecord, Record};
use crate::model::registration;

/// What the playbooks are told of one run, beside the machines. Where its files lie, whoever runs them says.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunFacts<'a> {
    /// The API server's address for everybody, `host:port`.
    pub endpoint: &'a str,
    /// Further names of the API server, for its certificate.
    pub certificate_names: &'a [String],
    /// The control plane on which a new cluster is to be made.
    pub init_host: Option<&'a NodeName>,
    /// The control plane of a cluster that stands which hands its certificates to further ones.
    pub certificates_host: Option<&'a NodeName>,
    /// A machine that is contacted only for what others need of it.
    pub bystander: Option<&'a NodeName>,
    /// How long a machine may take until it answers to SSH. None: as long as the playbooks say by themselves.
    pub patience: Option<Duration>,
    /// The machines are only to leave: who does not answer at once is not waited for.
    pub leaving: bool,
}

/// How long one machine's `kubeadm reset` may take in a run that only leaves.
pub const RESET_TIMEOUT: Duration = Duration::from_secs(30);

/// The inventory of all machines of the record whose address is known, as YAML. Every text in it is marked as one that
/// Ansible must not read as a template: what the cluster file says stays what it is.
pub fn inventory(file: &ClusterFile, record: &Record, run: RunFacts) -> Vec<u8> {
    let mut children = Map::new();
    children.insert("control_plane".into(), json!({ "hosts": hosts(file, &record.control_plane.nodes, None) }));
    let mut workers = Map::new();
    for (name, pool) in &record.pools {
        let group = group_of(name);
        children.insert(group.clone(), json!({ "hosts": hosts(file, &pool.nodes, file.pool(name)) }));
        workers.insert(group, json!({}));
    }
    children.insert("workers".into(), json!({ "children": workers }));
    yaml::write(&json!({ "all": { "vars": run_vars(file, run), "children": children } }))
}

/// The inventory's group of a pool. Groups are Python identifiers; a pool's name has no underscore of its own.
fn group_of(pool: &str) -> String {
    format!("pool_{}", pool.replace('-', "_"))
}

fn run_vars(file: &ClusterFile, run: RunFacts) -> Value {
    let mut vars = json!({
        "ansible_user": file.ssh.user,
        "scaler_cluster": file.name,
        "scaler_endpoint": run.endpoint,
        "scaler_kubernetes_version": file.kubernetes.version.to_string(),
        "scaler_pod_cidr": file.kubernetes.pod_network.cidr.to_string(),
        "scaler_packages_mirror": file.kubernetes.packages,
        "scaler_certificate_names": run.certificate_names,
        "scaler_init_host": run.init_host,
        "scaler_certificates_host": run.certificates_host,
        "scaler_bystander": run.bystander,
        "scaler_connect_timeout": run.patience.map(|patience| patience.as_secs()),
    });
    if run.leaving {
        // Ansible's own: a connection that is not there within 10 s (ansible.cfg) is not tried again.
        vars["ansible_ssh_retries"] = json!(0);
        vars["scaler_leave_timeout"] = json!(RESET_TIMEOUT.as_secs());
    }
    vars
}

fn hosts(file: &ClusterFile, nodes: &BTreeMap<NodeName, NodeRecord>, pool: Option<&Pool>) -> Map<String, Value> {
    let known = nodes.iter().filter_map(|(name, node)| {
        let (id, addresses) = (node.machine_id.as_deref()?, node.addresses.as_ref()?);
        // Within the network where there is a host to go through, else from outside if that is possible.
        let public = addresses.public.as_deref().filter(|_| file.ssh.jump.is_none());
        let mut host = json!({
            "ansible_host": public.unwrap_or(&addresses.private),
            "ansible_ssh_common_args": ssh_args(file, name),
            "scaler_node": name,
            "scaler_provider_id": file.provider.provider_id(&node.zone, id),
            "scaler_address": addresses.private,
            "scaler_labels": registration::labels(file, pool, &node.zone, &node.machine),
        });
        if let Some(pool) = pool {
            host["scaler_taints"] = registration::taints(pool);
            host["scaler_kubelet"] = json!(pool.kubelet);
        }
        Some((name.to_string(), host))
    });
    known.collect()
}

/// A machine's host keys go by its node's name, which is never used twice; addresses are.
fn ssh_args(file: &ClusterFile, name: &NodeName) -> String {
    let jump = file.ssh.jump.as_ref().map_or(String::new(), |jump| format!(" -o ProxyJump={jump}"));
    format!("-o HostKeyAlias={name}{jump}")
}

#[cfg(test)]
mod tests;
