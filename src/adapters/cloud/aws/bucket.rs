//! How well a bucket keeps what is in it.

mod expiry;
mod home;

use std::future::Future;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::BucketVersioningStatus;

use crate::adapters::store::Place;
use crate::ops::ports::probe::{Answer, BucketProbe, Probed};

/// A bucket of S3, looked at as its owner would.
pub struct Bucket {
    client: Client,
    name: String,
    region: String,
    /// Of the store in it, without slashes at its ends; empty for the whole bucket.
    prefix: String,
}

impl Bucket {
    pub fn new(login: &SdkConfig, place: &Place, region: &str) -> Bucket {
        let mut config = aws_sdk_s3::config::Builder::from(login)
            .force_path_style(place.path_style)
            .region(aws_sdk_s3::config::Region::new(region.to_owned()));
        if let Some(endpoint) = &place.endpoint {
            config = config.endpoint_url(endpoint);
        }
        Bucket {
            client: Client::from_conf(config.build()),
            name: place.bucket.clone(),
            region: region.to_owned(),
            prefix: place.prefix.trim_matches('/').to_owned(),
        }
    }

    async fn versions(&self) -> Answer {
        let asked = self.client.get_bucket_versioning().bucket(&self.name).send();
        ask("s3:GetBucketVersioning", asked, |answer| kept(answer.status())).await
    }

    async fn encryption(&self) -> Answer {
        let asked = self.client.get_bucket_encryption().bucket(&self.name).send();
        let absent = "ServerSideEncryptionConfigurationNotFoundError";
        ask_or("s3:GetEncryptionConfiguration", asked, absent, "the bucket encrypts nothing by itself").await
    }

    async fn privacy(&self) -> Answer {
        let asked = self.client.get_public_access_block().bucket(&self.name).send();
        let open = "the bucket does not block public access";
        ask_either("s3:GetBucketPublicAccessBlock", asked, "NoSuchPublicAccessBlockConfiguration", open, |answer| {
            let blocks = answer.public_access_block_configuration().is_some_and(|block| {
                [
                    block.block_public_acls(),
                    block.ignore_public_acls(),
                    block.block_public_policy(),
                    block.restrict_public_buckets(),
                ]
                .iter()
                .all(|on| *on == Some(true))
            });
            if blocks { Answer::Good } else { Answer::Bad(open.to_owned()) }
        })
        .await
    }
}

#[async_trait]
impl BucketProbe for Bucket {
    async fn care(&self) -> Vec<Probed> {
        let (versions, encryption, privacy) = futures::join!(self.versions(), self.encryption(), self.privacy());
        let name = &self.name;
        let probed = |what: &str, answer: Answer, fix: String| Probed { name: what.to_owned(), answer, fix };
        vec![
            probed("former versions", versions, format!("`scaler state init` makes {name} keep them")),
            probed(
                "encryption",
                encryption,
                format!("`scaler state init` encrypts {name}: states hold what Terraform knows, secrets too"),
            ),
            probed("public access blocked", privacy, format!("`scaler state init` closes {name} to the public")),
        ]
    }
}

fn kept(status: Option<&BucketVersioningStatus>) -> Answer {
    match status {
        Some(BucketVersioningStatus::Enabled) => Answer::Good,
        _ => Answer::Bad("the bucket keeps no former versions of a record or state that is overwritten".to_owned()),
    }
}

async fn ask<T, E, R>(
    action: &str,
    asked: impl Future<Output = Result<T, SdkError<E, R>>>,
    judge: impl FnOnce(T) -> Answer,
) -> Answer
where
    E: ProvideErrorMetadata,
{
    match asked.await {
        Ok(answer) => judge(answer),
        Err(error) => Answer::Unclear(match error.code() {
            Some(code) => format!("it cannot be seen: {code} from {action}"),
            None => format!("it cannot be seen: no answer to {action} that makes sense"),
        }),
    }
}

/// As [`ask`], where one error code is an answer too.
async fn ask_either<T, E, R>(
    action: &str,
    asked: impl Future<Output = Result<T, SdkError<E, R>>>,
    code: &str,
    bad: &str,
    judge: impl FnOnce(T) -> Answer,
) -> Answer
where
    E: ProvideErrorMetadata,
{
    match asked.await {
        Err(error) if error.code() == Some(code) => Answer::Bad(bad.to_owned()),
        other => ask(action, std::future::ready(other), judge).await,
    }
}

/// As [`ask_either`], where every answer is a good one.
async fn ask_or<T, E, R>(
    action: &str,
    asked: impl Future<Output = Result<T, SdkError<E, R>>>,
    code: &str,
    bad: &str,
) -> Answer
where
    E: ProvideErrorMetadata,
{
    ask_either(action, asked, code, bad, |_| Answer::Good).await
}

#[cfg(test)]
mod tests;
