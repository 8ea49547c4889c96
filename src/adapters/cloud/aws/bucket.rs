//! How well a bucket keeps what is in it.

use std::future::Future;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::BucketVersioningStatus;

use crate::ops::ports::probe::{Answer, BucketProbe, Probed};

/// A bucket of S3, looked at as its owner would.
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    pub fn new(
        login: &SdkConfig,
        name: &str,
        region: Option<&str>,
        endpoint: Option<&str>,
        path_style: bool,
    ) -> Bucket {
        let mut config = aws_sdk_s3::config::Builder::from(login).force_path_style(path_style);
        if let Some(region) = region {
            config = config.region(aws_sdk_s3::config::Region::new(region.to_owned()));
        }
        if let Some(endpoint) = endpoint {
            config = config.endpoint_url(endpoint);
        }
        Bucket { client: Client::from_conf(config.build()), name: name.to_owned() }
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
            probed(
                "former versions",
                versions,
                format!("aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled"),
            ),
            probed(
                "encryption",
                encryption,
                format!("switch default encryption on for {name}: states hold what Terraform knows, secrets too"),
            ),
            probed("public access blocked", privacy, format!("switch all four of `Block public access` on for {name}")),
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
mod tests {
    use super::*;
    use crate::adapters::cloud::aws::moto::{Moto, login};
    use aws_sdk_s3::types::{CreateBucketConfiguration, PublicAccessBlockConfiguration};

    #[test]
    fn only_enabled_versioning_keeps_former_versions() {
        assert_eq!(kept(Some(&BucketVersioningStatus::Enabled)), Answer::Good);
        assert!(matches!(kept(Some(&BucketVersioningStatus::Suspended)), Answer::Bad(_)));
        assert!(matches!(kept(None), Answer::Bad(_)));
    }

    /// Versioning apart: moto's answer to that has another root element than S3's.
    #[tokio::test]
    async fn a_bare_bucket_is_warned_about_and_a_well_kept_one_is_not() {
        scaler_lab::needs!(Moto);
        let moto = Moto::start();
        let bucket = Bucket::new(&login("eu-west-1"), "clusters", Some("eu-west-1"), Some(moto.url()), true);
        let place = CreateBucketConfiguration::builder().location_constraint("eu-west-1".into()).build();
        bucket.client.create_bucket().bucket("clusters").create_bucket_configuration(place).send().await.unwrap();
        let bare = bucket.care().await;
        let bad = |probed: &[Probed]| probed.iter().filter(|one| matches!(one.answer, Answer::Bad(_))).count();
        assert_eq!(bad(&bare), 2, "{bare:?}");

        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        bucket
            .client
            .put_public_access_block()
            .bucket("clusters")
            .public_access_block_configuration(block)
            .send()
            .await
            .unwrap();
        let kept = bucket.care().await;
        assert_eq!((bad(&kept), &kept[2].answer), (1, &Answer::Good), "{kept:?}");

        let missing = Bucket::new(&login("eu-west-1"), "nowhere", Some("eu-west-1"), Some(moto.url()), true);
        let unclear = missing.care().await;
        assert!(
            unclear.iter().any(|one| matches!(&one.answer, Answer::Unclear(why) if why.contains("NoSuchBucket"))),
            "{unclear:?}"
        );
    }
}
