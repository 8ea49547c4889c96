//! A bucket of S3, or of a server that speaks its protocol, as a store.
//!
//! Every write carries `If-None-Match: *` or `If-Match`. Conditional writes:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>.

mod connect;

mod errors;

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use crate::model::failure::{Failure, Result};
use crate::model::file::StoreSpec;
use crate::model::store_url;
use crate::ops::ports::store::lock_beside;
use crate::ops::ports::{Condition, Object, Put, Store, Version};

use crate::adapters::cloud::aws::date::ServerDate;
pub use connect::{Place, login};
use errors::Call;

/// How often a write is tried again when S3 says that another one to the same key was under way
/// (`409 ConditionalRequestConflict`), and how long to wait before the first repetition; each later one waits twice
/// as long as the one before.
const CROSSINGS: u32 = 5;
const CROSSING_PAUSE: Duration = Duration::from_millis(50);

/// A store below a prefix of a bucket.
pub struct S3Store {
    client: Client,
    place: Place,
}

impl S3Store {
    fn key(&self, key: &str) -> String {
        if self.place.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.place.prefix) }
    }

    fn call(&self, what: String, action: &'static str) -> Call<'_> {
        Call { what, action, place: &self.place }
    }

    /// Sends one conditional write. None: another write to this key crossed it, and nothing was decided.
    async fn try_put(&self, key: &str, bytes: &Bytes, condition: &Condition) -> Result<Option<Put>> {
        let request = self.client.put_object().bucket(&self.place.bucket).key(self.key(key));
        let request = match condition {
            Condition::Absent => request.if_none_match("*"),
            Condition::Is(version) => request.if_match(&version.0),
        };
        let error = match request.body(ByteStream::from(bytes.clone())).send().await {
            Ok(output) => {
                let version = self.version(key, output.e_tag())?;
                return Ok(Some(Put::Written(version)));
            }
            Err(error) => error,
        };
        let status = error.raw_response().map(|response| response.status().as_u16());
        match (status, error.code()) {
            (Some(412), _) => Ok(Some(Put::Conflict)),
            (Some(409), Some("ConditionalRequestConflict")) => Ok(None),
            // What `If-Match` answers when there is no object of that key.
            (Some(404), Some("NoSuchKey")) => Ok(Some(Put::Conflict)),
            _ => Err(self.call(format!("cannot write `{key}`"), "s3:PutObject").explain(error)),
        }
    }

    /// The ids of all versions of an object, the marks of its removal among them; the newest comes first.
    async fn versions(&self, key: &str) -> Result<Vec<String>> {
        let own = self.key(key);
        let mut found = Vec::new();
        let (mut from_key, mut from_version) = (None, None);
        loop {
            let request = self.client.list_object_versions().bucket(&self.place.bucket).prefix(&own);
            let page = request.set_key_marker(from_key).set_version_id_marker(from_version).send().await;
            let page = page.map_err(|error| {
                self.call(format!("cannot list the versions of `{key}`"), "s3:ListBucketVersions").explain(error)
            })?;
            let versions = page.versions.into_iter().flatten().map(|version| (version.key, version.version_id));
            let marks = page.delete_markers.into_iter().flatten().map(|mark| (mark.key, mark.version_id));
            let of_key = versions.chain(marks).filter(|(found, _)| found.as_deref() == Some(own.as_str()));
            found.extend(of_key.filter_map(|(_, version)| version));
            if page.is_truncated != Some(true) {
                return Ok(found);
            }
            (from_key, from_version) = (page.next_key_marker, page.next_version_id_marker);
        }
    }

    fn version(&self, key: &str, etag: Option<&str>) -> Result<Version> {
        etag.map(|etag| Version(etag.to_owned())).ok_or_else(|| {
            Failure::failed(format!("the store {} gives no ETag for `{key}`", self.url()))
                .because("without one nobody can tell whether an object was changed")
                .hint("use a store that gives ETags and honours conditional writes")
        })
    }

    /// An object's body may break off after its headers came; then it is asked for once more.
    async fn try_get(&self, key: &str) -> Result<Option<Result<Object>>> {
        let what = || format!("cannot read `{key}`");
        let date = ServerDate::default();
        let request = self.client.get_object().bucket(&self.place.bucket).key(self.key(key));
        let output = match request.customize().interceptor(date.clone()).send().await {
            Ok(output) => output,
            Err(SdkError::ServiceError(error)) if matches!(error.err(), GetObjectError::NoSuchKey(_)) => {
                return Ok(None);
            }
            Err(error) => return Err(self.call(what(), "s3:GetObject").explain(error)),
        };
        let version = self.version(key, output.e_tag())?;
        let age = output.last_modified().and_then(|written| date.since(written));
        Ok(Some(match output.body.collect().await {
            Ok(bytes) => Ok(Object { bytes: bytes.into_bytes(), version, age }),
            Err(error) => Err(Failure::failed(format!("{} of the store {}", what(), self.url()))
                .because("its content broke off on the way")
                .caused_by(&error)),
        }))
    }
}

#[async_trait]
impl Store for S3Store {
    fn url(&self) -> String {
        store_url::to_url(&StoreSpec::S3 {
            bucket: self.place.bucket.clone(),
            prefix: self.place.prefix.clone(),
            region: None,
            endpoint: None,
            path_style: false,
        })
    }

    fn address(&self) -> String {
        store_url::to_url(&StoreSpec::S3 {
            bucket: self.place.bucket.clone(),
            prefix: self.place.prefix.clone(),
            region: self.place.region.clone(),
            endpoint: self.place.endpoint.clone(),
            path_style: self.place.path_style,
        })
    }

    async fn get(&self, key: &str) -> Result<Option<Object>> {
        match self.try_get(key).await? {
            Some(Err(_)) => self.try_get(key).await?.transpose(),
            answer => answer.transpose(),
        }
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<Put> {
        let mut pause = CROSSING_PAUSE;
        for _ in 0..CROSSINGS {
            if let Some(put) = self.try_put(key, &bytes, &condition).await? {
                return Ok(put);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(Failure::failed(format!("cannot write `{key}` of the store {}", self.url()))
            .because(format!("S3 answered {CROSSINGS} times that another write to it was under way"))
            .hint("see who else writes there, and try again"))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let top = self.key("");
        let mut pages =
            self.client.list_objects_v2().bucket(&self.place.bucket).prefix(self.key(prefix)).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| self.call(format!("cannot list `{prefix}`"), "s3:ListBucket").explain(error))?;
            let keys = page.contents.into_iter().flatten().filter_map(|object| object.key);
            found.extend(keys.filter_map(|key| key.strip_prefix(&top).map(str::to_owned)));
        }
        found.sort();
        Ok(found)
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let request = self.client.delete_object().bucket(&self.place.bucket).key(self.key(key));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("NoSuchKey") => Ok(()),
            Err(error) => Err(self.call(format!("cannot delete `{key}`"), "s3:DeleteObject").explain(error)),
        }
    }

    async fn purge(&self, key: &str) -> Result<()> {
        for version in self.versions(key).await? {
            let request = self.client.delete_object().bucket(&self.place.bucket).key(self.key(key));
            if let Err(error) = request.version_id(version).send().await {
                let gone = matches!(error.code(), Some("NoSuchKey" | "NoSuchVersion"));
                if !gone {
                    let what = format!("cannot delete a version of `{key}`");
                    return Err(self.call(what, "s3:DeleteObjectVersion").explain(error));
                }
            }
        }
        Ok(())
    }

    async fn state_lock(&self, key: &str) -> Result<Option<Object>> {
        self.get(&lock_beside(key)).await
    }

    fn leases_states(&self) -> bool {
        false
    }

    async fn break_state_lock(&self, key: &str) -> Result<()> {
        self.delete(&lock_beside(key)).await
    }
}

#[cfg(test)]
mod tests;
