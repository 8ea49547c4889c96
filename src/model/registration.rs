//! With what a new machine's kubelet registers its Node, whichever way it joins.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::file::{ClusterFile, Pool, Taint};

/// Labels that a kubelet may give itself: its pool's own, and where and on what it runs (Kubernetes' reference of
/// well-known labels). `machine`: the cloud's type of it.
pub fn labels(file: &ClusterFile, pool: Option<&Pool>, zone: &str, machine: &str) -> BTreeMap<String, String> {
    let mut labels = pool.map(|pool| pool.labels.clone()).unwrap_or_default();
    labels.insert("topology.kubernetes.io/region".into(), file.region.clone());
    labels.insert("topology.kubernetes.io/zone".into(), zone.to_owned());
    labels.insert("node.kubernetes.io/instance-type".into(), machine.to_owned());
    labels
}

/// As a kubeadm configuration has them.
pub fn taints(pool: &Pool) -> Value {
    let taint = |taint: &Taint| json!({ "key": taint.key, "value": taint.value.as_deref().unwrap_or_default(), "effect": taint.effect });
    pool.taints.iter().map(taint).collect()
}
