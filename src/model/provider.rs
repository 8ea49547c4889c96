//! What differs between clouds, as data.

use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    Aws,
    Azure,
    Sandbox,
}

impl Provider {
    pub const ALL: [Provider; 3] = [Provider::Aws, Provider::Azure, Provider::Sandbox];

    pub fn as_str(self) -> &'static str {
        match self {
            Provider::Aws => "aws",
            Provider::Azure => "azure",
            Provider::Sandbox => "sandbox",
        }
    }

    /// What Kubernetes calls a machine: a node's `spec.providerID`. On Azure a machine's id is its whole resource id,
    /// which names no zone.
    pub fn provider_id(self, zone: &str, machine_id: &str) -> String {
        match self {
            Provider::Aws | Provider::Sandbox => format!("{self}:///{zone}/{machine_id}"),
            Provider::Azure => format!("azure://{machine_id}"),
        }
    }

    /// The machine that a provider id speaks of; None if it is not of this provider. A cloud's ids are unique without
    /// the zone, and some cloud controllers leave it out, so it is not looked at.
    pub fn machine_of_provider_id(self, provider_id: &str) -> Option<&str> {
        let rest = provider_id.strip_prefix(self.as_str())?.strip_prefix("://")?;
        let id = match self {
            Provider::Aws | Provider::Sandbox => rest.rsplit('/').next().unwrap_or(rest),
            Provider::Azure => rest,
        };
        (!id.is_empty()).then_some(id)
    }

    /// The Terraform resource that is a machine.
    pub fn machine_resource(self) -> &'static str {
        match self {
            Provider::Aws => "aws_instance",
            Provider::Azure => "azurerm_linux_virtual_machine",
            Provider::Sandbox => "terraform_data",
        }
    }

    /// The image families that a cluster file may name, newest last.
    pub fn image_families(self) -> &'static [&'static str] {
        &["debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04", "ubuntu-26.04"]
    }
}

/// The names of the resources that are machines, in the modules of every provider: the type alone does not tell, the
/// sandbox uses its type for other things too.
pub const MACHINE_RESOURCE_NAMES: [&str; 2] = ["node", "control_plane"];

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The names of the tags that every resource or machine carries. A colon is allowed by AWS and Azure; a slash is not by Azure.
pub mod tags {
    pub const CLUSTER_ID: &str = "scaler:cluster-id";
    pub const CLUSTER: &str = "scaler:cluster";
    pub const NODE: &str = "scaler:node";
    pub const POOL: &str = "scaler:pool";
    pub const ROLE: &str = "scaler:role";
    pub const OPERATION: &str = "scaler:operation";
    /// Of an image that was built, and of what it is built with: whose it is. Not [`CLUSTER`], which is on what belongs to
    /// the cluster itself.
    pub const IMAGES_OF: &str = "scaler:cluster-images";
    /// The image's name in the cluster file.
    pub const IMAGE: &str = "scaler:image";
    pub const IMAGE_HASH: &str = "scaler:image-hash";
    /// The run that builds, or built, it.
    pub const IMAGE_BUILD: &str = "scaler:image-build";
    /// Tags with this prefix are ours; a cluster file may not set them.
    pub const PREFIX: &str = "scaler:";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_id_leads_back_to_its_machine() {
        for (provider, id, text) in [
            (Provider::Aws, "i-0abc", "aws:///eu-west-1a/i-0abc"),
            (Provider::Sandbox, "11-22", "sandbox:///eu-west-1a/11-22"),
            (Provider::Azure, "/subscriptions/s/vm", "azure:///subscriptions/s/vm"),
        ] {
            assert_eq!(provider.provider_id("eu-west-1a", id), text);
            assert_eq!(provider.machine_of_provider_id(text), Some(id));
        }
    }

    #[test]
    fn a_foreign_or_empty_provider_id_leads_nowhere() {
        for text in ["", "aws", "aws://", "aws:///", "kind://docker/x", "awsx:///z/i-1", "sandbox:///z/i-1"] {
            assert_eq!(Provider::Aws.machine_of_provider_id(text), None, "{text}");
        }
        assert_eq!(Provider::Aws.machine_of_provider_id("aws:///i-1"), Some("i-1"));
    }
}
