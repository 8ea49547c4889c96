//! The way to a container.

use std::sync::Arc;
use std::time::Duration;

use azure_core::http::policies::Policy;
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions, Transport};
use azure_core::time;
use azure_storage_blob::{BlobServiceClient, BlobServiceClientOptions};

use super::AzblobStore;
use super::login::Login;
use super::place::Place;
use super::shared_key::SharedKey;
use super::wire::Wire;
use crate::model::failure::{Failure, Result};

/// How often a request is sent again after an answer that allows it (408, 429, 5xx) or none at all. Conditional writes
/// are safe to repeat. The SDK waits longer each time, and as long as `Retry-After` says.
const AGAIN: u32 = 3;

/// Before the first of them, in milliseconds.
const PAUSE: i64 = 250;

/// How long all tries together may take, with all that a server asks us to wait.
pub(super) const OPERATION: Duration = Duration::from_secs(150);

impl AzblobStore {
    /// Nothing is asked of Azure yet: a missing or expired login shows at the first call.
    pub fn new(login: Login, place: Place) -> Result<AzblobStore> {
        let place = Place { prefix: place.prefix.trim_matches('/').to_owned(), ..place };
        let url = place.url()?;
        let options = |sas| ClientOptions {
            retry: RetryOptions::exponential(ExponentialRetryOptions {
                initial_delay: time::Duration::milliseconds(PAUSE),
                max_retries: AGAIN,
                ..Default::default()
            }),
            transport: Some(Transport::new(Arc::new(Wire::new(sas)))),
            cloud: Some(Arc::new(place.cloud())),
            ..Default::default()
        };
        let credential = login.credential(options(None))?;
        if credential.is_some() && url.scheme() != "https" {
            return Err(Failure::failed(format!("{} is not sent to {}", login.name(), place.endpoint_text()))
                .because("its token would cross the connection as plain text")
                .hint("use a SAS token (AZURE_STORAGE_SAS_TOKEN) or the account's key (AZURE_STORAGE_KEY) there"));
        }
        let mut client_options = options(match &login {
            Login::Sas(token) => Some(token.clone()),
            _ => None,
        });
        if let Login::Key(key) = &login {
            let policy: Arc<dyn Policy> = Arc::new(SharedKey::new(&place.account, key.clone()));
            client_options.per_try_policies.push(policy);
        }
        let options = BlobServiceClientOptions { client_options, ..Default::default() };
        let service = BlobServiceClient::new(url, credential, Some(options)).map_err(|error| {
            Failure::failed(format!("the storage account `{}` cannot be used", place.account))
                .because(error.to_string())
                .hint("see `account` and `endpoint` of the store")
        })?;
        let client = service.blob_container_client(&place.container);
        Ok(AzblobStore { service, client, place, login: login.name(), access_ends: login.ends() })
    }
}
