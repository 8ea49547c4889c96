//! How well a container keeps what is in it, as far as whoever uses it can tell. Encryption is not asked after: Azure
//! Storage encrypts everything (<https://learn.microsoft.com/azure/storage/common/storage-service-encryption>).

use async_trait::async_trait;
use azure_core::error::Error;
use azure_storage_blob::models::{BlobClientGetPropertiesResultHeaders, BlobContainerClientGetPropertiesResultHeaders};

use super::AzblobStore;
use super::errors::Code;
use crate::model::lock;
use crate::ops::ports::probe::{Answer, BucketProbe, Probed};

impl AzblobStore {
    async fn privacy(&self) -> Answer {
        let open = |level: &str| Answer::Bad(format!("anybody may read it without a login (its access is {level})"));
        match self.client.get_properties(None).await.and_then(|answer| answer.access()) {
            Ok(None) => Answer::Good,
            Ok(Some(level)) => open(level.as_ref()),
            Err(error) => unclear(&error),
        }
    }

    /// Versions are the account's setting, which only its managers may read; but each object of such an account has one.
    async fn versions(&self) -> Answer {
        let known = self.client.blob_client(&self.key(lock::KEY));
        match known.get_properties(None).await.and_then(|answer| answer.version_id()) {
            Ok(Some(_)) => Answer::Good,
            Ok(None) => Answer::Bad("no former versions are kept of a record or state that is overwritten".to_owned()),
            Err(error) if Code::of(&error).is_absence() => {
                Answer::Unclear("it can be seen after the first operation".to_owned())
            }
            Err(error) => unclear(&error),
        }
    }

    async fn deleted(&self) -> Answer {
        let answer = self.service.get_properties(None).await.and_then(|answer| answer.into_model());
        match answer.map(|found| found.delete_retention_policy.and_then(|policy| policy.enabled)) {
            Ok(Some(true)) => Answer::Good,
            Ok(_) => Answer::Bad("what is deleted is gone at once".to_owned()),
            Err(error) => unclear(&error),
        }
    }
}

fn unclear(error: &Error) -> Answer {
    Answer::Unclear(format!("it cannot be seen: {}", Code::of(error).told()))
}

#[async_trait]
impl BucketProbe for AzblobStore {
    async fn care(&self) -> Vec<Probed> {
        let (privacy, versions, deleted) = futures::join!(self.privacy(), self.versions(), self.deleted());
        let (account, container) = (&self.place.account, &self.place.container);
        let probed = |name: &str, answer: Answer, fix: String| Probed { name: name.to_owned(), answer, fix };
        let service = format!("az storage account blob-service-properties update --account-name {account}");
        vec![
            probed("former versions", versions, format!("{service} --enable-versioning true")),
            probed(
                "deleted objects kept",
                deleted,
                format!("{service} --enable-delete-retention true --delete-retention-days 30"),
            ),
            probed(
                "public access blocked",
                privacy,
                format!(
                    "az storage container set-permission --account-name {account} --name {container} --public-access off"
                ),
            ),
        ]
    }
}
