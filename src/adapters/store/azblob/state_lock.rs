//! Terraform's lock on a state in a container: an endless lease of the state's blob, whose holder stands in the blob's
//! metadata (internal/backend/remote-state/azure of both). It outlives a Terraform that is killed.

use azure_core::base64;
use azure_storage_blob::models::{BlobClientGetPropertiesResultHeaders, LeaseStatus};
use bytes::Bytes;

use super::errors::Code;
use super::{AzblobStore, age};
use crate::model::failure::Result;
use crate::ops::ports::Object;

/// The metadata in which Terraform names the holder: JSON, as base64.
const HOLDER: &str = "terraformlockid";

impl AzblobStore {
    pub(super) async fn lease(&self, key: &str) -> Result<Option<Object>> {
        let what = format!("cannot look at Terraform's lock on `{key}`");
        let blob = self.client.blob_client(&self.key(key));
        let answer = match self.within(&what, blob.get_properties(None)).await? {
            Ok(answer) => answer,
            Err(error) if Code::of(&error).is_absence() => return Ok(None),
            Err(error) => return Err(self.call(what).explain(&error)),
        };
        let broken = |error: azure_core::Error| self.call(what.clone()).explain(&error);
        if answer.lease_status().map_err(broken)? != Some(LeaseStatus::Locked) {
            return Ok(None);
        }
        let metadata = answer.metadata().map_err(broken)?;
        let holder = metadata.iter().find(|(name, _)| name.eq_ignore_ascii_case(HOLDER));
        let text = holder.and_then(|(_, text)| base64::decode(text).ok()).unwrap_or_default();
        let etag = answer.headers().get_optional_str(&azure_core::http::headers::ETAG).map(|etag| etag.into());
        let version = self.version(key, etag)?;
        Ok(Some(Object { bytes: Bytes::from(text), version, age: age(answer.headers()) }))
    }

    pub(super) async fn break_lease(&self, key: &str) -> Result<()> {
        let what = format!("cannot break Terraform's lock on `{key}`");
        let blob = self.client.blob_client(&self.key(key));
        match self.within(&what, blob.break_lease(None)).await? {
            Ok(_) => Ok(()),
            Err(error) if Code::of(&error).is(409, "LeaseNotPresentWithLeaseOperation") => Ok(()),
            Err(error) => Err(self.call(what).explain(&error)),
        }
    }
}
