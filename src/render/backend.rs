//! Terraform's backend, in the same place as the cluster's record.

use tera::Context;

use super::template;
use crate::model::failure::{Failure, Result};
use crate::model::file::StoreSpec;
use crate::model::names::StackId;

/// Where the states lie, with everything that the cluster file leaves to defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    S3 {
        bucket: String,
        prefix: String,
        region: String,
        endpoint: Option<String>,
        path_style: bool,
        profile: Option<String>,
    },
    /// An absolute folder.
    Local { path: String },
}

impl Backend {
    /// `folder` is the store's folder, absolute, for a local store.
    pub fn of_store(store: &StoreSpec, region: &str, profile: Option<&str>, folder: &str) -> Result<Backend> {
        match store {
            StoreSpec::S3 { bucket, prefix, region: own, endpoint, path_style } => Ok(Backend::S3 {
                bucket: bucket.clone(),
                prefix: prefix.clone(),
                region: own.as_deref().unwrap_or(region).to_owned(),
                endpoint: endpoint.clone(),
                path_style: *path_style,
                profile: profile.map(str::to_owned),
            }),
            StoreSpec::Local { .. } => Ok(Backend::Local { path: folder.to_owned() }),
            StoreSpec::Azblob { .. } => Err(Failure::refused("a store in Azure Blob is not there yet")
                .hint("use `backend: s3` or `backend: local` in the cluster file's `store`")),
        }
    }

    /// The file `backend.tf` of a stack.
    pub(super) fn file(&self, stack: &StackId) -> Result<Vec<u8>> {
        let mut values = Context::new();
        match self {
            Backend::S3 { bucket, prefix, region, endpoint, path_style, profile } => {
                values.insert("backend", "s3");
                values.insert("bucket", bucket);
                values.insert("key", &key(prefix, stack));
                values.insert("region", region);
                values.insert("endpoint", endpoint);
                values.insert("path_style", path_style);
                values.insert("profile", profile);
            }
            Backend::Local { path } => {
                values.insert("backend", "local");
                values.insert("key", &key(path, stack));
            }
        }
        template::render("backend.tf", &values)
    }
}

fn key(prefix: &str, stack: &StackId) -> String {
    let state = stack.state_key();
    if prefix.is_empty() { state } else { format!("{prefix}/{state}") }
}
