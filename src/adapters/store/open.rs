//! From what a cluster file or a URL says to a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::s3::{Place, login};
use super::told::Told;
use super::{LocalStore, S3Store};
use crate::model::failure::{Failure, Result};
use crate::model::file::StoreSpec;
use crate::ops::ports::Store;

/// What a store needs beside its place.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The folder that relative paths count from.
    pub folder: PathBuf,
    /// A profile of AWS' configuration; without one the SDK's own chain decides.
    pub profile: Option<String>,
    /// Where S3 is, if the store itself does not say: a cluster file may name it for all services together.
    pub s3_endpoint: Option<String>,
}

/// A store. Nothing is asked of it yet.
pub async fn open(spec: &StoreSpec, options: &Options) -> Result<Arc<dyn Store>> {
    let store: Arc<dyn Store> = match spec {
        StoreSpec::Local { path } => Arc::new(LocalStore::new(folder(&options.folder, path))),
        StoreSpec::S3 { bucket, prefix, region, endpoint, path_style } => {
            let place = Place {
                bucket: bucket.clone(),
                prefix: prefix.clone(),
                region: region.clone(),
                endpoint: endpoint.clone().or_else(|| options.s3_endpoint.clone()),
                path_style: *path_style,
            };
            Arc::new(S3Store::new(&login(options.profile.as_deref()).await, place)?)
        }
        StoreSpec::Azblob { .. } => {
            return Err(Failure::refused("stores in Azure Blob are not there yet")
                .hint("use `backend: s3` or `backend: local` until then"));
        }
    };
    Ok(Arc::new(Told(store)))
}

fn folder(base: &Path, path: &str) -> PathBuf {
    base.join(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::Kind;

    #[tokio::test]
    async fn a_relative_folder_counts_from_the_cluster_file() {
        let options = Options { folder: "/home/me/clusters".into(), ..Options::default() };
        for (path, url) in [("store", "file:///home/me/clusters/store"), ("/srv/store", "file:///srv/store")] {
            let store = open(&StoreSpec::Local { path: path.into() }, &options).await.unwrap();
            assert_eq!(store.url(), url);
        }
    }

    #[tokio::test]
    async fn azure_is_refused_as_not_there_yet() {
        let spec = StoreSpec::Azblob { account: "a".into(), container: "c".into(), prefix: "p".into(), endpoint: None };
        let failure = open(&spec, &Options::default()).await.err().unwrap();
        assert_eq!(failure.kind, Kind::Refused);
    }
}
