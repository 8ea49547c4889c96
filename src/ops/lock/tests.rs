//! The lock on stores in memory and in a folder, with a clock of the test's own.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::model::journal::{Act, Entry, Part, PartId, samples};
use crate::model::lock::{KEY, RENEW_EVERY, TAKE_OVER_AFTER, TERM};
use crate::model::machine::Place;
use crate::model::names::{OperationId, StackId};
use crate::model::provider::Provider;
use crate::model::record::{Record, Source};
use crate::ops::interrupts::{self, Interrupts};
use crate::ops::journal::Journal;
use crate::ops::ports::{Condition, Event, Progress, Put};
use crate::ops::record;
use crate::ops::testing::{Fate, MemoryStore, VirtualClock, holder};

/// Nobody listens.
struct Silent;

impl Progress for Silent {
    fn tell(&self, _: Event) {}
}

fn silent() -> Arc<dyn Progress> {
    Arc::new(Silent)
}

fn world() -> (Arc<VirtualClock>, Arc<MemoryStore>) {
    let clock = Arc::new(VirtualClock::default());
    (clock.clone(), Arc::new(MemoryStore::with_clock(clock)))
}

fn seeker(
    clock: &Arc<VirtualClock>,
    store: &Arc<MemoryStore>,
    user: &str,
    timeout: Duration,
    interrupts: Interrupts,
) -> Seeker {
    let (store, clock, holder) = (store.clone(), clock.clone(), holder(user));
    Seeker { store, clock, holder, timeout, interrupts, progress: silent() }
}

async fn take(clock: &Arc<VirtualClock>, store: &Arc<MemoryStore>, user: &str) -> Result<HeldLock> {
    let operation = OperationId::from_text(format!("op-{user}"));
    acquire(seeker(clock, store, user, Duration::ZERO, Interrupts::never()), operation).await
}

#[tokio::test]
async fn a_lock_is_taken_renewed_and_given_back() {
    let (clock, store) = world();
    let held = take(&clock, &store, "ada").await.unwrap();
    assert_eq!(held.lease().fence, 1);
    clock.advance(TERM * 5).await;
    held.lease().check().unwrap();
    let failure = take(&clock, &store, "bob").await.err().unwrap();
    assert_eq!(failure.kind, Kind::LockHeld);
    assert!(failure.what.contains("ada on laptop (pid 42)"), "{failure:?}");
    let lease = held.lease();
    held.release().await.unwrap();
    assert!(lease.check().is_err(), "a lease ends with its lock");
    assert_eq!(read(store.as_ref()).await.unwrap().unwrap().state, LockState::Released);
    assert_eq!(take(&clock, &store, "bob").await.unwrap().lease().fence, 2);
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_recognised() {
    for fate in [Fate::AnswerLost, Fate::Repeated] {
        let (clock, store) = world();
        store.order(KEY, &[fate]);
        let held = take(&clock, &store, "ada").await.unwrap();
        store.order(KEY, &[fate, fate]);
        clock.advance(TERM * 3).await;
        held.lease().check().unwrap();
        store.order(KEY, &[fate]);
        let release = tokio::spawn(held.release());
        clock.advance(Duration::from_secs(10)).await;
        release.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_lease_that_cannot_be_renewed_is_lost_before_others_may_have_it() {
    for fate in [Fate::Unreachable, Fate::Hangs] {
        let (clock, store) = world();
        let held = take(&clock, &store, "ada").await.unwrap();
        store.order(KEY, &[fate; 100]);
        clock.advance(TERM - crate::model::lock::MARGIN - Duration::from_secs(1)).await;
        held.lease().check().unwrap();
        clock.advance(Duration::from_secs(2)).await;
        assert!(held.lease().check().is_err());
        assert_eq!(take(&clock, &store, "bob").await.err().unwrap().kind, Kind::LockHeld, "the term has not passed");
    }
}

#[tokio::test]
async fn a_sleep_longer_than_the_lease_loses_it() {
    let (clock, store) = world();
    let held = take(&clock, &store, "ada").await.unwrap();
    clock.suspend(TERM * 2).await;
    assert!(held.lease().check().is_err());
}

#[tokio::test]
async fn a_foreign_lock_ends_the_lease() {
    let (clock, store) = world();
    let held = take(&clock, &store, "ada").await.unwrap();
    let theirs = store.text(KEY).unwrap().replace("ada", "eve").replace("\"nonce\": \"", "\"nonce\": \"x");
    store.overwrite(KEY, theirs);
    clock.advance(RENEW_EVERY + Duration::from_secs(1)).await;
    let failure = held.lease().check().unwrap_err();
    assert!(failure.to_string().contains("eve on laptop"), "{failure}");
}

#[tokio::test]
async fn a_lock_left_behind_is_taken_when_nothing_was_done_under_it() {
    let (clock, store) = world();
    let dead = take(&clock, &store, "ada").await.unwrap();
    let lease = dead.lease();
    drop(dead);
    clock.advance(TERM - Duration::from_secs(1)).await;
    assert_eq!(take(&clock, &store, "bob").await.err().unwrap().kind, Kind::LockHeld);
    clock.advance(Duration::from_secs(1)).await;
    let held = take(&clock, &store, "bob").await.unwrap();
    assert_eq!(held.lease().fence, 2);
    assert!(lease.check().is_err());
}

#[tokio::test]
async fn a_lock_left_behind_with_work_under_it_is_reported_and_not_taken() {
    let (clock, store) = world();
    let dead = take(&clock, &store, "ada").await.unwrap();
    begin(&clock, &store, &dead).await;
    drop(dead);
    clock.advance(TERM + Duration::from_secs(1)).await;
    let failure = take(&clock, &store, "bob").await.err().unwrap();
    assert_eq!(failure.kind, Kind::Refused);
    assert!(failure.what.contains("left behind by ada"), "{failure:?}");
    assert!(failure.causes.join("\n").contains("op-ada"), "{failure:?}");
}

/// The lock in another's name, and whose operation it is for.
async fn take_over(clock: &Arc<VirtualClock>, store: &Arc<MemoryStore>) -> Result<Option<(HeldLock, OperationId)>> {
    super::take_over(seeker(clock, store, "bob", Duration::ZERO, Interrupts::never())).await
}

/// The first entry of the operation's journal.
async fn begin(clock: &Arc<VirtualClock>, store: &Arc<MemoryStore>, held: &HeldLock) {
    let part = PartId::new(StackId::Foundation, Act::Make);
    let part = Part { id: part, additions: Default::default(), removals: Default::default() };
    let started = Entry::Started(Box::new(samples::start(holder("ada"), vec![part])));
    let operation = OperationId::from_text("op-ada");
    let mut journal = Journal::new(store.clone(), clock.clone(), held.lease(), operation);
    journal.write(started).await.unwrap();
}

#[tokio::test]
async fn what_was_left_unfinished_is_taken_over_when_its_tools_must_have_ended() {
    let (clock, store) = world();
    let held = take(&clock, &store, "ada").await.unwrap();
    begin(&clock, &store, &held).await;
    drop(held);
    for (wait, kind) in [(Duration::from_secs(1), Kind::LockHeld), (TERM, Kind::LockHeld)] {
        clock.advance(wait).await;
        assert_eq!(take_over(&clock, &store).await.err().unwrap().kind, kind);
    }
    clock.advance(TAKE_OVER_AFTER - TERM).await;
    let (held, operation) = take_over(&clock, &store).await.unwrap().unwrap();
    assert_eq!((held.lease().fence, operation.as_str()), (2, "op-ada"));
    // Should this one die too, the next is led to the same operation.
    assert_eq!(read(store.as_ref()).await.unwrap().unwrap().operation, operation);
    held.release().await.unwrap();
    assert_eq!(take(&clock, &store, "eve").await.err().unwrap().kind, Kind::Refused);
    assert!(take_over(&clock, &store).await.unwrap().is_some(), "a lock that was given back needs no waiting for");
}

/// By that it is told which locks of Terraform's are from before.
#[tokio::test]
async fn a_taker_knows_how_long_the_former_holder_has_been_silent() {
    let a_while = Duration::from_secs(600);
    let (clock, store) = world();
    let first = take(&clock, &store, "ada").await.unwrap();
    assert_eq!(first.lease().former_silent_for(), Duration::ZERO, "there was none");
    begin(&clock, &store, &first).await;
    drop(first);
    clock.advance(a_while).await;
    let (second, _) = take_over(&clock, &store).await.unwrap().unwrap();
    assert_eq!(second.lease().former_silent_for(), a_while);
    clock.advance(Duration::from_secs(7)).await;
    assert_eq!(second.lease().former_silent_for(), a_while + Duration::from_secs(7));

    // Whoever gives it back has nothing at work any more: whatever is younger is of somebody else.
    second.release().await.unwrap();
    clock.advance(Duration::from_secs(5)).await;
    let (third, _) = take_over(&clock, &store).await.unwrap().unwrap();
    assert_eq!(third.lease().former_silent_for(), TAKE_OVER_AFTER + Duration::from_secs(5));
}

#[tokio::test]
async fn there_is_nothing_to_take_over_where_nothing_was_left() {
    let (clock, store) = world();
    assert!(take_over(&clock, &store).await.unwrap().is_none());
    let held = take(&clock, &store, "ada").await.unwrap();
    assert_eq!(take_over(&clock, &store).await.err().unwrap().kind, Kind::LockHeld);
    held.release().await.unwrap();
    assert!(take_over(&clock, &store).await.unwrap().is_none());
    // A run that died before it did anything left its lock alone.
    drop(take(&clock, &store, "ada").await.unwrap());
    clock.advance(TERM + Duration::from_secs(1)).await;
    assert!(take_over(&clock, &store).await.unwrap().is_some());
}

#[tokio::test]
async fn a_signal_ends_the_waiting_and_leaves_the_lock_alone() {
    let (clock, store) = world();
    let held = take(&clock, &store, "ada").await.unwrap();
    let (interrupter, interrupts) = interrupts::channel();
    let operation = OperationId::from_text("op-bob");
    let waiting = tokio::spawn(acquire(seeker(&clock, &store, "bob", TERM * 10, interrupts), operation));
    clock.advance(Duration::from_secs(5)).await;
    assert!(!waiting.is_finished());
    interrupter.interrupt();
    assert_eq!(waiting.await.unwrap().err().unwrap().kind, Kind::Interrupted);
    held.lease().check().unwrap();
}

#[tokio::test]
async fn another_run_is_waited_for_until_it_ends_or_dies() {
    let (clock, store) = world();
    let never = Interrupts::never();
    let wait = |time| until_nobody_works(store.as_ref(), clock.as_ref(), time, &never);
    wait(Duration::ZERO).await.unwrap();
    let held = take(&clock, &store, "ada").await.unwrap();
    assert_eq!(wait(Duration::ZERO).await.unwrap_err().kind, Kind::LockHeld);
    let (late, ()) = tokio::join!(wait(TERM), clock.advance(TERM * 2));
    assert_eq!(late.unwrap_err().kind, Kind::LockHeld, "it is renewed all the time");
    let (ended, ()) = tokio::join!(wait(TERM), async {
        clock.advance(Duration::from_secs(5)).await;
        held.release().await.unwrap();
        clock.advance(Duration::from_secs(5)).await;
    });
    ended.unwrap();
    drop(take(&clock, &store, "bob").await.unwrap());
    let (died, ()) = tokio::join!(wait(TERM * 2), clock.advance(TERM * 2));
    died.unwrap();
}

/// Without ages, the same version seen for a whole term tells.
#[tokio::test]
async fn a_store_without_a_clock_is_watched_for_a_term() {
    let clock = Arc::new(VirtualClock::default());
    let store = Arc::new(MemoryStore::default());
    drop(take(&clock, &store, "ada").await.unwrap());
    clock.advance(TERM * 2).await;
    let operation = OperationId::from_text("op-bob");
    let never = Interrupts::never();
    let waiting = tokio::spawn(acquire(seeker(&clock, &store, "bob", TERM * 10, never), operation));
    clock.advance(TERM - Duration::from_secs(3)).await;
    assert!(!waiting.is_finished());
    clock.advance(Duration::from_secs(6)).await;
    assert_eq!(waiting.await.unwrap().unwrap().lease().fence, 2);
}

#[tokio::test]
async fn of_two_at_once_one_has_it() {
    let (clock, store) = world();
    for round in 0..20 {
        let (one, two) = tokio::join!(take(&clock, &store, "ada"), take(&clock, &store, "bob"));
        let (held, refused) = match (one, two) {
            (Ok(held), Err(refused)) | (Err(refused), Ok(held)) => (held, refused),
            _ => panic!("round {round}: both or none"),
        };
        assert_eq!(refused.kind, Kind::LockHeld, "{refused:?}");
        assert_eq!(held.lease().fence, round + 1);
        held.release().await.unwrap();
    }
}

#[tokio::test]
async fn who_no_longer_waits_gets_nothing() {
    let (clock, store) = world();
    let held = take(&clock, &store, "ada").await.unwrap();
    let operation = OperationId::from_text("op-bob");
    let never = Interrupts::never();
    let waiting = tokio::spawn(acquire(seeker(&clock, &store, "bob", TERM * 10, never), operation));
    clock.advance(Duration::from_secs(5)).await;
    waiting.abort();
    held.release().await.unwrap();
    clock.advance(TERM).await;
    assert_eq!(read(store.as_ref()).await.unwrap().unwrap().state, LockState::Released);
}

#[tokio::test]
async fn no_lock_is_taken_in_a_store_that_ignores_conditions() {
    let (clock, store) = world();
    store.order("probe/0000000000000000", &[Fate::Unconditional; 4]);
    let failure = take(&clock, &store, "ada").await.err().unwrap();
    assert_eq!(failure.kind, Kind::Refused);
    assert!(failure.what.contains("does not keep conditions"), "{failure:?}");
    assert_eq!(store.text(KEY), None);
}

/// A move to another store has no journal, and marks the record as its last act.
#[tokio::test]
async fn a_record_that_a_former_holder_has_on_its_way_comes_too_late() {
    for (gives_back, freed) in [(true, false), (false, false), (false, true)] {
        let (clock, store) = world();
        let place = Place { account: "1".into(), region: "r".into() };
        let source = Source { cluster_file: "file".into(), sets: Vec::new(), files: Default::default() };
        let record = Record::new("c", "demo", Provider::Sandbox, &place, source, OperationId::from_text("op-1"));
        store.overwrite(record::KEY, record::encode(&record).unwrap());
        let ada = take(&clock, &store, "ada").await.unwrap();
        let (_, known) = record::load(store.as_ref()).await.unwrap().unwrap();
        if gives_back {
            ada.release().await.unwrap()
        } else {
            drop(ada)
        }
        clock.advance(TAKE_OVER_AFTER).await;
        if freed {
            let (store, clock, interrupts) = (store.clone(), clock.clone(), Interrupts::never());
            let freer = Freer { store, clock, holder: holder("eve"), interrupts, progress: silent() };
            let Seen::LeftBehind(left) = freer.see().await.unwrap() else { panic!("it was left behind") };
            freer.free(left).await.unwrap();
        }
        let held = take(&clock, &store, "bob").await.unwrap();
        let late = store.put(record::KEY, "late".into(), Condition::Is(known)).await.unwrap();
        let told = format!("given back: {gives_back}, freed: {freed}");
        // Whoever gives the lock back has nothing on its way.
        assert_eq!(matches!(late, Put::Written(_)), gives_back, "{told}");
        if !gives_back {
            let (now, _) = record::load(store.as_ref()).await.unwrap().unwrap();
            assert_eq!(now, Record { fence: held.lease().fence, ..record }, "{told}");
        }
    }
}
