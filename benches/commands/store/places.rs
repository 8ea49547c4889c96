//! Where the stores lie.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use scaler::adapters::store::{AzblobStore, AzureLogin, AzurePlace, LocalStore, Place, S3Store};
use scaler::ops::ports::Store;
use scaler_lab::{Azurite, Moto};

const REGION: &str = "eu-west-1";
const BUCKET: &str = "acme-clusters";
const CONTAINER: &str = "clusters";

/// A store, and what goes with it.
pub struct Stand {
    pub name: &'static str,
    pub store: Arc<dyn Store>,
    _folder: Option<tempfile::TempDir>,
    _moto: Option<Moto>,
    _azurite: Option<Azurite>,
}

impl Stand {
    pub fn folder() -> Stand {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(LocalStore::new(folder.path().join("store")));
        Stand { name: "local folder", store, _folder: Some(folder), _moto: None, _azurite: None }
    }

    pub fn moto() -> Stand {
        let moto = Moto::start();
        moto.make_bucket(REGION, BUCKET);
        let keys = moto.credentials();
        let keys = Credentials::new(keys.access_key, keys.secret_key, None, None, "bench");
        let login = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .build();
        let (endpoint, region) = (Some(moto.url()), Some(REGION.to_owned()));
        let place = Place { bucket: BUCKET.into(), prefix: "bench".into(), region, endpoint, path_style: true };
        let store = Arc::new(S3Store::new(&login, place).expect("a store"));
        Stand { name: "S3 (moto)", store, _folder: None, _moto: Some(moto), _azurite: None }
    }

    pub fn azurite() -> Stand {
        let azurite = Azurite::start();
        azurite.make_container(CONTAINER);
        let key = azurite.key();
        let login = AzureLogin::choose(|name| (name == "AZURE_STORAGE_KEY").then(|| key.to_owned())).expect("a login");
        let (account, endpoint) = (azurite.account().to_owned(), Some(azurite.url()));
        let place = AzurePlace { account, container: CONTAINER.into(), prefix: "bench".into(), endpoint };
        let store = Arc::new(AzblobStore::new(login, place).expect("a store"));
        Stand { name: "Azure Blob (Azurite)", store, _folder: None, _moto: None, _azurite: Some(azurite) }
    }
}
