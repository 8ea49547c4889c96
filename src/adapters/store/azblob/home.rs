//! A container as the home of a store: made private, with deleted objects kept. What only the account's managers can set
//! is told with the command that sets it.

use async_trait::async_trait;
use azure_core::error::Error;
use azure_storage_blob::models::{BlobContainerClientSetAccessPolicyOptions, BlobServiceProperties, RetentionPolicy};

use super::errors::Code;
use super::{Answer as Answered, AzblobStore};
use crate::model::failure::{Failure, Kind, Result};
use crate::ops::ports::home::{Lack, StoreHome, Survey, Trait};
use crate::ops::ports::probe::Answer;

/// How long deleted objects are kept, in days, where nothing is kept until now.
const KEPT_DAYS: i32 = 30;

#[async_trait]
impl StoreHome for AzblobStore {
    fn told(&self) -> String {
        format!("the container `{}` of the storage account `{}`", self.place.container, self.place.account)
    }

    async fn survey(&self, expire_after: Option<u32>) -> Result<Survey> {
        if expire_after.is_some() {
            let what = "in Azure a rule for former versions is the storage account's, and is not set from here";
            return Err(Failure::new(Kind::Usage, what).hint(format!(
                "leave --expire-versions out, and see `az storage account management-policy create --account-name {}`",
                self.place.account
            )));
        }
        if !self.is_there().await? {
            let why = format!("there is no such container in the storage account `{}`", self.place.account);
            return Ok(Survey { lacks: vec![Lack { of: Trait::There, why }], ..Survey::default() });
        }
        let (private, deleted, versions, encryption) =
            futures::join!(self.privacy(), self.deleted(), self.versions(), self.encryption());
        let mut survey = Survey::default();
        for (of, answer) in [(Trait::Private, private), (Trait::Kept, deleted)] {
            match answer {
                Answer::Good => {}
                Answer::Bad(why) => survey.lacks.push(Lack { of, why }),
                Answer::Unclear(why) => survey.unclear.push(format!("{}: {why}", of.told())),
            }
        }
        for (of, answer, way) in [
            (Trait::Versioned, versions, self.switch_versions_on()),
            (Trait::Encrypted, encryption, "look at `Encryption` of the account in Azure's portal".to_owned()),
        ] {
            match answer {
                Answer::Good => {}
                Answer::Bad(why) => survey.by_hand.push(format!("{why}; whoever manages the account: {way}")),
                Answer::Unclear(why) => survey.unclear.push(format!("{}: {why}; if not: {way}", of.told())),
            }
        }
        Ok(survey)
    }

    async fn mend(&self, of: Trait, _expire_after: Option<u32>) -> Result<()> {
        match of {
            Trait::There => self.make().await,
            Trait::Private => self.close().await,
            Trait::Kept => self.keep_deleted().await,
            // Never among what is missing here.
            Trait::Versioned | Trait::Encrypted | Trait::Expiring => Ok(()),
        }
    }
}

impl AzblobStore {
    async fn is_there(&self) -> Result<bool> {
        let what = "cannot look at the container".to_owned();
        match self.within(&what, self.client.get_properties(None)).await? {
            Ok(_) => Ok(true),
            // Without a body, and so on some servers without a code too.
            Err(error) if Code::of(&error).has_status(404) => Ok(false),
            Err(error) => Err(self.call(what).explain(&error)),
        }
    }

    /// A new one is closed to the public unless that is asked for.
    async fn make(&self) -> Result<()> {
        let what = "cannot make the container".to_owned();
        match self.within(&what, self.client.create(None)).await? {
            Ok(_) => Ok(()),
            // Somebody of ours was faster, or an answer was lost.
            Err(error) if Code::of(&error).is(409, "ContainerAlreadyExists") => Ok(()),
            Err(error) => Err(self.call(what).explain(&error).hint(format!(
                "a SAS token makes one only if it is for the whole account; another way: az storage container create --account-name {} --name {} --auth-mode login",
                self.place.account, self.place.container
            ))),
        }
    }

    /// The policies that are stored with the container stay; they are given in the same request.
    async fn close(&self) -> Result<()> {
        let what = "cannot close the container to the public".to_owned();
        let failed = |error: Error| self.call(what.clone()).explain(&error).hint(self.close_by_hand());
        let policies = self.within(&what, self.client.get_access_policy(None)).await?.map_err(&failed)?;
        let policies = policies.into_model().and_then(TryInto::try_into).map_err(&failed)?;
        let options = BlobContainerClientSetAccessPolicyOptions { access: None, ..Default::default() };
        let closed = self.within(&what, self.client.set_access_policy(policies, Some(options))).await?;
        closed.map(drop).map_err(failed)
    }

    /// What is left out of the request stays as it is
    /// (<https://learn.microsoft.com/rest/api/storageservices/set-blob-service-properties#remarks>).
    async fn keep_deleted(&self) -> Result<()> {
        let what = "cannot have deleted objects kept".to_owned();
        let failed = |error: Error| self.call(what.clone()).explain(&error).hint(self.keep_by_hand());
        let policy = RetentionPolicy { enabled: Some(true), days: Some(KEPT_DAYS), ..Default::default() };
        let wish = BlobServiceProperties { delete_retention_policy: Some(policy), ..Default::default() };
        let wish = wish.try_into().map_err(&failed)?;
        let kept: Answered<_> = self.within(&what, self.service.set_properties(wish, None)).await?;
        kept.map(drop).map_err(failed)
    }

    fn service_command(&self) -> String {
        format!("az storage account blob-service-properties update --account-name {}", self.place.account)
    }

    pub(super) fn switch_versions_on(&self) -> String {
        format!("{} --enable-versioning true", self.service_command())
    }

    fn keep_by_hand(&self) -> String {
        let command = self.service_command();
        format!(
            "it is a setting of the whole account: {command} --enable-delete-retention true --delete-retention-days {KEPT_DAYS}"
        )
    }

    fn close_by_hand(&self) -> String {
        let (account, container) = (&self.place.account, &self.place.container);
        format!(
            "no SAS token can do that; the account's key can (AZURE_STORAGE_KEY), and: az storage container set-permission --account-name {account} --name {container} --public-access off"
        )
    }
}
