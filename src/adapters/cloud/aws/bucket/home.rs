//! A bucket as the home of a store: made in its region, private, versioned and encrypted.

use async_trait::async_trait;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, PublicAccessBlockConfiguration,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    VersioningConfiguration,
};

use super::{Bucket, expiry};
use crate::adapters::cloud::aws::errors;
use crate::model::failure::{Failure, Result};
use crate::ops::ports::home::{Lack, StoreHome, Survey, Trait};
use crate::ops::ports::probe::Answer;

/// The one region whose buckets are made without naming it
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>).
const UNNAMED: &str = "us-east-1";

#[async_trait]
impl StoreHome for Bucket {
    fn told(&self) -> String {
        format!("the bucket `{}` in {}", self.name, self.region)
    }

    async fn survey(&self, expire_after: Option<u32>) -> Result<Survey> {
        let mut survey = Survey::default();
        if !self.is_there().await? {
            let why = format!("there is no bucket `{}`: it would be made in {}", self.name, self.region);
            survey.lacks.push(Lack { of: Trait::There, why });
            return Ok(survey);
        }
        self.is_ours().await?;
        let (private, versions, encryption) = futures::join!(self.privacy(), self.versions(), self.encryption());
        let answers =
            [(Trait::Private, private), (Trait::Versioned, versions), (Trait::Encrypted, encryption)].into_iter();
        let expiry = match expire_after {
            Some(days) => Some((Trait::Expiring, self.expiry(days).await)),
            None => None,
        };
        for (of, answer) in answers.chain(expiry) {
            match answer {
                Answer::Good => {}
                Answer::Bad(why) => survey.lacks.push(Lack { of, why }),
                Answer::Unclear(why) => survey.unclear.push(format!("{}: {why}", of.told())),
            }
        }
        Ok(survey)
    }

    async fn mend(&self, of: Trait, expire_after: Option<u32>) -> Result<()> {
        match of {
            Trait::There => self.make().await,
            Trait::Private => self.close().await,
            Trait::Versioned => self.keep_versions().await,
            Trait::Encrypted => self.encrypt().await,
            // S3 keeps what is deleted as a former version.
            Trait::Kept => Ok(()),
            Trait::Expiring => match expire_after {
                Some(days) => self.expire(days).await,
                None => Ok(()),
            },
        }
    }
}

impl Bucket {
    async fn is_there(&self) -> Result<bool> {
        let what = format!("the bucket `{}` cannot be looked at", self.name);
        let error = match self.client.head_bucket().bucket(&self.name).send().await {
            Ok(found) => return self.in_region(found.bucket_region()).map(|()| true),
            Err(error) => error,
        };
        let status = error.raw_response().map(|response| response.status().as_u16());
        let region = error.raw_response().and_then(|response| response.headers().get("x-amz-bucket-region"));
        let region = region.map(str::to_owned);
        match status {
            Some(404) => Ok(false),
            // It is somewhere, and somebody's.
            Some(301 | 400 | 403) => self.in_region(region.as_deref()).map(|()| true),
            _ => Err(errors::explain(&what, "s3:ListBucket", error)),
        }
    }

    fn in_region(&self, found: Option<&str>) -> Result<()> {
        match found {
            Some(region) if region != self.region => {
                Err(Failure::refused(format!("the bucket `{}` is in {region}, and not in {}", self.name, self.region))
                    .hint(format!("nothing was changed; write {region} as the store's region, or another bucket")))
            }
            _ => Ok(()),
        }
    }

    /// Names of buckets are everybody's: one that the login's account does not own is another's, whoever lets us in.
    async fn is_ours(&self) -> Result<()> {
        let what = format!("it cannot be seen whose the bucket `{}` is", self.name);
        let mut pages = self.client.list_buckets().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| errors::explain(&what, "s3:ListAllMyBuckets", error))?;
            if page.buckets().iter().any(|bucket| bucket.name() == Some(&self.name)) {
                return Ok(());
            }
        }
        Err(others(&self.name))
    }

    async fn make(&self) -> Result<()> {
        let request = self.client.create_bucket().bucket(&self.name);
        let request = match self.region.as_str() {
            UNNAMED => request,
            region => {
                let place = BucketLocationConstraint::from(region);
                request.create_bucket_configuration(
                    CreateBucketConfiguration::builder().location_constraint(place).build(),
                )
            }
        };
        match request.send().await {
            Ok(_) => Ok(()),
            // Somebody of ours was faster, or an answer was lost.
            Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => Ok(()),
            Err(error) if error.code() == Some("BucketAlreadyExists") => Err(others(&self.name)),
            Err(error) => Err(self.explain("cannot be made", "s3:CreateBucket", error)),
        }
    }

    async fn close(&self) -> Result<()> {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let request = self.client.put_public_access_block().bucket(&self.name);
        let sent = request.public_access_block_configuration(block).send().await;
        sent.map(drop)
            .map_err(|error| self.explain("cannot be closed to the public", "s3:PutBucketPublicAccessBlock", error))
    }

    async fn keep_versions(&self) -> Result<()> {
        let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let sent = self.client.put_bucket_versioning().bucket(&self.name).versioning_configuration(on).send().await;
        sent.map(drop).map_err(|error| self.explain("does not keep former versions", "s3:PutBucketVersioning", error))
    }

    /// With keys of S3's own: they cost nothing and need no right of their own.
    async fn encrypt(&self) -> Result<()> {
        let by_default = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build();
        let rules = by_default.and_then(|by_default| {
            let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default).build();
            ServerSideEncryptionConfiguration::builder().rules(rule).build()
        });
        let rules = rules
            .map_err(|error| Failure::failed("the wish for encryption cannot be written down").caused_by(&error))?;
        let request = self.client.put_bucket_encryption().bucket(&self.name);
        let sent = request.server_side_encryption_configuration(rules).send().await;
        sent.map(drop).map_err(|error| self.explain("is not encrypted", "s3:PutEncryptionConfiguration", error))
    }

    async fn expiry(&self, days: u32) -> Answer {
        match self.rules().await {
            Ok(rules) => expiry::judge(&rules, &self.prefix, days),
            Err(failure) => Answer::Unclear(failure.to_string()),
        }
    }

    async fn expire(&self, days: u32) -> Result<()> {
        let rules = expiry::with_ours(self.rules().await?, &self.prefix, days)?;
        let request = self.client.put_bucket_lifecycle_configuration().bucket(&self.name);
        let sent = request.lifecycle_configuration(rules).send().await;
        sent.map(drop).map_err(|error| {
            self.explain("did not take the rule for former versions", "s3:PutLifecycleConfiguration", error)
        })
    }

    /// The bucket's own rules about the lives of objects: others' may be among them.
    pub(super) async fn rules(&self) -> Result<Vec<aws_sdk_s3::types::LifecycleRule>> {
        match self.client.get_bucket_lifecycle_configuration().bucket(&self.name).send().await {
            Ok(found) => Ok(found.rules.unwrap_or_default()),
            Err(error) if error.code() == Some("NoSuchLifecycleConfiguration") => Ok(Vec::new()),
            Err(error) => Err(self.explain("does not show its rules", "s3:GetLifecycleConfiguration", error)),
        }
    }

    fn explain<E>(
        &self,
        what: &str,
        action: &str,
        error: SdkError<E, aws_sdk_s3::config::http::HttpResponse>,
    ) -> Failure
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        errors::explain(&format!("the bucket `{}` {what}", self.name), action, error)
    }
}

fn others(bucket: &str) -> Failure {
    Failure::refused(format!("the bucket `{bucket}` belongs to another account"))
        .because("every bucket's name is taken once in all of AWS, and who owns it can read and change what is in it")
        .hint("nothing was changed; take another name, or log in to the account of this bucket")
}
