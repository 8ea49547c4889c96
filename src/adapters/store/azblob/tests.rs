//! The store on Azurite.

use std::sync::Arc;

use azure_core::credentials::Secret;
use azure_core::time::OffsetDateTime;
use azure_storage_blob::models::{
    AccessPolicy, BlobContainerClientSetAccessPolicyOptions, PublicAccessType, SignedIdentifier, SignedIdentifiers,
};
use scaler_lab::{Azurite, Fault, Matcher};

use super::*;
use crate::model::failure::Kind;
use crate::ops::ports::home::{StoreHome, Survey, Trait};
use crate::ops::ports::probe::{Answer, BucketProbe};
use crate::ops::testing::conformance;

const CONTAINER: &str = "clusters";

fn place(azurite: &Azurite) -> Place {
    Place {
        account: azurite.account().into(),
        container: CONTAINER.into(),
        prefix: "team/demo".into(),
        endpoint: Some(azurite.url()),
    }
}

/// A server with a container, and the store below a prefix of it.
fn azurite() -> (Azurite, AzblobStore) {
    let azurite = Azurite::start();
    azurite.make_container(CONTAINER);
    let store = AzblobStore::new(sas(&azurite), place(&azurite)).unwrap();
    (azurite, store)
}

fn sas(azurite: &Azurite) -> Login {
    Login::Sas(Secret::new(azurite.sas()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_a_store() {
    scaler_lab::needs!(Azurite);
    let (azurite, store) = azurite();
    let store = Arc::new(store);
    conformance::all(store.clone(), 50).await;
    conformance::faults::all(store.as_ref(), azurite.proxy(), "ServerBusy").await;
}

#[tokio::test]
async fn keeps_to_its_prefix() {
    scaler_lab::needs!(Azurite);
    let (azurite, store) = azurite();
    let whole = AzblobStore::new(sas(&azurite), Place { prefix: "/".into(), ..place(&azurite) }).unwrap();
    whole.put("team/demo-two/x", Bytes::from("x"), Condition::Absent).await.unwrap();
    store.put("a/x", Bytes::from("x"), Condition::Absent).await.unwrap();
    assert_eq!(store.list("").await.unwrap(), ["a/x"]);
    assert_eq!(whole.list("").await.unwrap(), ["team/demo-two/x", "team/demo/a/x"]);
    assert_eq!(store.url(), "azblob://acmeclusters/clusters/team/demo");
}

#[tokio::test]
async fn takes_the_accounts_key_too() {
    scaler_lab::needs!(Azurite);
    let (azurite, _) = azurite();
    let store = AzblobStore::new(Login::Key(Secret::new(azurite.key())), place(&azurite)).unwrap();
    let Put::Written(first) = store.put("odd/a b%41+ü", Bytes::from("1"), Condition::Absent).await.unwrap() else {
        panic!("it was not there")
    };
    assert_eq!(store.put("odd/a b%41+ü", Bytes::from("2"), Condition::Absent).await.unwrap(), Put::Conflict);
    assert!(matches!(store.put("odd/a b%41+ü", Bytes::from("2"), Condition::Is(first)).await, Ok(Put::Written(_))));
    assert_eq!(store.get("odd/a b%41+ü").await.unwrap().unwrap().bytes, "2");
    assert_eq!(store.list("odd/").await.unwrap(), ["odd/a b%41+ü"]);
    store.delete("odd/a b%41+ü").await.unwrap();
    let wrong = AzblobStore::new(Login::Key(Secret::new("d3Jvbmc=")), place(&azurite)).unwrap();
    let failure = wrong.get("x").await.unwrap_err();
    assert!(failure.causes.join("\n").contains("the storage account's key"), "{failure:?}");
}

#[tokio::test]
async fn tells_ages_by_the_servers_clock() {
    scaler_lab::needs!(Azurite);
    let (_azurite, store) = azurite();
    store.put("x", Bytes::from("x"), Condition::Absent).await.unwrap();
    let age = store.get("x").await.unwrap().unwrap().age;
    assert!(age.is_some_and(|age| age < Duration::from_secs(30)), "{age:?}");
}

#[tokio::test]
async fn a_missing_container_is_named() {
    scaler_lab::needs!(Azurite);
    let (azurite, _) = azurite();
    let store = AzblobStore::new(sas(&azurite), Place { container: "nobodys".into(), ..place(&azurite) }).unwrap();
    let put = store.put("x", Bytes::from("x"), Condition::Absent).await.unwrap_err();
    for failure in [store.get("x").await.unwrap_err(), store.list("a/").await.unwrap_err(), put] {
        assert_eq!(failure.kind, Kind::Failed);
        assert!(failure.causes.join("\n").contains("there is no container `nobodys`"), "{failure:?}");
    }
}

#[tokio::test]
async fn tells_how_well_the_container_is_kept() {
    scaler_lab::needs!(Azurite);
    let (azurite, store) = azurite();
    let found = store.care().await;
    let answer = |name: &str| found.iter().find(|one| one.name == name).map(|one| &one.answer);
    assert_eq!(answer("public access blocked"), Some(&Answer::Good), "{found:?}");
    assert!(
        matches!(answer("former versions"), Some(Answer::Unclear(why)) if why.contains("first operation")),
        "{found:?}"
    );
    store.put("lock.json", Bytes::from("x"), Condition::Absent).await.unwrap();
    let found = store.care().await;
    let answer = |name: &str| found.iter().find(|one| one.name == name).map(|one| &one.answer);
    assert!(matches!(answer("former versions"), Some(Answer::Bad(_))), "Azurite keeps none: {found:?}");
    assert_eq!(answer("encryption"), Some(&Answer::Good), "{found:?}");

    let missing = AzblobStore::new(sas(&azurite), Place { container: "nobodys".into(), ..place(&azurite) }).unwrap();
    let unclear = missing.care().await;
    assert!(
        unclear.iter().any(|one| matches!(&one.answer, Answer::Unclear(why) if why.contains("404"))),
        "{unclear:?}"
    );
}

fn lacks(survey: &Survey) -> Vec<Trait> {
    survey.lacks.iter().map(|lack| lack.of).collect()
}

#[tokio::test]
async fn a_container_is_made_private_and_keeps_what_is_deleted() {
    scaler_lab::needs!(Azurite);
    let azurite = Azurite::start();
    let store = AzblobStore::new(sas(&azurite), place(&azurite)).unwrap();
    assert_eq!(lacks(&store.survey(None).await.unwrap()), [Trait::There]);
    for of in [Trait::There, Trait::There] {
        store.mend(of, None).await.unwrap();
    }
    let made = store.survey(None).await.unwrap();
    assert_eq!((lacks(&made), made.by_hand.len()), (vec![Trait::Kept], 0), "{made:?}");
    assert!(made.unclear.iter().any(|one| one.contains("--account-name acmeclusters --enable-versioning true")));
    store.mend(Trait::Kept, None).await.unwrap();
    assert_eq!(lacks(&store.survey(None).await.unwrap()), []);
    assert!(!azurite.is_open(CONTAINER), "nobody else sees it");

    // Only who has the account's key may open and close one.
    let owner = AzblobStore::new(Login::Key(Secret::new(azurite.key())), place(&azurite)).unwrap();
    let (start, permission) = (OffsetDateTime::now_utc(), Some("r".to_owned()));
    let expiry = Some(start + azure_core::time::Duration::days(1));
    let policy = AccessPolicy { start: Some(start), expiry, permission };
    let policies = SignedIdentifiers {
        items: Some(vec![SignedIdentifier { id: Some("readers".into()), access_policy: Some(policy) }]),
    };
    let open =
        BlobContainerClientSetAccessPolicyOptions { access: Some(PublicAccessType::Container), ..Default::default() };
    owner.client.set_access_policy(policies.try_into().unwrap(), Some(open)).await.unwrap();
    assert!(azurite.is_open(CONTAINER));
    assert_eq!(lacks(&store.survey(None).await.unwrap()), [Trait::Private]);
    let refused = store.mend(Trait::Private, None).await.unwrap_err();
    assert!(refused.hints.iter().any(|hint| hint.contains("--public-access off")), "{refused:?}");
    owner.mend(Trait::Private, None).await.unwrap();
    assert_eq!(lacks(&store.survey(None).await.unwrap()), []);
    assert!(!azurite.is_open(CONTAINER));
    let kept = owner.client.get_access_policy(None).await.unwrap().into_model().unwrap().items.unwrap();
    assert_eq!(kept.into_iter().map(|one| one.id.unwrap()).collect::<Vec<_>>(), ["readers"]);

    let wish = store.survey(Some(30)).await.unwrap_err();
    assert!(wish.kind == Kind::Usage && wish.hints[0].contains("management-policy"), "{wish:?}");
}

#[tokio::test]
async fn a_login_without_the_right_makes_no_container_and_is_told_so() {
    scaler_lab::needs!(Azurite);
    let azurite = Azurite::start();
    let store = AzblobStore::new(Login::Key(Secret::new("d3Jvbmc=")), place(&azurite)).unwrap();
    for failure in [store.survey(None).await.unwrap_err(), store.mend(Trait::There, None).await.unwrap_err()] {
        assert_eq!(failure.kind, Kind::Failed);
        assert!(failure.causes.join("\n").contains("the storage account's key"), "{failure:?}");
    }
}

#[tokio::test]
async fn sees_terraforms_lock_on_a_state() {
    scaler_lab::needs!(Azurite);
    let (azurite, store) = azurite();
    const KEY: &str = "terraform/pool-w.tfstate";
    assert_eq!(store.state_lock(KEY).await.unwrap(), None, "no state");
    store.put(KEY, Bytes::from("{}"), Condition::Absent).await.unwrap();
    assert_eq!(store.state_lock(KEY).await.unwrap(), None, "nobody has it");
    azurite.lease(CONTAINER, &format!("team/demo/{KEY}"), "{\"ID\":\"3f\"}");
    assert_eq!(store.state_lock(KEY).await.unwrap().unwrap().bytes, "{\"ID\":\"3f\"}");
    assert_eq!(store.get(KEY).await.unwrap().unwrap().bytes, "{}", "it can be read all the same");
    let version = store.get(KEY).await.unwrap().unwrap().version;
    let failure = store.put(KEY, Bytes::from("x"), Condition::Is(version)).await.unwrap_err();
    assert!(failure.causes.join("\n").contains("a lease on this blob"), "no conflict, but its reason: {failure:?}");
    store.break_state_lock(KEY).await.unwrap();
    assert!(store.state_lock(KEY).await.unwrap().is_none(), "a lease that was broken locks nothing");
    store.break_state_lock(KEY).await.unwrap();
}

#[tokio::test]
async fn waits_as_long_as_a_busy_server_says() {
    scaler_lab::needs!(Azurite);
    let (azurite, store) = azurite();
    azurite.proxy().order(Fault::throttle("ServerBusy", 1).when(Matcher::any().method("PUT")).times(2));
    let start = std::time::Duration::from_micros(scaler_lab::now_micros().unsigned_abs());
    let put = store.put("x", Bytes::from("x"), Condition::Absent).await.unwrap();
    let waited = Duration::from_micros(scaler_lab::now_micros().unsigned_abs()) - start;
    assert!(matches!(put, Put::Written(_)), "{put:?}");
    assert!(waited >= Duration::from_secs(2), "it came again after {waited:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_and_no_secret_is() {
    // A port that was free a moment ago, and that nobody listens on.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = Place {
        account: "acme".into(),
        container: CONTAINER.into(),
        prefix: String::new(),
        endpoint: Some(format!("http://{free}/acme")),
    };
    for login in [Login::Sas(Secret::new("sv=1&sig=PLANTED")), Login::Key(Secret::new("UExBTlRFRA=="))] {
        let store = AzblobStore::new(login, place.clone()).unwrap();
        let failure = store.get("x").await.unwrap_err();
        let text = format!("{failure:?}");
        assert!(text.contains(&format!("the server at http://{free}/acme does not answer")), "{text}");
        assert!(!text.contains("PLANTED") && !text.contains("UExBTlRFRA"), "{text}");
    }
}
