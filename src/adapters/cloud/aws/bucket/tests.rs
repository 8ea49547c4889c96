//! A bucket on moto.

use super::*;
use crate::adapters::cloud::aws::moto::{Moto, login};
use crate::ops::ports::home::{StoreHome, Survey, Trait};
use aws_sdk_s3::types::{CreateBucketConfiguration, PublicAccessBlockConfiguration};

fn bucket(moto: &Moto, region: &str, name: &str) -> Bucket {
    Bucket::new(&login(region), &place(moto, name), region)
}

fn place(moto: &Moto, name: &str) -> Place {
    let endpoint = Some(moto.url().to_owned());
    Place { bucket: name.into(), prefix: "demo".into(), region: None, endpoint, path_style: true }
}

#[test]
fn only_enabled_versioning_keeps_former_versions() {
    assert_eq!(kept(Some(&BucketVersioningStatus::Enabled)), Answer::Good);
    assert!(matches!(kept(Some(&BucketVersioningStatus::Suspended)), Answer::Bad(_)));
    assert!(matches!(kept(None), Answer::Bad(_)));
}

#[tokio::test]
async fn a_bare_bucket_is_warned_about_and_a_well_kept_one_is_not() {
    scaler_lab::needs!(Moto);
    let moto = Moto::start();
    let bucket = bucket(&moto, "eu-west-1", "clusters");
    let place = CreateBucketConfiguration::builder().location_constraint("eu-west-1".into()).build();
    bucket.client.create_bucket().bucket("clusters").create_bucket_configuration(place).send().await.unwrap();
    let bare = bucket.care().await;
    let bad = |probed: &[Probed]| probed.iter().filter(|one| matches!(one.answer, Answer::Bad(_))).count();
    assert_eq!(bad(&bare), 3, "{bare:?}");

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
    bucket.mend(Trait::Versioned, None).await.unwrap();
    let kept = bucket.care().await;
    assert_eq!((bad(&kept), &kept[0].answer, &kept[2].answer), (1, &Answer::Good, &Answer::Good), "{kept:?}");

    let unclear = self::bucket(&moto, "eu-west-1", "nowhere").care().await;
    assert!(
        unclear.iter().any(|one| matches!(&one.answer, Answer::Unclear(why) if why.contains("NoSuchBucket"))),
        "{unclear:?}"
    );
}

fn lacks(survey: &Survey) -> Vec<Trait> {
    survey.lacks.iter().map(|lack| lack.of).collect()
}

#[tokio::test]
async fn a_bucket_is_made_in_its_region_private_and_encrypted_and_that_may_be_repeated() {
    scaler_lab::needs!(Moto);
    let moto = Moto::start();
    for region in ["eu-west-1", "us-east-1"] {
        let bucket = bucket(&moto, region, &format!("clusters-{region}"));
        assert_eq!(lacks(&bucket.survey(Some(30)).await.unwrap()), [Trait::There]);
        for of in [Trait::There, Trait::There, Trait::Private, Trait::Encrypted, Trait::Versioned, Trait::Expiring] {
            bucket.mend(of, Some(30)).await.unwrap();
        }
        let found = bucket.survey(Some(30)).await.unwrap();
        assert_eq!((lacks(&found), found.unclear.len()), (vec![], 0), "{found:?}");
        let place = bucket.client.get_bucket_location().bucket(&bucket.name).send().await.unwrap();
        let expected = (region != "us-east-1").then_some(region);
        assert_eq!(place.location_constraint().map(|place| place.as_str()).filter(|place| !place.is_empty()), expected);
        // A new store with the same rules for another folder leaves these alone.
        let beside = Bucket { prefix: "beside".into(), ..self::bucket(&moto, region, &bucket.name) };
        assert_eq!(lacks(&beside.survey(Some(7)).await.unwrap()), [Trait::Expiring]);
        beside.mend(Trait::Expiring, Some(7)).await.unwrap();
        assert_eq!(bucket.rules().await.unwrap().len(), 2);
        assert_eq!(lacks(&bucket.survey(Some(30)).await.unwrap()), []);
        assert_eq!(lacks(&bucket.survey(Some(31)).await.unwrap()), [Trait::Expiring]);
        assert_eq!(lacks(&bucket.survey(None).await.unwrap()), []);
    }
}

#[tokio::test]
async fn a_bucket_of_another_region_or_account_is_refused() {
    scaler_lab::needs!(Moto);
    let moto = Moto::start();
    let ours = bucket(&moto, "eu-west-1", "clusters");
    ours.mend(Trait::There, None).await.unwrap();
    let elsewhere = bucket(&moto, "eu-central-1", "clusters").survey(None).await.unwrap_err();
    assert!(elsewhere.what.contains("is in eu-west-1, and not in eu-central-1"), "{elsewhere:?}");

    let role = moto.aws("eu-west-1").sts.assume_role().role_session_name("other");
    let role = role.role_arn("arn:aws:iam::222222222222:role/other").send().await.unwrap();
    let keys = role.credentials().unwrap();
    let other = aws_credential_types::Credentials::new(
        keys.access_key_id(),
        keys.secret_access_key(),
        Some(keys.session_token().to_owned()),
        None,
        "test",
    );
    let login = login("eu-west-1").into_builder();
    let login = login.credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(other));
    let theirs = Bucket::new(&login.build(), &place(&moto, "clusters"), "eu-west-1");
    for refused in [theirs.survey(None).await.map(drop), theirs.mend(Trait::There, None).await] {
        let failure = refused.unwrap_err();
        assert!(failure.what.contains("belongs to another account"), "{failure:?}");
        assert_eq!(failure.kind, crate::model::failure::Kind::Refused);
    }
}
