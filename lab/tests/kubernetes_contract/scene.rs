//! A namespace and a node of a test's own.

use scaler_lab::{Answer, Kubernetes};
use serde_json::{Value, json};

pub struct Scene<'a> {
    pub k: &'a Kubernetes,
    pub namespace: String,
    pub node: String,
}

impl Scene<'static> {
    pub fn new(name: &str) -> Self {
        Self::on(Kubernetes::shared(), name)
    }
}

impl<'a> Scene<'a> {
    pub fn on(k: &'a Kubernetes, name: &str) -> Self {
        Self { k, namespace: k.namespace(name), node: k.node(name) }
    }

    pub fn pods(&self) -> String {
        format!("/api/v1/namespaces/{}/pods", self.namespace)
    }

    pub fn path(&self, pod: &str) -> String {
        format!("{}/{pod}", self.pods())
    }

    /// A pod on the scene's node, labelled `app: web`, without a grace of its
    /// own; `change` is merged into it.
    pub fn pod(&self, name: &str, change: &Value) -> Value {
        let mut pod = json!({
            "metadata": {"name": name, "labels": {"app": "web"}},
            "spec": {
                "nodeName": self.node,
                "terminationGracePeriodSeconds": 1,
                "containers": [{"name": "main", "image": "none"}],
            },
        });
        merge(&mut pod, change);
        self.k.create(&self.pods(), &pod)
    }

    /// As [`Scene::pod`], and waits until it is Ready.
    pub fn ready_pod(&self, name: &str, change: &Value) -> Value {
        self.pod(name, change);
        self.wait_pod(name, "Ready", |pod| condition(pod, "Ready") == Some("True"))
    }

    pub fn wait_pod(&self, name: &str, what: &str, mut holds: impl FnMut(&Value) -> bool) -> Value {
        let path = self.path(name);
        self.k.wait(&format!("{path} to be {what}"), |k| k.find(&path).filter(|pod| holds(pod)))
    }

    pub fn wait_gone(&self, name: &str) {
        let path = self.path(name);
        self.k.wait(&format!("{path} to be gone"), |k| k.find(&path).is_none().then_some(()));
    }

    pub fn is_terminating(&self, name: &str) -> bool {
        !self.k.get(&self.path(name))["metadata"]["deletionTimestamp"].is_null()
    }

    pub fn evict(&self, name: &str) -> Answer {
        self.evict_with(name, &Value::Null)
    }

    pub fn evict_with(&self, name: &str, options: &Value) -> Answer {
        let eviction = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": self.namespace},
            "deleteOptions": options,
        });
        self.k.request("POST", &format!("{}/eviction", self.path(name)), Some(&eviction)).unwrap()
    }

    /// A budget over `app: web` that the controller has counted with `allowed` disruptions.
    pub fn budget(&self, name: &str, spec: &Value, allowed: u64) {
        self.uncounted_budget(name, spec);
        self.wait_allowed(name, allowed);
    }

    pub fn uncounted_budget(&self, name: &str, spec: &Value) {
        let budgets = format!("/apis/policy/v1/namespaces/{}/poddisruptionbudgets", self.namespace);
        let mut budget = json!({"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"app": "web"}}}});
        merge(&mut budget["spec"], spec);
        self.k.create(&budgets, &budget);
    }

    pub fn wait_allowed(&self, budget: &str, allowed: u64) {
        let path = format!("/apis/policy/v1/namespaces/{}/poddisruptionbudgets/{budget}", self.namespace);
        self.k.wait(&format!("{path} to allow {allowed}"), |k| {
            let budget = k.get(&path);
            let counted = budget["status"]["observedGeneration"] == budget["metadata"]["generation"];
            (counted && budget["status"]["disruptionsAllowed"] == allowed).then_some(())
        });
    }
}

pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    object["status"]["conditions"].as_array()?.iter().find(|it| it["type"] == kind)?["status"].as_str()
}

/// The causes of a refusal, as (reason, message).
pub fn causes(answer: &Answer) -> Vec<(String, String)> {
    let status = answer.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let causes = status["details"]["causes"].as_array().cloned().unwrap_or_default();
    causes.iter().map(|cause| (text(&cause["reason"]), text(&cause["message"]))).collect()
}

fn merge(into: &mut Value, change: &Value) {
    match (into, change) {
        (Value::Object(into), Value::Object(change)) => {
            for (key, value) in change {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (into, change) => *into = change.clone(),
    }
}
