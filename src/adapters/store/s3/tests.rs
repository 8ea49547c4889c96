//! The store on moto's S3.

use std::sync::Arc;

use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use scaler_lab::{Fault, FaultProxy, VersityGateway};

use super::*;
use crate::adapters::clock::SystemClock;
use crate::adapters::cloud::aws::moto::{Moto, SECRET, login};
use crate::model::failure::Kind;
use crate::ops::proof;
use crate::ops::testing::conformance;

const BUCKET: &str = "acme-clusters";

fn place(url: &str) -> Place {
    Place {
        bucket: BUCKET.into(),
        prefix: "team/demo".into(),
        region: Some("eu-west-1".into()),
        endpoint: Some(url.into()),
        path_style: true,
    }
}

/// A server with a bucket, and the store below a prefix of it.
async fn moto() -> (Moto, S3Store) {
    let moto = Moto::start();
    let store = S3Store::new(&login("eu-west-1"), place(moto.url())).unwrap();
    let region = aws_sdk_s3::types::BucketLocationConstraint::EuWest1;
    let configuration = aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(region).build();
    store.client.create_bucket().bucket(BUCKET).create_bucket_configuration(configuration).send().await.unwrap();
    (moto, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_a_store() {
    scaler_lab::needs!(Moto);
    let (moto, store) = moto().await;
    conformance::all(Arc::new(store), 50).await;
    let proxy = FaultProxy::before(moto.url());
    let store = S3Store::new(&login("eu-west-1"), place(&proxy.url())).unwrap();
    conformance::faults::all(&store, &proxy, "SlowDown").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_a_store_on_versitys_gateway() {
    scaler_lab::needs!(Versity);
    let gateway = VersityGateway::start();
    let credentials =
        Credentials::new(VersityGateway::ACCESS_KEY, VersityGateway::SECRET_KEY, None, None, "Versity's gateway");
    let login = login(VersityGateway::REGION)
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let store = S3Store::new(&login, place(&gateway.url())).unwrap();
    store.client.create_bucket().bucket(BUCKET).send().await.unwrap();
    let store = Arc::new(store);
    conformance::all(store.clone(), 50).await;
    conformance::faults::all(store.as_ref(), gateway.proxy(), "SlowDown").await;
}

#[tokio::test]
async fn keeps_to_its_prefix() {
    scaler_lab::needs!(Moto);
    let (moto, store) = moto().await;
    let whole = S3Store::new(&login("eu-west-1"), Place { prefix: "/".into(), ..place(moto.url()) }).unwrap();
    whole.put("team/demo-two/x", Bytes::from("x"), Condition::Absent).await.unwrap();
    store.put("a/x", Bytes::from("x"), Condition::Absent).await.unwrap();
    assert_eq!(store.list("").await.unwrap(), ["a/x"]);
    assert_eq!(whole.list("").await.unwrap(), ["team/demo-two/x", "team/demo/a/x"]);
    assert_eq!(store.url(), "s3://acme-clusters/team/demo");
}

#[tokio::test]
async fn tells_ages_by_the_servers_clock() {
    scaler_lab::needs!(Moto);
    let (_moto, store) = moto().await;
    store.put("x", Bytes::from("x"), Condition::Absent).await.unwrap();
    let age = store.get("x").await.unwrap().unwrap().age;
    assert!(age.is_some_and(|age| age < Duration::from_secs(30)), "{age:?}");
}

#[tokio::test]
async fn a_missing_bucket_is_named() {
    scaler_lab::needs!(Moto);
    let (moto, _) = moto().await;
    let place = Place { bucket: "nobodys".into(), ..place(moto.url()) };
    let store = S3Store::new(&login("eu-west-1"), place).unwrap();
    let put = store.put("x", Bytes::from("x"), Condition::Absent).await.unwrap_err();
    for failure in [store.get("x").await.unwrap_err(), store.list("a/").await.unwrap_err(), put] {
        assert_eq!(failure.kind, Kind::Failed);
        assert!(failure.causes.join("\n").contains("there is no bucket `nobodys`"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_and_no_secret_is() {
    // A port that was free a moment ago, and that nobody listens on.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let store = S3Store::new(&login("eu-west-1"), place(&format!("http://{free}"))).unwrap();
    let failure = store.get("x").await.unwrap_err();
    let text = format!("{failure:?}");
    assert!(text.contains(&format!("the server at http://{free} does not answer s3:GetObject")), "{text}");
    assert!(!text.contains(SECRET), "{text}");
}

#[tokio::test]
async fn an_unknown_region_is_asked_for() {
    let login = aws_config::SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::v2026_01_12()).build();
    let failure = S3Store::new(&login, Place { region: None, ..place("http://127.0.0.1:9") }).err().unwrap();
    assert!(failure.what.contains("region of the bucket `acme-clusters`"), "{failure:?}");
}

/// What a gateway would do that does not know conditional writes.
#[tokio::test]
async fn a_server_that_ignores_conditions_is_found_out() {
    scaler_lab::needs!(Moto);
    let (moto, direct) = moto().await;
    let proxy = FaultProxy::before(moto.url());
    proxy.order(Fault::strip("If-").always());
    let careless = S3Store::new(&login("eu-west-1"), place(&proxy.url())).unwrap();
    let clock = SystemClock;
    proof::assure(&direct, &clock).await.unwrap();
    let failure = proof::assure(&careless, &clock).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Refused, "what was proven by another way does not count: {failure:?}");
    assert!(failure.what.contains("it made an object that was there already"), "{failure:?}");
    assert!(proof::is_proven(&direct).await.unwrap());
}

/// How many versions of an object a bucket has, marks of its removal included.
async fn versions(store: &S3Store, key: &str) -> usize {
    let request = store.client.list_object_versions().bucket(BUCKET).prefix(store.key(key));
    let page = request.send().await.unwrap();
    page.versions().iter().count() + page.delete_markers().iter().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_version_is_left_of_what_is_purged() {
    scaler_lab::needs!(Moto);
    let (_moto, store) = moto().await;
    let on = aws_sdk_s3::types::VersioningConfiguration::builder()
        .status(aws_sdk_s3::types::BucketVersioningStatus::Enabled)
        .build();
    store.client.put_bucket_versioning().bucket(BUCKET).versioning_configuration(on).send().await.unwrap();
    let key = "join/AROAX:i-1";
    for text in ["first", "second"] {
        store.put(key, Bytes::from(text), Condition::Absent).await.unwrap();
        store.delete(key).await.unwrap();
    }
    store.put(key, Bytes::from("third"), Condition::Absent).await.unwrap();
    store.put("join/AROAX:i-12", Bytes::from("another"), Condition::Absent).await.unwrap();
    assert_eq!(versions(&store, key).await, 5 + 1, "three versions, two marks, and the other object");
    store.purge(key).await.unwrap();
    assert_eq!(versions(&store, key).await, 1, "the other object");
    assert_eq!(store.get(key).await.unwrap(), None);
    assert!(store.get("join/AROAX:i-12").await.unwrap().is_some());
}
