//! From what a cluster file or a URL says to a store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::azblob;
use super::s3::{Place, login};
use super::told::Told;
use super::{LocalStore, S3Store};
use crate::model::failure::Result;
use crate::model::file::StoreSpec;
use crate::ops::ports::Store;

/// What a store needs beside its place.
#[derive(Clone, Default)]
pub struct Options {
    /// The folder that relative paths count from.
    pub folder: PathBuf,
    /// A profile of AWS' configuration; without one the SDK's own chain decides.
    pub profile: Option<String>,
    /// Where S3 is, if the store itself does not say: a cluster file may name it for all services together.
    pub s3_endpoint: Option<String>,
    /// The variables of the environment that are set and not empty: some of them name a login for Azure. Secrets.
    pub variables: BTreeMap<String, String>,
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
        StoreSpec::Azblob { account, container, prefix, endpoint } => {
            let place = azblob::Place {
                account: account.clone(),
                container: container.clone(),
                prefix: prefix.clone(),
                endpoint: endpoint.clone(),
            };
            let login = azblob::Login::choose(|name| options.variables.get(name).cloned())?;
            Arc::new(azblob::AzblobStore::new(login, place)?)
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

    #[tokio::test]
    async fn a_relative_folder_counts_from_the_cluster_file() {
        let options = Options { folder: "/home/me/clusters".into(), ..Options::default() };
        for (path, url) in [("store", "file:///home/me/clusters/store"), ("/srv/store", "file:///srv/store")] {
            let store = open(&StoreSpec::Local { path: path.into() }, &options).await.unwrap();
            assert_eq!(store.url(), url);
        }
    }

    #[tokio::test]
    async fn a_container_is_opened_with_a_login_of_the_environment() {
        let spec = StoreSpec::Azblob {
            account: "acme".into(),
            container: "clusters".into(),
            prefix: "demo".into(),
            endpoint: Some("http://127.0.0.1:9/acme".into()),
        };
        let failure = open(&spec, &Options::default()).await.err().unwrap();
        assert!(failure.what.contains("the login of `az` is not sent to http://127.0.0.1:9"), "{failure:?}");
        let variables = BTreeMap::from([("AZURE_STORAGE_KEY".to_owned(), "a2V5".to_owned())]);
        let store = open(&spec, &Options { variables, ..Options::default() }).await.unwrap();
        assert_eq!(store.url(), "azblob://acme/clusters/demo");
    }
}
