//! The lock that Terraform's `azurerm` backend has on a state: a lease of the blob itself, with what Terraform says of it
//! in the blob's metadata (`internal/backend/remote-state/azure/client.go` of both flavours).

use azure_core::base64;
use azure_storage_blob::models::{BlobClientGetPropertiesResultHeaders, LeaseStatus};
use bytes::Bytes;

use super::AzblobStore;
use super::errors::Code;
use crate::model::failure::Result;

/// The name of that metadata.
const NAME: &str = "terraformlockid";

impl AzblobStore {
    /// None if there is no lease. Empty if nothing is said of it, or nothing that can be read.
    pub(super) async fn lease_of(&self, key: &str) -> Result<Option<Bytes>> {
        let what = format!("cannot look at the lock of `{key}`");
        let blob = self.client.blob_client(&self.key(key));
        let found = match self.within(&what, blob.get_properties(None)).await? {
            Ok(answer) => answer.lease_status().and_then(|status| Ok((status, answer.metadata()?))),
            Err(error) if Code::of(&error).is_absence() => return Ok(None),
            Err(error) => Err(error),
        };
        let (status, metadata) = found.map_err(|error| self.call(what).explain(&error))?;
        if status != Some(LeaseStatus::Locked) {
            return Ok(None);
        }
        let told = metadata.iter().find(|(name, _)| name.eq_ignore_ascii_case(NAME));
        Ok(Some(told.and_then(|(_, text)| base64::decode(text).ok()).map(Bytes::from).unwrap_or_default()))
    }
}
