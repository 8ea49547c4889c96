//! A container of Azure Blob Storage as a store.
//!
//! Every write is one `Put Blob` with `If-None-Match: *` or `If-Match`, so it takes effect whole or not at all:
//! <https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations>.

mod care;
mod connect;
mod errors;
mod home;
mod login;
mod place;
mod shared_key;
mod state_lock;
mod wire;

use std::future::Future;
use std::num::NonZero;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::headers::{HeaderName, Headers, LAST_MODIFIED};
use azure_core::http::{Etag, RequestContent};
use azure_core::time::parse_rfc7231;
use azure_storage_blob::models::{
    BlobClientDeleteOptions, BlobClientDownloadOptions, BlobClientUploadOptions, BlobContainerClientListBlobsOptions,
    BlobItem, ListBlobsIncludeItem,
};
use azure_storage_blob::{BlobContainerClient, BlobServiceClient};
use bytes::Bytes;
use futures::TryStreamExt;

use crate::model::failure::{Failure, Result};
use crate::model::file::StoreSpec;
use crate::model::store_url;
use crate::ops::ports::{Condition, Object, Put, Store, Version};

use errors::{Call, Code};
pub use login::Login;
pub use place::Place;

/// Objects up to this size, in bytes, are read and written by one request each, so that one condition covers the whole
/// content. The largest that a store holds, a state or a record, has some tens of megabytes.
const WHOLE: usize = 256 * 1024 * 1024;

/// So many keys come with one answer to a list, as on S3: Azure would give five times as many.
const PAGE: i32 = 1000;

/// A store below a prefix of a container.
pub struct AzblobStore {
    service: BlobServiceClient,
    /// Of the container.
    client: BlobContainerClient,
    place: Place,
    /// Whose access is used, for people.
    login: &'static str,
    access_ends: Option<jiff::Timestamp>,
}

impl AzblobStore {
    fn key(&self, key: &str) -> String {
        if self.place.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.place.prefix) }
    }

    fn call(&self, what: String) -> Call<'_> {
        Call { what, place: &self.place, login: self.login }
    }

    /// Bounds one call with all its tries. The outer error is that it took too long.
    async fn within<T>(&self, what: &str, call: impl Future<Output = azure_core::Result<T>>) -> Result<Answer<T>> {
        tokio::time::timeout(connect::OPERATION, call).await.map_err(|_| self.call(what.to_owned()).timed_out())
    }

    /// The ids of the former versions of a blob.
    async fn versions_of(&self, key: &str) -> Result<Vec<String>> {
        let what = format!("cannot list the versions of `{key}`");
        let own = self.key(key);
        let options = BlobContainerClientListBlobsOptions {
            prefix: Some(own.clone()),
            include: Some(vec![ListBlobsIncludeItem::Versions]),
            ..Default::default()
        };
        self.list_blobs(what, options, |item| item.version_id.filter(|_| item.name.as_deref() == Some(own.as_str())))
            .await
    }

    /// What is wanted of each blob, over all pages.
    async fn list_blobs(
        &self,
        what: String,
        options: BlobContainerClientListBlobsOptions<'_>,
        wanted: impl Fn(BlobItem) -> Option<String>,
    ) -> Result<Vec<String>> {
        let listed = self.client.list_blobs(Some(options)).map_err(|error| self.call(what.clone()).explain(&error))?;
        let mut pages = listed.into_pages();
        let mut found = Vec::new();
        loop {
            let page = match self.within(&what, pages.try_next()).await? {
                Ok(Some(page)) => page.into_model().map_err(|error| self.call(what.clone()).explain(&error))?,
                Ok(None) => return Ok(found),
                Err(error) => return Err(self.call(what).explain(&error)),
            };
            found.extend(page.blob_items.into_iter().filter_map(&wanted));
        }
    }

    fn version(&self, key: &str, etag: Option<Etag>) -> Result<Version> {
        etag.map(|etag| Version(etag.to_string())).ok_or_else(|| {
            Failure::failed(format!("the store {} gives no ETag for `{key}`", self.url()))
                .because("without one nobody can tell whether an object was changed")
                .hint("use a store that gives ETags and honours conditional writes")
        })
    }

    /// A blob's body may break off after its headers came; then it is asked for once more.
    async fn try_get(&self, key: &str) -> Result<Option<Result<Object>>> {
        let what = format!("cannot read `{key}`");
        let blob = self.client.blob_client(&self.key(key));
        let options = BlobClientDownloadOptions { partition_size: NonZero::new(WHOLE), ..Default::default() };
        let answer = match self.within(&what, blob.download(Some(options))).await? {
            Ok(answer) => answer,
            Err(error) if Code::of(&error).is(404, "BlobNotFound") => return Ok(None),
            Err(error) => return Err(self.call(what).explain(&error)),
        };
        let version = self.version(key, answer.properties.etag)?;
        let age = age(&answer.headers);
        let body = tokio::time::timeout(connect::OPERATION, answer.body.collect()).await;
        let broken = |failure: Failure| failure.because("its content broke off on the way");
        Ok(Some(match body {
            Ok(Ok(bytes)) => Ok(Object { bytes, version, age }),
            Ok(Err(_)) => Err(broken(Failure::failed(format!("{what} of the store {}", self.url())))),
            Err(_) => Err(self.call(what).timed_out()),
        }))
    }
}

/// When an answer was given, by the server's clock.
const DATE: HeaderName = HeaderName::from_static("date");

type Answer<T> = azure_core::Result<T>;

/// How old an object is by the server's own clock, to a second.
fn age(headers: &Headers) -> Option<Duration> {
    let time = |name| headers.get_optional_str(&name).and_then(|text| parse_rfc7231(text).ok());
    let seconds = time(DATE)?.unix_timestamp() - time(LAST_MODIFIED)?.unix_timestamp();
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
}

/// Where names are real folders (a hierarchical namespace), a list has these too. They are no objects.
fn is_folder(item: &BlobItem) -> bool {
    let values = item.metadata.as_ref().and_then(|metadata| metadata.values.as_ref());
    values.is_some_and(|values| values.get("hdi_isfolder").is_some_and(|value| value == "true"))
}

#[async_trait]
impl Store for AzblobStore {
    fn url(&self) -> String {
        store_url::to_url(&StoreSpec::Azblob {
            account: self.place.account.clone(),
            container: self.place.container.clone(),
            prefix: self.place.prefix.clone(),
            endpoint: None,
        })
    }

    fn address(&self) -> String {
        store_url::to_url(&StoreSpec::Azblob {
            account: self.place.account.clone(),
            container: self.place.container.clone(),
            prefix: self.place.prefix.clone(),
            endpoint: self.place.endpoint.clone(),
        })
    }

    fn access_ends(&self) -> Option<jiff::Timestamp> {
        self.access_ends
    }

    async fn get(&self, key: &str) -> Result<Option<Object>> {
        match self.try_get(key).await? {
            Some(Err(_)) => self.try_get(key).await?.transpose(),
            answer => answer.transpose(),
        }
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<Put> {
        let what = format!("cannot write `{key}`");
        let blob = self.client.blob_client(&self.key(key));
        let mut options = BlobClientUploadOptions { partition_size: NonZero::new(WHOLE as u64), ..Default::default() };
        match &condition {
            Condition::Absent => options.if_none_match = Some("*".into()),
            Condition::Is(version) => options.if_match = Some(version.0.as_str().into()),
        }
        let error = match self.within(&what, blob.upload(RequestContent::from(bytes.to_vec()), Some(options))).await? {
            Ok(answer) => return Ok(Put::Written(self.version(key, answer.etag)?)),
            Err(error) => error,
        };
        let code = Code::of(&error);
        // The last is what `If-Match` may answer when there is no such blob.
        let refused = [(409, "BlobAlreadyExists"), (412, "ConditionNotMet"), (404, "BlobNotFound")];
        if refused.iter().any(|(status, name)| code.is(*status, name)) {
            return Ok(Put::Conflict);
        }
        Err(self.call(what).explain(&error))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let what = format!("cannot list `{prefix}`");
        let top = self.key("");
        let options = BlobContainerClientListBlobsOptions {
            prefix: Some(self.key(prefix)),
            include: Some(vec![ListBlobsIncludeItem::Metadata]),
            maxresults: Some(PAGE),
            ..Default::default()
        };
        let wanted = |item: BlobItem| match is_folder(&item) {
            true => None,
            false => item.name?.strip_prefix(&top).map(str::to_owned),
        };
        let mut found = self.list_blobs(what, options, wanted).await?;
        found.sort();
        Ok(found)
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let what = format!("cannot delete `{key}`");
        let blob = self.client.blob_client(&self.key(key));
        match self.within(&what, blob.delete(None)).await? {
            Ok(_) => Ok(()),
            Err(error) if Code::of(&error).is(404, "BlobNotFound") => Ok(()),
            Err(error) => Err(self.call(what).explain(&error)),
        }
    }

    /// What an account keeps of deleted blobs for some days (soft delete) cannot be taken away before that.
    async fn purge(&self, key: &str) -> Result<()> {
        self.delete(key).await?;
        let what = format!("cannot delete a version of `{key}`");
        for version in self.versions_of(key).await? {
            let options = BlobClientDeleteOptions { version_id: Some(version), ..Default::default() };
            match self.within(&what, self.client.blob_client(&self.key(key)).delete(Some(options))).await? {
                Ok(_) => {}
                Err(error) if Code::of(&error).is_absence() => {}
                Err(error) => return Err(self.call(what).explain(&error)),
            }
        }
        Ok(())
    }

    async fn state_lock(&self, key: &str) -> Result<Option<Object>> {
        self.lease(key).await
    }

    fn leases_states(&self) -> bool {
        true
    }

    async fn break_state_lock(&self, key: &str) -> Result<()> {
        self.break_lease(key).await
    }
}

#[cfg(test)]
mod tests;
