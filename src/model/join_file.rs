//! What a machine that joins at boot finds in the store: one object for each, while it joins (boot/README.md).
//!
//! Its role may read this one object and nothing else: the key ends with AWS' `aws:userid` of the machine, which is its
//! role's id and its own.

use std::fmt;

use serde_json::json;

use super::bootstrap::{BootstrapToken, Entrance};
use super::file::{ClusterFile, StoreSpec};
use super::names::NodeName;
use super::record::JoinAccess;

/// All of them lie below this.
pub const FOLDER: &str = "join/";

/// The format that is written; a machine refuses another one.
pub const FORMAT: u32 = 1;

/// What stands for the role's id in user-data until the foundation tells it. `.invalid` never resolves (RFC 2606).
pub const ROLE_PLACEHOLDER: &str = "role.scaler.invalid";

/// The key of the object that a machine may read.
pub fn key(role_id: &str, machine_id: &str) -> String {
    format!("{FOLDER}{role_id}:{machine_id}")
}

impl JoinAccess {
    /// What the foundation is to give, where this stands: a role once made stays with its pool's name. None without a
    /// pool that joins at boot.
    pub fn wanted(file: &ClusterFile, standing: Option<&JoinAccess>) -> Option<JoinAccess> {
        let wanted: Vec<&str> = file.boot_pools().collect();
        let (StoreSpec::S3 { bucket, prefix, .. }, false) = (&file.store, wanted.is_empty()) else {
            return standing.cloned();
        };
        let stays = standing.iter().flat_map(|access| access.pools.iter().cloned());
        Some(JoinAccess {
            bucket: bucket.clone(),
            folder: folder(prefix),
            pools: stays.chain(wanted.into_iter().map(str::to_owned)).collect(),
        })
    }
}

/// Where join files lie in a bucket, without a slash at its end.
pub fn folder(prefix: &str) -> String {
    let folder = FOLDER.trim_end_matches('/');
    if prefix.is_empty() { folder.to_owned() } else { format!("{prefix}/{folder}") }
}

/// The content of a join file. It has the token, and so it is a secret.
pub struct JoinFile<'a> {
    pub node: &'a NodeName,
    pub entrance: &'a Entrance,
    pub token: &'a BootstrapToken,
}

impl JoinFile<'_> {
    pub fn text(&self) -> Vec<u8> {
        let file = json!({
            "format": FORMAT,
            "node": self.node,
            "endpoint": self.entrance.endpoint,
            "caCertHash": self.entrance.ca_hash,
            "token": self.token.reveal(),
        });
        file.to_string().into_bytes()
    }
}

impl fmt::Debug for JoinFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinFile({}, {:?})", self.node, self.token)
    }
}
