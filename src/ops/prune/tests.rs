//! A store with a long past.

use bytes::Bytes;

use super::*;
use crate::model::journal::{self, Document, Entry, Outcome, samples};
use crate::model::lock::{Lock, LockState};
use crate::model::machine::Place;
use crate::model::provider::Provider;
use crate::model::record::{FORMAT, Record, Source};
use crate::ops::record::{self, Generation};
use crate::ops::testing::{MemoryStore, VirtualClock, holder, lease};

const NOW: &str = "2026-06-30T12:00:00Z";

fn now() -> jiff::Timestamp {
    NOW.parse().unwrap()
}

fn days_ago(days: u64) -> jiff::Timestamp {
    now() - jiff::SignedDuration::from_hours(24 * days as i64)
}

/// The operation that committed a generation. Generation 1 and 2 are of one, as of every first apply.
fn operation(generation: u64, newest: u64) -> OperationId {
    OperationId::new(days_ago(newest - generation.max(2)), generation.max(2))
}

fn record(generation: u64, newest: u64) -> Record {
    let place = Place { account: "1".into(), region: "r".into() };
    let source =
        Source { cluster_file: format!("file {}", generation / 10), sets: Vec::new(), files: Default::default() };
    let by = operation(generation, newest);
    Record { generation, ..Record::new("id", "demo", Provider::Sandbox, &place, source, by) }
}

fn put(store: &MemoryStore, key: &str, value: &impl Serialize) {
    store.overwrite(key, Bytes::from(serde_json::to_vec(value).unwrap()));
}

fn write_journal(store: &MemoryStore, operation: &OperationId, inputs: &str, ended: bool) {
    let mut start = samples::start(holder("ada"), Vec::new());
    start.inputs.sha256 = inputs.to_owned();
    let last = if ended { Entry::Finished { outcome: Outcome::Done } } else { Entry::Committed { generation: 1 } };
    for (seq, entry) in [(1, Entry::Started(Box::new(start))), (2, last)] {
        let (operation, nonce) = (operation.clone(), String::new());
        let document = Document { format: journal::FORMAT, operation, seq, fence: 1, nonce, at: now(), entry };
        store.overwrite(&journal::key(&document.operation, seq), document.text());
    }
}

fn lock_of(store: &MemoryStore, operation: &OperationId) {
    let lock = Lock {
        format: crate::model::lock::FORMAT,
        state: LockState::Released,
        holder: holder("ada"),
        operation: operation.clone(),
        fence: 1,
        nonce: "n".into(),
        acquired: now(),
        term_seconds: 60,
        left_behind: false,
    };
    store.overwrite(crate::model::lock::KEY, lock.text());
}

/// One generation a day, the newest today.
fn past(newest: u64) -> MemoryStore {
    let store = MemoryStore::default();
    for generation in 1..=newest {
        let record = record(generation, newest);
        let text = serde_json::to_vec(&record.source).unwrap();
        let inputs = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&text));
        store.overwrite(&format!("inputs/{inputs}"), text);
        let (at, by) = (Some(days_ago(newest - generation)), record.operation.clone());
        write_journal(&store, &by, &inputs, true);
        let kept = Generation { format: FORMAT, generation, operation: by, holder: None, at, record };
        put(&store, &history_key(generation), &kept);
    }
    put(&store, record::KEY, &record(newest, newest));
    lock_of(&store, &operation(newest, newest));
    store
}

async fn found(store: &MemoryStore, generations: u32, days: u32) -> Prunable {
    survey(store, Keep { generations, days }, now(), Scope::All).await.unwrap()
}

fn operations(found: &Prunable) -> Vec<OperationId> {
    found.journals.iter().map(|journal| journal.operation.clone()).collect()
}

#[tokio::test]
async fn what_either_rule_wants_stays() {
    let store = past(40);
    for (generations, days, last) in [(10, 0, 30), (10, 20, 19), (30, 5, 10), (100, 0, 0), (1, 0, 39), (1, 90, 0)] {
        let found = found(&store, generations, days).await;
        assert_eq!(found.generations, (1..=last).collect::<Vec<_>>(), "{generations} {days}");
        assert_eq!(operations(&found), (2..=last).map(|one| operation(one, 40)).collect::<Vec<_>>());
        // One text of the cluster file for ten generations each.
        assert_eq!(found.inputs.len() as u64, (last + 1) / 10, "{generations} {days}");
        assert_eq!(found.left as u64, 40 - last);
    }
}

#[tokio::test]
async fn what_ansible_said_goes_with_its_operations_journal() {
    let store = past(40);
    for one in [5, 35] {
        store.overwrite(&format!("logs/{}/provision-1.log", operation(one, 40)), "said");
    }
    let found = found(&store, 10, 0).await;
    let keys: Vec<&String> = found.journals.iter().flat_map(|journal| &journal.keys).collect();
    let logs: Vec<&&String> = keys.iter().filter(|key| key.starts_with("logs/")).collect();
    assert_eq!(logs, [&&format!("logs/{}/provision-1.log", operation(5, 40))]);
    let of_it = found.journals.iter().find(|journal| journal.operation == operation(5, 40)).unwrap();
    assert!(of_it.keys[0].starts_with("logs/") && of_it.keys.last().unwrap().starts_with("journal/"), "{of_it:?}");
}

#[tokio::test]
async fn a_first_apply_whose_second_generation_stays_keeps_its_journal() {
    let found = found(&past(3), 2, 0).await;
    assert_eq!((found.generations.as_slice(), found.journals.as_slice(), found.inputs.len()), (&[1][..], &[][..], 0));
}

#[tokio::test]
async fn an_operation_that_may_not_have_ended_stays_with_its_inputs() {
    let store = past(20);
    // The lock's, whatever it says of itself; one that did not end; and one that committed nothing, long ago.
    lock_of(&store, &operation(3, 20));
    write_journal(&store, &operation(4, 20), "of-4", false);
    store.overwrite("inputs/of-4", "x");
    let forgotten = OperationId::new(days_ago(100), 7);
    write_journal(&store, &forgotten, "of-forgotten", true);
    store.overwrite("inputs/of-forgotten", "x");
    let young = OperationId::new(now(), 9);
    write_journal(&store, &young, "of-young", true);
    store.overwrite("inputs/of-young", "x");
    let found = found(&store, 10, 0).await;
    let expected = [forgotten, operation(2, 20)].into_iter().chain((5..=10).map(|one| operation(one, 20)));
    assert_eq!(operations(&found), expected.collect::<Vec<_>>());
    assert!(found.inputs.contains(&"inputs/of-forgotten".to_owned()), "{:?}", found.inputs);
    for stays in ["inputs/of-4", "inputs/of-young"] {
        assert!(!found.inputs.iter().any(|key| key == stays), "{:?}", found.inputs);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_no_reason_to_delete() {
    let store = past(20);
    store.overwrite(&journal::key(&operation(5, 20), 2), r#"{"format": {"major": 9, "minor": 0}}"#);
    let keep = Keep { generations: 10, days: 0 };
    survey(&store, keep, now(), Scope::All).await.unwrap_err();
    let store = past(20);
    store.overwrite(&history_key(5), r#"{"format": {"major": 9, "minor": 0}}"#);
    survey(&store, keep, now(), Scope::All).await.unwrap_err();
}

#[tokio::test]
async fn a_deletion_that_was_cut_short_can_be_repeated() {
    let store = past(40);
    let (lease, keeper) = lease(Arc::new(VirtualClock::default()), 1);
    let found = found(&store, 10, 0).await;
    let all = found.groups().flatten().count();
    let mut deleted = 0;
    while deleted < all {
        let now = survey(&store, found.keep, now(), Scope::All).await.unwrap();
        let count = delete(&store, &lease, &now, 7, &Interrupts::never()).await.unwrap();
        assert!(count > 0, "{deleted} of {all}");
        deleted += count;
    }
    assert_eq!(deleted, all);
    let after = survey(&store, found.keep, now(), Scope::All).await.unwrap();
    assert!(after.is_empty(), "{after:?}");
    assert_eq!(store.list("history/").await.unwrap().len(), 10);
    assert_eq!(store.list("journal/").await.unwrap().len(), 20);
    keeper.send_replace(crate::ops::lease::Standing::Lost { why: "gone".into() });
    delete(&store, &lease, &found, 7, &Interrupts::never()).await.unwrap_err();
}

#[tokio::test]
async fn an_operation_looks_only_where_many_are_too_many() {
    let store = past(29);
    let keep = Keep { generations: 10, days: 0 };
    let scope = Scope::AtLeast(20);
    assert!(survey(&store, keep, now(), scope).await.unwrap().is_empty());
    let store = past(30);
    let found = survey(&store, keep, now(), scope).await.unwrap();
    assert_eq!((found.generations.len(), found.journals.len(), found.inputs.len()), (20, 19, 0));
}
