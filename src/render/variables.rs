//! The values of a stack's variables. They go into `terraform.tfvars.json`, where text is literal.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::file::{Capacity, ClusterFile};
use crate::model::names::NodeName;
use crate::model::provider::Provider;
use crate::model::record::{JoinAccess, NodeRecord};

use super::stack::Deployment;

/// The variables of the foundation stack (terraform/README.md).
pub fn foundation(
    deployment: &Deployment,
    nodes: &BTreeMap<NodeName, NodeRecord>,
    joins: Option<&JoinAccess>,
) -> Value {
    let file = deployment.file;
    let mut values = common(deployment);
    values.insert("network".into(), network(file));
    values.insert("ssh_public_key".into(), json!(deployment.ssh_public_key));
    values.insert(
        "control_plane".into(),
        json!({
            "nodes": machines(file.provider, nodes, true),
            "endpoint": {
                "dns": file.control_plane.endpoint.dns,
                // A name of the operator's own takes the load balancer's place.
                "load_balancer": file.control_plane.endpoint.dns.is_none(),
            },
        }),
    );
    values.insert("kubernetes".into(), json!({ "pod_cidr": file.kubernetes.pod_network.cidr }));
    if let Some(JoinAccess { bucket, folder, pools }) = joins {
        values.insert("join".into(), json!({ "bucket": bucket, "folder": folder, "pools": pools }));
    }
    Value::Object(values)
}

/// The variables of a pool's stack. `foundation` is the foundation's output of that name.
pub fn pool(deployment: &Deployment, pool: &str, nodes: &BTreeMap<NodeName, NodeRecord>, foundation: &Value) -> Value {
    let mut values = common(deployment);
    values.insert("pool".into(), json!(pool));
    values.insert("foundation".into(), foundation.clone());
    values.insert("nodes".into(), machines(deployment.file.provider, nodes, false));
    Value::Object(values)
}

fn common(deployment: &Deployment) -> Map<String, Value> {
    let file = deployment.file;
    let mut values = Map::new();
    values.insert("cluster".into(), json!({ "name": file.name, "id": deployment.cluster_id, "region": file.region }));
    values.insert("tags".into(), json!(deployment.tags));
    if file.provider == Provider::Sandbox {
        values.insert("register".into(), json!(deployment.register));
    }
    values
}

fn network(file: &ClusterFile) -> Value {
    let allow: Vec<Value> = file
        .network
        .allow
        .iter()
        .map(|rule| json!({ "port": rule.port, "protocol": rule.protocol, "from": rule.from }))
        .collect();
    json!({
        "cidr": file.network.cidr,
        "zones": file.network.zones,
        "private": file.network.private,
        "admin_cidrs": file.network.admin_cidrs,
        "allow": allow,
    })
}

fn machines(provider: Provider, nodes: &BTreeMap<NodeName, NodeRecord>, control_plane: bool) -> Value {
    let machines = nodes.iter().map(|(name, node)| (name.to_string(), machine(provider, node, control_plane)));
    Value::Object(machines.collect())
}

fn machine(provider: Provider, node: &NodeRecord, control_plane: bool) -> Value {
    let mut value = json!({
        "zone": node.zone,
        "image": node.image,
        "machine": node.machine,
        "disk": { "size_gib": node.disk.size_gib, "type": node.disk.kind },
        "subnet": node.subnet,
        "public_address": node.public_address,
        "key_name": node.key_name,
        "user_data": node.user_data,
        "operation": node.operation,
    });
    // AWS's control planes are always on demand, and its module has no such field for them.
    if !(control_plane && provider == Provider::Aws) {
        value["capacity"] = json!(match node.capacity {
            Capacity::OnDemand => "on-demand",
            Capacity::Spot => "spot",
        });
    }
    if let Some(join) = &node.join {
        value["instance_profile"] = json!(join.profile);
    }
    if node.adopted && provider == Provider::Sandbox {
        value["adopted"] = json!(true);
    }
    value
}
