//! The way through kubectl to a real API server.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scaler_lab::{Kubernetes as Lab, NodeSpec};
use serde_json::{Value, json};

use super::Cluster;
use super::proxy;
use crate::ops::ports::Kubernetes;
use crate::ops::testing::clusters::{self, Course, FIELD, Field, Grounds, Rule};

/// The lab's control plane, and the adapter before it. What supervises kubectl elsewhere is no part of a unit test's
/// program.
struct Real {
    lab: Lab,
    kubectl: Child,
    cluster: Arc<Cluster>,
    _folder: tempfile::TempDir,
}

impl Real {
    #[expect(clippy::disallowed_methods, reason = "a test's way to its server, not a tool that scaler runs")]
    async fn start() -> Real {
        let lab = Lab::start();
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("api.sock");
        let mut command = std::process::Command::new(scaler_lab::tools().join("kubectl"));
        let access = proxy::Access { kubeconfig: Some(lab.kubeconfig().to_owned()), context: None };
        let mut kubectl =
            command.args(proxy::arguments(&access, &socket)).stdout(Stdio::piped()).spawn().expect("lab/setup made it");
        let mut said = String::new();
        BufReader::new(kubectl.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert!(said.contains("Starting to serve"), "{said}");
        let cluster = proxy::through(socket);
        Real { lab, kubectl, cluster, _folder: folder }
    }

    fn pod(name: &str) -> Value {
        json!({
            "metadata": {"name": name, "labels": {"app": "web"}},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": "none"}]},
        })
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        // One that is gone already is what is wanted.
        let _ = self.kubectl.kill();
        let _ = self.kubectl.wait();
    }
}

#[async_trait]
impl Grounds for Real {
    fn cluster(&self) -> &dyn Kubernetes {
        self.cluster.as_ref()
    }

    async fn field(&self, name: &str, nodes: usize) -> Field {
        let namespace = self.lab.namespace(name);
        let nodes: Vec<String> = (0..nodes).map(|number| format!("{namespace}-{number}")).collect();
        for name in &nodes {
            let labels = vec![(FIELD.to_owned(), namespace.clone())];
            let spec = NodeSpec { provider_id: format!("test:///{name}"), labels, ..NodeSpec::new(name) };
            self.lab.join(&spec).unwrap();
        }
        for name in &nodes {
            self.lab.wait_ready(name);
            // Whoever sets a Node's first annotation is booked for them all, as long as there is any.
            let annotated = json!({"metadata": {"annotations": {"test/field": namespace}}});
            self.lab.patch(&format!("/api/v1/nodes/{name}"), &annotated);
        }
        Field { namespace, nodes }
    }

    async fn bind(&self, field: &Field, name: &str, course: Course) {
        let mut pod = Real::pod(name);
        pod["spec"]["nodeName"] = json!(field.nodes[0]);
        pod["metadata"]["annotations"] = match course {
            Course::Runs => json!({}),
            Course::NeverReady => json!({"lab.scaler/never-ready": "true"}),
            Course::NeverStarts => json!({"lab.scaler/silent": "true"}),
            Course::Finishes => json!({"lab.scaler/complete-after": "1s"}),
            Course::Lingers => json!({"lab.scaler/terminate-after": "1h"}),
        };
        self.lab.create(&format!("/api/v1/namespaces/{}/pods", field.namespace), &pod);
    }

    async fn deploy(&self, field: &Field, kind: &str, name: &str, replicas: usize) {
        let mut template = Real::pod(name);
        template["spec"]["nodeSelector"] = json!({ FIELD: field.namespace });
        let mut spec = json!({"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template});
        if kind == "StatefulSet" {
            spec["serviceName"] = json!(name);
        }
        let path = format!("/apis/apps/v1/namespaces/{}/{}s", field.namespace, kind.to_lowercase());
        self.lab.create(&path, &json!({"metadata": {"name": name}, "spec": spec}));
    }

    async fn budget(&self, field: &Field, name: &str, rule: Rule) {
        let mut spec = json!({"selector": {"matchLabels": {"app": "web"}}});
        for (key, amount) in [("minAvailable", rule.min_available), ("maxUnavailable", rule.max_unavailable)] {
            if let Some(amount) = amount {
                spec[key] = amount.parse::<u32>().map_or(json!(amount), |number| json!(number));
            }
        }
        if rule.always_allow {
            spec["unhealthyPodEvictionPolicy"] = json!("AlwaysAllow");
        }
        let path = format!("/apis/policy/v1/namespaces/{}/poddisruptionbudgets", field.namespace);
        self.lab.create(&path, &json!({"metadata": {"name": name}, "spec": spec}));
    }

    async fn attach(&self, field: &Field, volume: &str) {
        let source = json!({"persistentVolumeName": volume});
        let spec = json!({"attacher": "test", "nodeName": field.nodes[0], "source": source});
        let object = json!({"metadata": {"name": format!("attached-{volume}")}, "spec": spec});
        self.lab.create("/apis/storage.k8s.io/v1/volumeattachments", &object);
    }

    async fn end(&self, field: &Field) {
        self.lab.delete(&format!("/api/v1/namespaces/{}", field.namespace));
    }

    async fn has_token(&self, id: &str) -> bool {
        self.lab.find(&format!("/api/v1/namespaces/kube-system/secrets/bootstrap-token-{id}")).is_some()
    }

    async fn pass(&self) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_cluster_by_kubectl_is_a_cluster() {
    clusters::all(&Real::start().await).await;
}
