//! What a machine is told at its first boot, as cloud-init's cloud-config. It holds no secret: anyone on the machine
//! can read it.

use serde_json::{Value, json};

use crate::model::file::{ClusterFile, Pool};
use crate::model::names::NodeName;

/// The name that stands for the API's endpoint until Terraform knows the load balancer's: the foundation module puts
/// that in its place. `.invalid` never resolves (RFC 2606).
pub const ENDPOINT_PLACEHOLDER: &str = "endpoint.scaler.invalid";

/// A worker learns its name, and what kubelet must be started with.
pub fn worker_user_data(file: &ClusterFile, cluster_id: &str, pool: &Pool, node: &NodeName, zone: &str) -> String {
    let facts = json!({
        "cluster": file.name,
        "clusterId": cluster_id,
        "node": node,
        "pool": pool.name,
        "zone": zone,
        "region": file.region,
        "machine": pool.machine,
        "labels": pool.labels,
        "taints": pool.taints,
        "kubelet": pool.kubelet,
    });
    cloud_config(node, &facts, Vec::new())
}

/// A control plane also resolves the API's endpoint to itself: behind a network load balancer a target cannot rely on
/// reaching itself (kubernetes/kubeadm #1685), and during `kubeadm init` no target is healthy yet.
pub fn control_plane_user_data(file: &ClusterFile, cluster_id: &str, node: &NodeName, zone: &str) -> String {
    let endpoint = file.control_plane.endpoint.dns.as_deref().unwrap_or(ENDPOINT_PLACEHOLDER);
    let facts = json!({
        "cluster": file.name,
        "clusterId": cluster_id,
        "node": node,
        "zone": zone,
        "region": file.region,
        "machine": file.control_plane.machine,
        "endpoint": endpoint,
    });
    // At every boot, before the network's own name services: cloud-init may write the file anew.
    let resolve = json!([
        "sh",
        "-c",
        "grep -qF \" $1 \" /etc/hosts || printf '127.0.0.1 %s # scaler: a control plane is its own endpoint\\n' \"$1\" >>/etc/hosts",
        "sh",
        endpoint,
    ]);
    cloud_config(node, &facts, vec![resolve])
}

/// JSON is YAML, so a serializer writes it and no text of the cluster file can become syntax.
fn cloud_config(node: &NodeName, facts: &Value, boot: Vec<Value>) -> String {
    let mut config = json!({
        "preserve_hostname": false,
        "hostname": node,
        "write_files": [{
            "path": "/etc/scaler/node.json",
            "permissions": "0644",
            "content": format!("{facts:#}\n"),
        }],
    });
    if !boot.is_empty() {
        config["bootcmd"] = Value::Array(boot);
    }
    format!("#cloud-config\n{config:#}\n")
}
