//! Where a cluster's API is.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::failure::{Failure, Result};
use crate::model::file::ClusterFile;
use crate::model::names::NodeName;
use crate::model::provider::Provider;
use crate::model::record::NodeRecord;

/// The way to the API, as the foundation says it.
pub struct Endpoint {
    host: String,
    admin_host: String,
    port: u64,
    /// Further names of the API server.
    pub names: Vec<String>,
}

impl Endpoint {
    /// From the foundation's output. A sandbox has no load balancer: without a name of its operator's, its API is on its
    /// first control plane.
    pub fn of(
        foundation: &Value,
        file: &ClusterFile,
        control_planes: &BTreeMap<NodeName, NodeRecord>,
    ) -> Result<Endpoint> {
        let endpoint = &foundation["endpoint"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let mut names: Vec<String> = endpoint["names"].as_array().into_iter().flatten().filter_map(text).collect();
        let all = text(&endpoint["host"]).zip(text(&endpoint["admin_host"])).zip(endpoint["port"].as_u64());
        let ((mut host, mut admin_host), port) = all.ok_or_else(|| {
            Failure::failed("the foundation does not say where the cluster's API is to be")
                .because("its output `endpoint` lacks host, admin_host or port")
        })?;
        let first = control_planes.values().next().and_then(|node| node.addresses.as_ref());
        if let (Provider::Sandbox, None, Some(first)) = (file.provider, &file.control_plane.endpoint.dns, first) {
            host.clone_from(&first.private);
            admin_host.clone_from(&first.private);
            names.push(first.private.clone());
        }
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
