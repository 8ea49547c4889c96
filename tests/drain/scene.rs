//! Nodes and a namespace of a test's own, and the way to them that `scaler` takes.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use scaler::adapters::clock::SystemClock;
use scaler::adapters::kubernetes::{Access, Cluster, connect};
use scaler::adapters::process::{Environment, Host, Program};
use scaler::model::failure::Result;
use scaler::model::file::{DrainSpec, JobsRule};
use scaler::model::lock::Holder;
use scaler::model::names::{NodeName, OperationId};
use scaler::ops::drain::{Drained, Drainer, Obstacle, Victim, Witness};
use scaler::ops::interrupts::Interrupts;
use scaler::ops::lease::{Lease, Standing};
use scaler::ops::ports::{BootInstant, Event, Kubernetes as _, Progress};
use scaler_lab::Kubernetes;
use serde_json::{Value, json};
use tokio::sync::watch;

pub struct Scene {
    pub k: &'static Kubernetes,
    pub cluster: Arc<Cluster>,
    pub namespace: String,
    /// The first two are what a test drains; pods may go to the third.
    pub nodes: Vec<String>,
    pub rules: DrainSpec,
    pub operation: OperationId,
    lease: Lease,
    interrupts: Interrupts,
    pub diary: Diary,
}

/// What was told, in order.
#[derive(Default)]
pub struct Diary(pub Mutex<Vec<String>>);

impl Diary {
    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

#[async_trait]
impl Witness for Diary {
    async fn cordoning(&self, node: &NodeName, _: &str, _: bool) -> Result<()> {
        self.write(format!("cordoning {node}"));
        Ok(())
    }

    async fn cordoned(&self, node: &NodeName, _: &str) -> Result<()> {
        self.write(format!("cordoned {node}"));
        Ok(())
    }

    async fn draining(&self, node: &NodeName) -> Result<()> {
        self.write(format!("draining {node}"));
        Ok(())
    }

    async fn drained(&self, node: &NodeName, _: &str) -> Result<()> {
        self.write(format!("drained {node}"));
        Ok(())
    }

    async fn blocked(&self, node: &NodeName, _: &[String]) -> Result<()> {
        self.write(format!("blocked {node}"));
        Ok(())
    }
}

impl Progress for Diary {
    fn tell(&self, event: Event) {
        self.write(format!("{event:?}"));
    }
}

/// The way to the lab's cluster by a kubeconfig.
pub async fn reach(kubeconfig: &Path) -> Arc<Cluster> {
    let (environment, _) = Environment::clean(std::env::vars_os());
    let host = Arc::new(Host::new(environment).supervised_by(env!("CARGO_BIN_EXE_scaler")));
    let kubectl = Program::find(&host, "kubectl", Some(&scaler_lab::tools().join("kubectl"))).unwrap();
    let access = Access { kubeconfig: Some(kubeconfig.to_owned()), context: None };
    connect(&kubectl, &access).await.unwrap()
}

impl Scene {
    pub async fn new(name: &str) -> Scene {
        Scene::through(name, Kubernetes::shared().kubeconfig()).await
    }

    pub async fn through(name: &str, kubeconfig: &Path) -> Scene {
        let k = Kubernetes::shared();
        let namespace = k.namespace(name);
        let nodes: Vec<String> = (0..3).map(|_| k.node(name)).collect();
        for node in &nodes {
            // Other tests' pods stay away, and ours stay here.
            let taint = json!([{"key": "scene", "value": namespace, "effect": "NoSchedule"}]);
            let change = json!({"metadata": {"labels": {"scene": namespace}}, "spec": {"taints": taint}});
            k.patch(&format!("/api/v1/nodes/{node}"), &change);
        }
        let holder = Holder {
            user: "ann".into(),
            host: "desk".into(),
            login: String::new(),
            pid: 1,
            command: "scaler scale-down".into(),
            version: "1".into(),
        };
        // The sender may go: a lease that nobody loses stays as it is.
        let (_, standing) = watch::channel(Standing::Held { deadline: BootInstant(Duration::MAX) });
        Scene {
            k,
            cluster: reach(kubeconfig).await,
            operation: OperationId::from_text(format!("op-{namespace}")),
            namespace,
            nodes,
            rules: DrainSpec {
                timeout: Duration::from_secs(120),
                total_timeout: Duration::from_secs(240),
                parallel: 5,
                jobs: JobsRule::Wait,
                delete_empty_dir_data: false,
                evict_unmanaged: false,
            },
            lease: Lease::new(1, holder, standing, Arc::new(SystemClock)),
            interrupts: Interrupts::never(),
            diary: Diary::default(),
        }
    }

    pub fn drainer(&self) -> Drainer<'_> {
        Drainer {
            kubernetes: self.cluster.as_ref(),
            clock: &SystemClock,
            progress: &self.diary,
            lease: &self.lease,
            interrupts: &self.interrupts,
            witness: &self.diary,
            operation: &self.operation,
            rules: &self.rules,
            keep_going: false,
        }
    }

    /// The first so many nodes, as victims.
    pub async fn victims(&self, count: usize) -> Vec<Victim> {
        let mut victims = Vec::new();
        for node in &self.nodes[..count] {
            let uid = self.cluster.node(node).await.unwrap().unwrap().uid;
            victims.push(Victim { node: node.clone(), uid });
        }
        victims
    }

    /// Cordons and drains.
    pub async fn drain(&self, victims: &[Victim]) -> Vec<Result<Drained, Obstacle>> {
        assert_eq!(self.drainer().cordon_all(victims).await.unwrap(), []);
        self.drainer().drain_all(victims).await.unwrap()
    }

    /// The same, and every victim must come out empty.
    pub async fn empty(&self, victims: &[Victim]) {
        let ended = self.drain(victims).await;
        assert!(ended.iter().all(Result::is_ok), "{ended:#?}");
        assert_eq!(self.drainer().verify_empty(victims).await.unwrap(), []);
    }

    pub fn node(&self, at: usize) -> Value {
        self.k.get(&format!("/api/v1/nodes/{}", self.nodes[at]))
    }

    pub fn pods_path(&self) -> String {
        format!("/api/v1/namespaces/{}/pods", self.namespace)
    }

    /// The pods of the namespace, as `name on node`.
    pub fn pods(&self) -> Vec<(String, String)> {
        let list = self.k.get(&self.pods_path());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let items = list["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|pod| (text(&pod["metadata"]["name"]), text(&pod["spec"]["nodeName"]))).collect()
    }

    /// A pod that nobody owns, bound to a node directly; `change` replaces fields of it.
    pub fn bind(&self, name: &str, node: &str, metadata: Value, spec: Value) -> Value {
        let mut pod = json!({
            "metadata": {"name": name, "labels": {"app": name}},
            "spec": {
                "nodeName": node,
                "terminationGracePeriodSeconds": 1,
                "tolerations": [{"operator": "Exists"}],
                "containers": [{"name": "main", "image": "none"}],
            },
        });
        for (part, change) in [("metadata", metadata), ("spec", spec)] {
            for (key, value) in change.as_object().into_iter().flatten() {
                pod[part][key] = value.clone();
            }
        }
        self.k.create(&self.pods_path(), &pod)
    }

    /// A controller of the apps group over `app: <name>` on the scene's nodes, with all its pods Ready.
    pub fn deploy(&self, kind: &str, name: &str, replicas: usize) {
        let template = json!({
            "metadata": {"labels": {"app": name}},
            "spec": {
                "terminationGracePeriodSeconds": 1,
                "nodeSelector": {"scene": self.namespace},
                "tolerations": [{"key": "scene", "operator": "Exists"}],
                "containers": [{"name": "main", "image": "none"}],
            },
        });
        let mut spec = json!({"selector": {"matchLabels": {"app": name}}, "template": template});
        if kind != "daemonsets" {
            spec["replicas"] = json!(replicas);
        }
        if kind == "statefulsets" {
            spec["serviceName"] = json!(name);
        }
        let collection = format!("/apis/apps/v1/namespaces/{}/{kind}", self.namespace);
        self.k.create(&collection, &json!({"metadata": {"name": name}, "spec": spec}));
        self.wait_ready(name, replicas);
    }

    pub fn wait_ready(&self, app: &str, count: usize) {
        let path = format!("{}?labelSelector=app%3D{app}", self.pods_path());
        self.k.wait(&format!("{count} pods of {app} to be Ready"), |k| (ready(&k.get(&path)) == count).then_some(()));
    }

    pub fn budget(&self, app: &str, spec: &Value) {
        let collection = format!("/apis/policy/v1/namespaces/{}/poddisruptionbudgets", self.namespace);
        let mut budget = json!({"metadata": {"name": app}, "spec": {"selector": {"matchLabels": {"app": app}}}});
        for (key, value) in spec.as_object().into_iter().flatten() {
            budget["spec"][key] = value.clone();
        }
        self.k.create(&collection, &budget);
        let path = format!("{collection}/{app}");
        self.k.wait(&format!("budget {app} to be counted"), |k| {
            let budget = k.get(&path);
            let counted = budget["status"]["observedGeneration"] == budget["metadata"]["generation"];
            (counted && budget["status"]["expectedPods"].as_i64() > Some(0)).then_some(())
        });
    }
}

/// How many pods of a list are Ready and not leaving.
pub fn ready(list: &Value) -> usize {
    let pods = list["items"].as_array().cloned().unwrap_or_default();
    let ready = pods.iter().filter(|pod| {
        let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let ready = conditions.iter().any(|one| one["type"] == "Ready" && one["status"] == "True");
        ready && pod["metadata"]["deletionTimestamp"].is_null()
    });
    ready.count()
}
