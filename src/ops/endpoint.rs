//! Where a cluster's API is.

use serde_json::Value;

use crate::model::failure::{Failure, Result};

/// The way to the API, as the foundation says it.
pub struct Endpoint {
    host: String,
    admin_host: String,
    port: u64,
    /// Further names of the API server.
    pub names: Vec<String>,
}

impl Endpoint {
    pub fn of(foundation: &Value) -> Result<Endpoint> {
        let endpoint = &foundation["endpoint"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let names = endpoint["names"].as_array().into_iter().flatten().filter_map(text).collect();
        let all = text(&endpoint["host"]).zip(text(&endpoint["admin_host"])).zip(endpoint["port"].as_u64());
        let ((host, admin_host), port) = all.ok_or_else(|| {
            Failure::failed("the foundation does not say where the cluster's API is to be")
                .because("its output `endpoint` lacks host, admin_host or port")
        })?;
        Ok(Endpoint { host, admin_host, port, names })
    }

    /// What joins goes there, as `host:port`.
    pub fn for_nodes(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// A kubeconfig's server.
    pub fn for_people(&self) -> String {
        format!("https://{}:{}", self.admin_host, self.port)
    }
}
