//! Nodes whose kubelet is kwok.

use serde_json::{Value, json};

use super::client::Client;
use super::unique;
use crate::error::{LabError, Result};

/// The label of the nodes that kwok is the kubelet of.
pub(super) const KUBELET: (&str, &str) = ("lab.scaler/kubelet", "kwok");
/// On the pods of a machine that is gone, see `kubernetes/stages/pod-silent.yaml`.
const SILENT: &str = "lab.scaler/silent";

/// What a machine's kubelet registers.
#[derive(Clone, Debug)]
pub struct NodeSpec {
    pub name: String,
    pub provider_id: String,
    pub labels: Vec<(String, String)>,
    pub control_plane: bool,
    /// Its internal address; empty where it has none.
    pub address: String,
    pub cpu: String,
    pub memory: String,
    pub pods: u32,
}

impl NodeSpec {
    /// A worker of 4 CPUs, 16 GiB and 110 pods without a machine.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            provider_id: String::new(),
            labels: vec![],
            control_plane: false,
            address: String::new(),
            cpu: "4".to_owned(),
            memory: "16Gi".to_owned(),
            pods: 110,
        }
    }

    fn object(&self) -> Value {
        let mut labels = json!({"kubernetes.io/hostname": self.name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", KUBELET.0: KUBELET.1});
        for (name, value) in &self.labels {
            labels[name] = json!(value);
        }
        let mut spec = json!({});
        if !self.provider_id.is_empty() {
            spec["providerID"] = json!(self.provider_id);
        }
        if self.control_plane {
            let role = "node-role.kubernetes.io/control-plane";
            labels[role] = json!("");
            spec["taints"] = json!([{"key": role, "effect": "NoSchedule"}]);
        }
        let mut addresses = vec![json!({"type": "Hostname", "address": self.name})];
        if !self.address.is_empty() {
            addresses.push(json!({"type": "InternalIP", "address": self.address}));
        }
        let resources = json!({"cpu": self.cpu, "memory": self.memory, "pods": self.pods.to_string()});
        json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.name, "labels": labels},
            "spec": spec,
            "status": {"capacity": resources, "allocatable": resources, "addresses": addresses},
        })
    }
}

impl Client {
    /// Makes a node that no other test uses, waits until it is Ready, and gives its name.
    #[track_caller]
    pub fn node(&self, prefix: &str) -> String {
        let spec = NodeSpec::new(unique(prefix));
        self.join(&spec).unwrap_or_else(|error| panic!("{error}"));
        self.wait_ready(&spec.name);
        spec.name
    }

    /// Waits until a node is Ready and pods may be bound to it.
    #[track_caller]
    pub fn wait_ready(&self, node: &str) {
        let path = format!("/api/v1/nodes/{node}");
        self.wait(&format!("node {node} to be Ready"), |api| {
            let node = api.find(&path)?;
            let conditions = node["status"]["conditions"].as_array()?;
            let ready = conditions.iter().any(|it| it["type"] == "Ready" && it["status"] == "True");
            let taints = node["spec"]["taints"].as_array().into_iter().flatten();
            let tainted = taints.into_iter().any(|taint| taint["key"] == "node.kubernetes.io/not-ready");
            (ready && !tainted).then_some(())
        });
    }

    /// Registers a node, as a kubelet does when it starts.
    ///
    /// # Errors
    /// When the API server refuses, for example because the name is taken.
    pub fn join(&self, spec: &NodeSpec) -> Result<()> {
        let answer = self.request("POST", "/api/v1/nodes", Some(&spec.object()))?;
        if answer.is_success() {
            return Ok(());
        }
        Err(LabError::new(format!("registering node {}: {}: {}", spec.name, answer.status, answer.json()["message"])))
    }

    /// The machine is gone: the node's Lease and status stop, its pods report
    /// nothing and do not finish terminating. The Node object stays.
    ///
    /// # Errors
    /// When the API server does not answer, or the node is not there.
    pub fn silence(&self, node: &str) -> Result<()> {
        // First the pods' running timers are replaced, while kwok still minds the node.
        self.mark_pods(node, &json!("true"))?;
        self.label_kubelet(node, &Value::Null)?;
        // And those of pods that were bound in between.
        self.mark_pods(node, &json!("true"))
    }

    /// The machine runs again, and with it its kubelet.
    ///
    /// # Errors
    /// When the API server does not answer, or the node is not there.
    pub fn unsilence(&self, node: &str) -> Result<()> {
        self.mark_pods(node, &Value::Null)?;
        self.label_kubelet(node, &json!(KUBELET.1))
    }

    pub(crate) fn node_exists(&self, node: &str) -> Result<bool> {
        let answer = self.request("GET", &format!("/api/v1/nodes/{node}"), None)?;
        match answer.status {
            200 => Ok(true),
            404 => Ok(false),
            status => Err(LabError::new(format!("reading node {node}: {status}: {}", answer.text))),
        }
    }

    fn label_kubelet(&self, node: &str, value: &Value) -> Result<()> {
        let change = json!({"metadata": {"labels": {KUBELET.0: value}}});
        let answer = self.request("PATCH", &format!("/api/v1/nodes/{node}"), Some(&change))?;
        if answer.is_success() {
            return Ok(());
        }
        Err(LabError::new(format!("labelling node {node}: {}: {}", answer.status, answer.text)))
    }

    fn mark_pods(&self, node: &str, value: &Value) -> Result<()> {
        let pods = self.request("GET", &format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{node}"), None)?.json();
        let change = json!({"metadata": {"annotations": {SILENT: value}}});
        for pod in pods["items"].as_array().into_iter().flatten() {
            let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default().to_owned();
            let path = format!("/api/v1/namespaces/{}/pods/{}", text("namespace"), text("name"));
            let answer = self.request("PATCH", &path, Some(&change))?;
            // 404: it went while we were at it.
            if !answer.is_success() && answer.status != 404 {
                return Err(LabError::new(format!("marking {path}: {}: {}", answer.status, answer.text)));
            }
        }
        Ok(())
    }
}
