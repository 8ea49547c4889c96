//! How well a container keeps what is in it, as far as whoever uses it can tell.

use async_trait::async_trait;
use azure_core::error::Error;
use azure_core::http::{NoFormat, Response};
use azure_storage_blob::models::{
    BlobClientGetPropertiesResult, BlobClientGetPropertiesResultHeaders, BlobContainerClientGetPropertiesResultHeaders,
};

use super::AzblobStore;
use super::errors::Code;
use crate::model::lock;
use crate::ops::ports::probe::{Answer, BucketProbe, Probed};

impl AzblobStore {
    pub(super) async fn privacy(&self) -> Answer {
        let open = |level: &str| Answer::Bad(format!("anybody may read it without a login (its access is {level})"));
        match self.client.get_properties(None).await.and_then(|answer| answer.access()) {
            Ok(None) => Answer::Good,
            Ok(Some(level)) => open(level.as_ref()),
            Err(error) => unclear(&error),
        }
    }

    /// Versions are the account's setting, which only its managers may read; but each object of such an account has one.
    pub(super) async fn versions(&self) -> Answer {
        match self.of_an_object(|known| known.version_id()).await {
            Ok(Some(_)) => Answer::Good,
            Ok(None) => Answer::Bad("no former versions are kept of a record or state that is overwritten".to_owned()),
            Err(answer) => answer,
        }
    }

    /// Azure Storage encrypts everything, and tells so of each object
    /// (<https://learn.microsoft.com/azure/storage/common/storage-service-encryption>).
    pub(super) async fn encryption(&self) -> Answer {
        match self.of_an_object(|known| known.is_server_encrypted()).await {
            Ok(Some(true)) => Answer::Good,
            Ok(Some(false)) => Answer::Bad("the service says that it does not encrypt what it keeps".to_owned()),
            Ok(None) => Answer::Unclear("it cannot be seen: the service does not tell".to_owned()),
            Err(answer) => answer,
        }
    }

    /// What is told of the one object that every store has, once there was an operation.
    async fn of_an_object<T>(
        &self,
        tell: impl FnOnce(&Properties) -> azure_core::Result<Option<T>>,
    ) -> Result<Option<T>, Answer> {
        let known = self.client.blob_client(&self.key(lock::KEY));
        known.get_properties(None).await.and_then(|answer| tell(&answer)).map_err(|error| {
            match Code::of(&error).is_absence() {
                true => Answer::Unclear("it can be seen after the first operation".to_owned()),
                false => unclear(&error),
            }
        })
    }

    /// A setting of the account, which others' containers share.
    pub(super) async fn deleted(&self) -> Answer {
        let answer = self.service.get_properties(None).await.and_then(|answer| answer.into_model());
        match answer.map(|found| found.delete_retention_policy.and_then(|policy| policy.enabled)) {
            Ok(Some(true)) => Answer::Good,
            Ok(_) => Answer::Bad("what is deleted in this storage account is gone at once".to_owned()),
            Err(error) => unclear(&error),
        }
    }
}

type Properties = Response<BlobClientGetPropertiesResult, NoFormat>;

fn unclear(error: &Error) -> Answer {
    Answer::Unclear(format!("it cannot be seen: {}", Code::of(error).told()))
}

#[async_trait]
impl BucketProbe for AzblobStore {
    async fn care(&self) -> Vec<Probed> {
        let (privacy, versions, deleted, encryption) =
            futures::join!(self.privacy(), self.versions(), self.deleted(), self.encryption());
        let container = &self.place.container;
        let probed = |name: &str, answer: Answer, fix: String| Probed { name: name.to_owned(), answer, fix };
        vec![
            probed("former versions", versions, self.switch_versions_on()),
            probed("encryption", encryption, "look at `Encryption` of the account in Azure's portal".to_owned()),
            probed(
                "deleted objects kept",
                deleted,
                "`scaler state init` has the whole storage account keep them".to_owned(),
            ),
            probed("public access blocked", privacy, format!("`scaler state init` closes {container} to the public")),
        ]
    }
}
