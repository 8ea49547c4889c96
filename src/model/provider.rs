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
}

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
    /// Tags with this prefix are ours; a cluster file may not set them.
    pub const PREFIX: &str = "scaler:";
}
