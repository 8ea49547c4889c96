//! One Terraform root module: the static module, its backend, its provider and its values.

use std::collections::BTreeMap;

use serde_json::Value;
use tera::Context;

use super::{Assets, Backend, template, variables};
use crate::model::failure::{Failure, Result};
use crate::model::file::ClusterFile;
use crate::model::names::{NodeName, StackId};
use crate::model::provider::Provider;
use crate::model::record::{JoinAccess, NodeRecord, Tags};

/// What all stacks of a cluster share.
#[derive(Debug, Clone)]
pub struct Deployment<'a> {
    pub file: &'a ClusterFile,
    /// The cluster file's, or those that the stack has and is to keep.
    pub tags: &'a Tags,
    pub cluster_id: &'a str,
    /// The account that the provider must find itself in; None when rendering offline for a new cluster.
    pub account: Option<&'a str>,
    pub backend: &'a Backend,
    /// The text of the file `ssh.publicKeyFile`.
    pub ssh_public_key: &'a str,
    /// The sandbox's folder of machines, absolute.
    pub register: &'a str,
    pub assets: &'a Assets,
}

/// File name → content, all in one folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// `joins`: the roles by which machines join at boot.
pub fn foundation(
    deployment: &Deployment,
    nodes: &BTreeMap<NodeName, NodeRecord>,
    joins: Option<&JoinAccess>,
) -> Result<Files> {
    stack(deployment, &StackId::Foundation, &variables::foundation(deployment, nodes, joins))
}

/// `foundation` is the output `foundation` of that stack.
pub fn pool(
    deployment: &Deployment,
    pool: &str,
    nodes: &BTreeMap<NodeName, NodeRecord>,
    foundation: &Value,
) -> Result<Files> {
    let values = variables::pool(deployment, pool, nodes, foundation);
    stack(deployment, &StackId::Pool(pool.to_owned()), &values)
}

fn stack(deployment: &Deployment, id: &StackId, values: &Value) -> Result<Files> {
    let provider = deployment.file.provider;
    let mut files = deployment.assets.module(provider, id);
    if files.is_empty() {
        return Err(match provider {
            Provider::Azure => Failure::refused("Terraform for Azure is not there yet")
                .hint("`scaler validate` checks a cluster file for Azure; aws and sandbox can be built"),
            _ => Failure::failed(format!("there is no module for {provider}'s stack {id}"))
                .hint("a folder given by --assets holds terraform/<provider>/{foundation,pool}/*.tf"),
        });
    }
    files.insert("backend.tf".into(), deployment.backend.file(id)?);
    if provider == Provider::Aws {
        files.insert("provider.tf".into(), aws_provider(deployment)?);
    }
    files.insert("terraform.tfvars.json".into(), format!("{values:#}\n").into_bytes());
    Ok(files)
}

fn aws_provider(deployment: &Deployment) -> Result<Vec<u8>> {
    let aws = &deployment.file.aws;
    // `terraform fmt` aligns the equal signs of a block.
    let width = aws.endpoints.keys().map(String::len).max().unwrap_or_default();
    let endpoints: Vec<BTreeMap<&str, String>> = aws
        .endpoints
        .iter()
        .map(|(service, url)| BTreeMap::from([("padded", format!("{service:width$}")), ("url", url.clone())]))
        .collect();
    let mut values = Context::new();
    values.insert("region", &deployment.file.region);
    values.insert("profile", &aws.profile);
    values.insert("account", &deployment.account);
    values.insert("endpoints", &endpoints);
    template::render("provider-aws.tf", &values)
}
