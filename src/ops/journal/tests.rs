//! The runner on a store that loses answers, and beside writers that should not be there.

use std::collections::BTreeMap;

use tokio::sync::watch;

use super::*;
use crate::model::journal::{Act, Outcome, Part, PartId, samples};
use crate::model::names::StackId;
use crate::ops::lease::Standing;
use crate::ops::testing::{Fate, MemoryStore, VirtualClock, holder, lease};

fn operation() -> OperationId {
    OperationId::from_text("op")
}

fn part() -> PartId {
    PartId::new(StackId::Pool("a".into()), Act::Make)
}

fn started() -> Entry {
    let part = Part { id: part(), additions: BTreeMap::new(), removals: BTreeMap::new() };
    Entry::Started(Box::new(samples::start(holder("ada"), vec![part])))
}

fn planning() -> Entry {
    Entry::PlanStarted { part: part() }
}

struct World {
    store: Arc<MemoryStore>,
    journal: Journal,
    keeper: watch::Sender<Standing>,
}

/// A journal with its first entry.
async fn world() -> World {
    let (store, clock) = (Arc::new(MemoryStore::default()), Arc::new(VirtualClock::default()));
    let (lease, keeper) = lease(clock.clone(), 1);
    let mut journal = Journal::new(store.clone(), clock, lease, operation());
    journal.write(started()).await.unwrap();
    World { store, journal, keeper }
}

fn written(store: &MemoryStore, seq: u64) -> Option<String> {
    let text = store.text(&key(&operation(), seq))?;
    Some(Document::parse(text.as_bytes()).unwrap().entry.told())
}

#[tokio::test]
async fn entries_lie_one_behind_the_other_and_are_read_back() {
    let World { store, mut journal, .. } = world().await;
    journal.write(planning()).await.unwrap();
    journal.write(Entry::UndoBegan { part: part(), why: "w".into() }).await.unwrap();
    assert_eq!(load(store.as_ref(), &operation()).await.unwrap().as_ref(), journal.status());
    assert!(open(store.as_ref(), &operation()).await.unwrap().is_some());
    journal.write(Entry::Finished { outcome: Outcome::Undone }).await.unwrap();
    assert_eq!(open(store.as_ref(), &operation()).await.unwrap(), None, "it has ended");
    assert_eq!(load(store.as_ref(), &OperationId::from_text("another")).await.unwrap(), None);
}

#[tokio::test]
async fn a_step_that_does_not_follow_is_not_written() {
    let World { store, mut journal, .. } = world().await;
    let failure = journal.write(Entry::PointOfNoReturn { part: part(), permits: vec![] }).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Failed);
    assert!(failure.hints.concat().contains("fault of scaler"), "{failure:?}");
    assert_eq!(written(&store, 2), None);
    journal.write(planning()).await.unwrap();
}

#[tokio::test]
async fn without_the_lease_nothing_is_written() {
    let World { store, mut journal, keeper } = world().await;
    keeper.send_replace(Standing::Lost { why: "bob has it".into() });
    let failure = journal.write(planning()).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Partial);
    assert_eq!(written(&store, 2), None);
}

#[tokio::test]
async fn an_entry_that_met_its_own_earlier_try_is_recognised() {
    let World { store, mut journal, .. } = world().await;
    store.order(&key(&operation(), 2), &[Fate::Repeated]);
    journal.write(planning()).await.unwrap();
    assert_eq!(journal.status().unwrap().seq(), 2);
}

#[tokio::test]
async fn an_entry_whose_answer_was_lost_is_found_and_gone_on_behind() {
    let World { store, mut journal, .. } = world().await;
    store.order(&key(&operation(), 2), &[Fate::AnswerLost]);
    journal.write(planning()).await.unwrap_err();
    assert_eq!(journal.status().unwrap().seq(), 1, "nobody knows whether it is there");
    journal.write(Entry::UndoBegan { part: part(), why: "the journal".into() }).await.unwrap();
    assert_eq!(written(&store, 2).unwrap(), "planning pool-a:make");
    assert_eq!(written(&store, 3).unwrap(), "undoing pool-a:make");
    assert_eq!(load(store.as_ref(), &operation()).await.unwrap().as_ref(), journal.status());
}

#[tokio::test]
async fn an_entry_that_never_arrived_leaves_no_gap() {
    let World { store, mut journal, .. } = world().await;
    store.order(&key(&operation(), 2), &[Fate::Unreachable]);
    journal.write(planning()).await.unwrap_err();
    journal.write(Entry::UndoBegan { part: part(), why: "the journal".into() }).await.unwrap();
    assert_eq!(written(&store, 2).unwrap(), "undoing pool-a:make");
}

/// It was given up because the point of no return could not be written, and that was written after all.
#[tokio::test]
async fn what_contradicts_an_entry_that_arrived_late_is_an_error_and_not_written() {
    let World { store, mut journal, .. } = world().await;
    let planned = Entry::Planned { part: part(), summary: Default::default(), base: None, lock_file: None };
    for entry in [planning(), planned] {
        journal.write(entry).await.unwrap();
    }
    store.order(&key(&operation(), 4), &[Fate::AnswerLost]);
    journal.write(Entry::PointOfNoReturn { part: part(), permits: vec![] }).await.unwrap_err();
    let failure = journal.write(Entry::UndoBegan { part: part(), why: "w".into() }).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Partial);
    assert!(failure.what.contains("point of no return of pool-a:make"), "{failure:?}");
    assert_eq!(written(&store, 5), None);
    // The truth can still be told.
    let end = crate::model::journal::ApplyEnd::Stale;
    journal.write(Entry::ApplyEnded { part: part(), end }).await.unwrap();
    assert_eq!(load(store.as_ref(), &operation()).await.unwrap().as_ref(), journal.status());
}

#[tokio::test]
async fn another_writers_entry_ends_it() {
    let World { store, mut journal, .. } = world().await;
    let foreign = Document {
        format: FORMAT,
        operation: operation(),
        seq: 2,
        fence: 2,
        nonce: "theirs".into(),
        at: jiff::Timestamp::UNIX_EPOCH,
        entry: Entry::TakenOver { holder: holder("bob") },
    };
    store.overwrite(&key(&operation(), 2), foreign.text());
    let failure = journal.write(planning()).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Partial);
    assert!(failure.causes.concat().contains("taken over by bob on laptop"), "{failure:?}");
    assert_eq!(written(&store, 3), None);
}

#[tokio::test]
async fn a_journal_with_a_hole_or_of_a_newer_scaler_is_refused() {
    let World { store, mut journal, .. } = world().await;
    journal.write(planning()).await.unwrap();
    journal.write(planning()).await.unwrap();
    store.delete(&key(&operation(), 2)).await.unwrap();
    let failure = load(store.as_ref(), &operation()).await.unwrap_err();
    assert!(failure.what.contains("makes no sense"), "{failure:?}");

    let newer = store.text(&key(&operation(), 3)).unwrap().replace("\"major\": 1", "\"major\": 2");
    store.overwrite(&key(&operation(), 3), newer);
    let failure = load(store.as_ref(), &operation()).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Refused);
}

#[tokio::test]
async fn a_point_of_no_return_without_an_answer_may_be_there() {
    let World { store, mut journal, .. } = world().await;
    let planned = Entry::Planned { part: part(), summary: Default::default(), base: None, lock_file: None };
    journal.write(planning()).await.unwrap();
    journal.write(planned).await.unwrap();
    assert!(!journal.may_be_past(&part()));
    store.order(&key(&operation(), 4), &[Fate::AnswerLost]);
    journal.write(Entry::PointOfNoReturn { part: part(), permits: vec![] }).await.unwrap_err();
    assert!(journal.may_be_past(&part()), "nobody knows");
    journal.write(Entry::UndoBegan { part: part(), why: "w".into() }).await.unwrap_err();
    assert!(journal.may_be_past(&part()), "it is there");
}
