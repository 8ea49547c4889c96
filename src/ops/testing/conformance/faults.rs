//! What a store must do when the way to it, or the server itself, has trouble. For stores that are reached by HTTP.

use bytes::Bytes;
use scaler_lab::{Fault, FaultProxy, Matcher};

use super::{create, put, text};
use crate::ops::ports::{Condition, Put, Store};

/// All cases, with the proxy through which the store is reached. `busy` is the error code of a server that has too much to do.
pub async fn all(store: &dyn Store, proxy: &FaultProxy, busy: &str) {
    throttling(store, proxy, busy).await;
    an_answer_lost_after_a_write(store, proxy).await;
    a_write_that_did_not_arrive(store, proxy).await;
    a_body_that_breaks_off(store, proxy).await;
    trouble_that_stays(store, proxy, busy).await;
}

fn writes() -> Matcher {
    Matcher::any().method("PUT")
}

fn reads() -> Matcher {
    Matcher::any().method("GET")
}

async fn throttling(store: &dyn Store, proxy: &FaultProxy, busy: &str) {
    proxy.order(Fault::throttle(busy, 1).when(writes()).times(2));
    let version = create(store, "faults/busy", "1").await;
    proxy.order(Fault::throttle(busy, 1).when(reads()));
    assert_eq!(text(store, "faults/busy").await.as_deref(), Some("1"));
    proxy.order(Fault::answer(500, "").when(reads()));
    assert_eq!(store.list("faults/").await.unwrap(), ["faults/busy"]);
    // Not every service says so itself, but a gateway before it may, and in words of its own.
    proxy.order(Fault::answer(429, "").when(writes()));
    assert!(matches!(put(store, "faults/busy", "2", Condition::Is(version)).await, Put::Written(_)));
}

/// The repetition meets its own effect: that it was ours is for the body's nonce to tell.
async fn an_answer_lost_after_a_write(store: &dyn Store, proxy: &FaultProxy) {
    proxy.order(Fault::lose_answer().when(writes()));
    assert_eq!(put(store, "faults/lost", "ours", Condition::Absent).await, Put::Conflict);
    let ours = store.get("faults/lost").await.unwrap().unwrap();
    assert_eq!(ours.bytes, "ours");
    proxy.order(Fault::lose_answer().when(writes()));
    assert_eq!(put(store, "faults/lost", "swapped", Condition::Is(ours.version)).await, Put::Conflict);
    assert_eq!(text(store, "faults/lost").await.as_deref(), Some("swapped"));
}

async fn a_write_that_did_not_arrive(store: &dyn Store, proxy: &FaultProxy) {
    proxy.order(Fault::refuse().when(writes()));
    create(store, "faults/refused", "x").await;
}

async fn a_body_that_breaks_off(store: &dyn Store, proxy: &FaultProxy) {
    create(store, "faults/cut", "0123456789").await;
    proxy.order(Fault::cut_after(4).when(reads()));
    assert_eq!(text(store, "faults/cut").await.as_deref(), Some("0123456789"), "never a part of it");
}

/// It ends as a failure that says so, and not as a conflict.
async fn trouble_that_stays(store: &dyn Store, proxy: &FaultProxy, busy: &str) {
    proxy.order(Fault::throttle(busy, 0).always());
    let failure = store.put("faults/never", Bytes::from("x"), Condition::Absent).await.unwrap_err();
    assert!(failure.causes.join("\n").contains("overloaded"), "{failure:?}");
    assert!(!failure.hints.is_empty(), "{failure:?}");
    proxy.calm();
    assert_eq!(text(store, "faults/never").await, None);
}
