//! What every store must do. One suite, run on each of them.

pub mod faults;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;

use crate::ops::ports::{Condition, Put, Store, Version};

/// All cases. The store must be empty, and tells the age of objects only if `get` does.
/// `writers`: how many write one key at once.
pub async fn all(store: Arc<dyn Store>, writers: usize) {
    what_is_not_there(store.as_ref()).await;
    create_only(store.as_ref()).await;
    compare_and_swap(store.as_ref()).await;
    odd_names(store.as_ref()).await;
    an_empty_object(store.as_ref()).await;
    deletion(store.as_ref()).await;
    purging(store.as_ref()).await;
    lists(store.as_ref()).await;
    a_large_object(store.as_ref()).await;
    many_writers(store.clone(), writers).await;
    many_creators(store, writers).await;
}

fn written(put: Put) -> Version {
    match put {
        Put::Written(version) => version,
        Put::Conflict => panic!("the condition held, and the write was refused"),
    }
}

async fn put(store: &dyn Store, key: &str, text: impl Into<Bytes>, condition: Condition) -> Put {
    store.put(key, text.into(), condition).await.unwrap_or_else(|failure| panic!("put {key:?}: {failure:?}"))
}

async fn create(store: &dyn Store, key: &str, text: impl Into<Bytes>) -> Version {
    written(put(store, key, text, Condition::Absent).await)
}

async fn text(store: &dyn Store, key: &str) -> Option<String> {
    let object = store.get(key).await.unwrap_or_else(|failure| panic!("get {key:?}: {failure:?}"));
    object.map(|object| String::from_utf8(object.bytes.to_vec()).unwrap())
}

async fn what_is_not_there(store: &dyn Store) {
    assert_eq!(store.get("missing").await.unwrap(), None);
    assert_eq!(store.get("missing/too").await.unwrap(), None);
    assert_eq!(store.list("missing/").await.unwrap(), Vec::<String>::new());
    let swap = put(store, "missing", "x", Condition::Is(Version("none".into()))).await;
    assert_eq!(swap, Put::Conflict, "a compare-and-swap of an object that is not there");
    assert_eq!(text(store, "missing").await, None);
}

async fn create_only(store: &dyn Store) {
    let version = create(store, "create/one", "first").await;
    assert_eq!(put(store, "create/one", "second", Condition::Absent).await, Put::Conflict);
    assert_eq!(put(store, "create/one", "first", Condition::Absent).await, Put::Conflict);
    let object = store.get("create/one").await.unwrap().unwrap();
    assert_eq!((object.bytes, object.version), (Bytes::from("first"), version));
    if let Some(age) = object.age {
        assert!(age < Duration::from_secs(60), "an object just written is {age:?} old");
    }
}

async fn compare_and_swap(store: &dyn Store) {
    let first = create(store, "swap", "1").await;
    let second = written(put(store, "swap", "2", Condition::Is(first.clone())).await);
    assert_ne!(first, second);
    assert_eq!(put(store, "swap", "3", Condition::Is(first)).await, Put::Conflict, "a stale version");
    assert_eq!(text(store, "swap").await.as_deref(), Some("2"));
    written(put(store, "swap", "3", Condition::Is(second)).await);
    assert_eq!(text(store, "swap").await.as_deref(), Some("3"));
}

/// A backslash is not among them: Azure takes it for a slash. No key has one.
const ODD: [&str; 13] = [
    "a b",
    "plus+plus",
    "percent%41",
    "percent%",
    "question?mark",
    "hash#tag",
    "amp&=",
    "quote'\"quote",
    "colon:semi;comma,",
    "brackets[]{}()",
    "tilde~bang!star*",
    "ümläut-日本",
    "$(id)`id`",
];

async fn odd_names(store: &dyn Store) {
    for name in ODD {
        create(store, &format!("odd/{name}/x"), name).await;
    }
    for name in ODD {
        assert_eq!(text(store, &format!("odd/{name}/x")).await.as_deref(), Some(name));
    }
    assert_eq!(text(store, "odd/percentA/x").await, None, "a name was decoded twice");
    let mut expected: Vec<String> = ODD.iter().map(|name| format!("odd/{name}/x")).collect();
    expected.sort();
    assert_eq!(store.list("odd/").await.unwrap(), expected);
    assert_eq!(store.list("odd/a b/").await.unwrap(), ["odd/a b/x"]);
}

/// Terraform's lock on a state that is not there yet makes an empty object in some stores.
async fn an_empty_object(store: &dyn Store) {
    let version = create(store, "empty", "").await;
    assert_eq!(text(store, "empty").await.as_deref(), Some(""));
    written(put(store, "empty", "x", Condition::Is(version)).await);
    assert_eq!(text(store, "empty").await.as_deref(), Some("x"));
}

async fn deletion(store: &dyn Store) {
    create(store, "delete/me", "x").await;
    store.delete("delete/me").await.unwrap();
    assert_eq!(store.get("delete/me").await.unwrap(), None);
    store.delete("delete/me").await.unwrap();
    store.delete("delete/never/was").await.unwrap();
    create(store, "delete/me", "again").await;
}

/// Whether former versions stay is beyond the port: stores with versions look for themselves.
async fn purging(store: &dyn Store) {
    let version = create(store, "purge/role:i-1", "1").await;
    written(put(store, "purge/role:i-1", "2", Condition::Is(version)).await);
    store.delete("purge/role:i-1").await.unwrap();
    create(store, "purge/role:i-1", "3").await;
    create(store, "purge/role:i-12", "another").await;
    store.purge("purge/role:i-1").await.unwrap();
    assert_eq!(store.get("purge/role:i-1").await.unwrap(), None);
    store.purge("purge/role:i-1").await.unwrap();
    store.purge("purge/never/was").await.unwrap();
    assert_eq!(store.list("purge/").await.unwrap(), ["purge/role:i-12"]);
    create(store, "purge/role:i-1", "again").await;
}

async fn lists(store: &dyn Store) {
    const MANY: usize = 2105;
    let keys: Vec<String> = (0..MANY).map(|number| format!("many/{:02}/{number:06}", number % 7)).collect();
    for some in keys.chunks(50) {
        join_all(some.iter().map(|key| create(store, key, "x"))).await;
    }
    create(store, "many-more/x", "x").await;
    let mut sorted = keys.clone();
    sorted.sort();
    assert_eq!(store.list("many/").await.unwrap(), sorted);
    let expected: Vec<&String> = sorted.iter().filter(|key| key.starts_with("many/03/")).collect();
    assert_eq!(store.list("many/03/").await.unwrap().iter().collect::<Vec<_>>(), expected);
    let whole = store.list("").await.unwrap();
    assert!(whole.is_sorted(), "the whole store is listed in order");
    let below: Vec<&String> = whole.iter().filter(|key| key.starts_with("many/")).collect();
    assert_eq!(below, sorted.iter().collect::<Vec<_>>());
    assert!(whole.iter().any(|key| key == "many-more/x"), "and nothing is left out");
}

async fn a_large_object(store: &dyn Store) {
    let bytes: Bytes = (0..20_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    create(store, "large", bytes.clone()).await;
    let back = store.get("large").await.unwrap().unwrap();
    assert!(back.bytes == bytes, "a large object comes back as it was written");
}

async fn many_writers(store: Arc<dyn Store>, writers: usize) {
    let mut version = create(store.as_ref(), "race", "start").await;
    for round in 0..5 {
        let puts = (0..writers).map(|writer| {
            let (store, version) = (store.clone(), version.clone());
            tokio::spawn(async move {
                put(store.as_ref(), "race", format!("{round}-{writer}"), Condition::Is(version)).await
            })
        });
        version = the_winner(store.as_ref(), "race", round, join_all(puts).await).await;
    }
}

async fn many_creators(store: Arc<dyn Store>, writers: usize) {
    for round in 0..5 {
        let key = format!("creators/{round}");
        let puts = (0..writers).map(|writer| {
            let (store, key) = (store.clone(), key.clone());
            tokio::spawn(async move { put(store.as_ref(), &key, format!("{round}-{writer}"), Condition::Absent).await })
        });
        let results = join_all(puts).await;
        the_winner(store.as_ref(), &key, round, results).await;
    }
}

async fn the_winner(
    store: &dyn Store,
    key: &str,
    round: usize,
    results: Vec<Result<Put, tokio::task::JoinError>>,
) -> Version {
    let results = results.into_iter().map(Result::unwrap).enumerate();
    let winners: Vec<(usize, Version)> = results
        .filter_map(|(writer, put)| match put {
            Put::Written(version) => Some((writer, version)),
            Put::Conflict => None,
        })
        .collect();
    let [(writer, version)] = winners.as_slice() else { panic!("round {round}: {} writers won", winners.len()) };
    let object = store.get(key).await.unwrap().unwrap();
    assert_eq!(object.bytes, Bytes::from(format!("{round}-{writer}")), "the winner's content is there");
    assert_eq!(object.version, *version);
    version.clone()
}
