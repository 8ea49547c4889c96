//! Requests to the API server.

use serde_json::{Value, json};

use super::unique;
use super::watch::Watch;
use crate::clock::wait_for;
use crate::error::Result;
use crate::http::{Answer, Endpoint, exchange};

/// Talks to one API server as the user `lab`. Paths are the API's own, such as
/// `/api/v1/nodes/a`. It lives on without the control plane, and then fails.
#[derive(Clone)]
pub struct Client {
    endpoint: Endpoint,
}

impl Client {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }

    /// Any request; an answer that is an error is an answer.
    ///
    /// # Errors
    /// When the server cannot be reached or cuts its answer.
    pub fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        self.request_as(kind, method, path, body)
    }

    /// As [`Client::request`], with a content type of the caller's.
    ///
    /// # Errors
    /// As there.
    pub fn request_as(&self, kind: &str, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        let (kind, body) = body.map_or(("", String::new()), |body| (kind, body.to_string()));
        exchange(&self.endpoint, method, path, kind, body.as_bytes())
    }

    /// An object or a list that is there.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.must("GET", path, None)
    }

    /// An object that may be there.
    #[track_caller]
    pub fn find(&self, path: &str) -> Option<Value> {
        let answer = self.request("GET", path, None).unwrap_or_else(|error| panic!("{error}"));
        match answer.status {
            200 => Some(answer.json()),
            404 => None,
            status => panic!("GET {path}: {status}: {}", answer.text),
        }
    }

    /// Creates an object in the collection at `path`.
    #[track_caller]
    pub fn create(&self, path: &str, object: &Value) -> Value {
        self.must("POST", path, Some(object))
    }

    /// Changes an object by a merge patch.
    #[track_caller]
    pub fn patch(&self, path: &str, change: &Value) -> Value {
        self.must("PATCH", path, Some(change))
    }

    /// Asks for an object's deletion.
    #[track_caller]
    pub fn delete(&self, path: &str) -> Value {
        self.must("DELETE", path, None)
    }

    #[track_caller]
    fn must(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let answer = self.request(method, path, body).unwrap_or_else(|error| panic!("{error}"));
        assert!(answer.is_success(), "{method} {path}: {}: {}", answer.status, answer.text);
        answer.json()
    }

    /// Watches a collection; the query of `path` may say more than `watch=1`.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub fn watch(&self, path: &str) -> Result<Watch> {
        Watch::open(&self.endpoint, path)
    }

    /// Polls until `condition` gives a value.
    ///
    /// # Panics
    /// Names `what` when it takes far too long.
    #[track_caller]
    pub fn wait<T>(&self, what: &str, mut condition: impl FnMut(&Self) -> Option<T>) -> T {
        wait_for(what, || condition(self))
    }

    /// Makes a namespace that no other test uses, ready for pods, and gives its name.
    #[track_caller]
    pub fn namespace(&self, prefix: &str) -> String {
        let name = unique(prefix);
        self.create("/api/v1/namespaces", &json!({"metadata": {"name": name}}));
        let account = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
        self.wait(&format!("the service account of namespace {name}"), |api| api.find(&account));
        name
    }

    /// The token of a service account that may do only what `rules` say.
    #[track_caller]
    pub(super) fn restricted_token(&self, name: &str, rules: &Value) -> String {
        let accounts = "/api/v1/namespaces/default/serviceaccounts";
        let rights = "/apis/rbac.authorization.k8s.io/v1";
        let metadata = json!({"metadata": {"name": name}});
        self.create(accounts, &metadata);
        self.create(&format!("{rights}/clusterroles"), &json!({"metadata": {"name": name}, "rules": rules}));
        let binding = json!({
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "default"}],
        });
        self.create(&format!("{rights}/clusterrolebindings"), &binding);
        let request = json!({"spec": {"expirationSeconds": 86400}});
        let token = self.create(&format!("{accounts}/{name}/token"), &request);
        token["status"]["token"].as_str().unwrap_or_default().to_owned()
    }
}
