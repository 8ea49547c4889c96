//! Freeing a lock, with its holder asleep, at work, or waking too late.

use super::*;
use crate::model::lock::TERM;
use crate::model::names::OperationId;
use crate::ops::interrupts::channel;
use crate::ops::lock::{HeldLock, Seeker, acquire};
use crate::ops::testing::{Fate, MemoryStore, VirtualClock, holder};

struct Silent;

impl Progress for Silent {
    fn tell(&self, _: Event) {}
}

/// A store with the clock of everybody but the lock's holder.
fn world() -> (Arc<VirtualClock>, Arc<MemoryStore>) {
    let clock = Arc::new(VirtualClock::default());
    // Two clocks that begin alike would give two machines the same nonces.
    for _ in 0..100 {
        clock.random();
    }
    (clock.clone(), Arc::new(MemoryStore::with_clock(clock)))
}

fn freer(clock: &Arc<VirtualClock>, store: &Arc<MemoryStore>) -> Freer {
    Freer {
        store: store.clone(),
        clock: clock.clone(),
        holder: holder("eve"),
        interrupts: Interrupts::never(),
        progress: Arc::new(Silent),
    }
}

/// A lock whose holder's process goes by this clock.
async fn held_by(clock: &Arc<VirtualClock>, store: &Arc<MemoryStore>) -> HeldLock {
    let seeker = Seeker {
        store: store.clone(),
        clock: clock.clone(),
        holder: holder("ada"),
        timeout: Duration::ZERO,
        interrupts: Interrupts::never(),
        progress: Arc::new(Silent),
    };
    acquire(seeker, OperationId::from_text("op-ada")).await.unwrap()
}

fn left(seen: Seen) -> LeftBehind {
    match seen {
        Seen::LeftBehind(left) => left,
        Seen::Live(_) => panic!("it is live"),
        Seen::Free(_) => panic!("it is free"),
    }
}

fn lies_there(store: &MemoryStore) -> Lock {
    Lock::parse(store.text(lock::KEY).unwrap().as_bytes()).unwrap()
}

#[tokio::test]
async fn a_holder_that_wakes_after_it_can_write_nothing() {
    let (clock, store) = world();
    let theirs = Arc::new(VirtualClock::default());
    let held = held_by(&theirs, &store).await;
    clock.advance(TERM).await;
    let freer = freer(&clock, &store);
    let abandoned = left(freer.see().await.unwrap());
    assert_eq!((abandoned.silent, abandoned.lock.fence), (TERM, 1));
    let freeing = tokio::spawn(async move { freer.free(abandoned).await });
    clock.advance(TAKE_OVER_AFTER - TERM - Duration::from_secs(1)).await;
    assert_eq!(lies_there(&store).state, LockState::Held, "a tool of its may still be at work");
    clock.advance(Duration::from_secs(2)).await;
    let free = freeing.await.unwrap().unwrap();
    assert_eq!((free.state, free.fence, free.operation.as_str()), (LockState::Released, 2, "op-ada"));
    assert_eq!(lies_there(&store), free);

    // Its process was stopped and goes on, whatever its own clock says.
    let lease = held.lease();
    theirs.advance(crate::model::lock::RENEW_EVERY).await;
    assert!(lease.check().unwrap_err().to_string().contains("eve on laptop"));
    assert!(held.release().await.is_err());
    assert_eq!(lies_there(&store), free);
    assert_eq!(held_by(&clock, &store).await.lease().fence, 3);
}

#[tokio::test]
async fn a_lock_that_is_renewed_is_live_and_one_that_is_given_back_free() {
    let (clock, store) = world();
    let freer = freer(&clock, &store);
    assert!(matches!(freer.see().await.unwrap(), Seen::Free(None)));
    let held = held_by(&clock, &store).await;
    clock.advance(TERM * 5).await;
    assert!(matches!(freer.see().await.unwrap(), Seen::Live(_)));
    held.release().await.unwrap();
    assert!(matches!(freer.see().await.unwrap(), Seen::Free(Some(_))));
}

#[tokio::test]
async fn who_wakes_while_it_is_waited_for_keeps_the_lock() {
    let (clock, store) = world();
    let theirs = Arc::new(VirtualClock::default());
    let held = held_by(&theirs, &store).await;
    clock.advance(TERM).await;
    let freer = freer(&clock, &store);
    let abandoned = left(freer.see().await.unwrap());
    let freeing = tokio::spawn(async move { freer.free(abandoned).await });
    clock.advance(Duration::from_secs(5)).await;
    theirs.advance(crate::model::lock::RENEW_EVERY).await;
    clock.advance(TAKE_OVER_AFTER).await;
    assert_eq!(freeing.await.unwrap().unwrap_err().kind, Kind::LockHeld);
    held.lease().check().unwrap();
}

/// Without ages, a lock is live if it changes within a term.
#[tokio::test]
async fn a_store_without_ages_is_watched_for_a_term() {
    let (clock, store) = (Arc::new(VirtualClock::default()), Arc::new(MemoryStore::default()));
    let theirs = Arc::new(VirtualClock::default());
    let held = held_by(&theirs, &store).await;
    for alive in [true, false] {
        let freer = freer(&clock, &store);
        let seeing = tokio::spawn(async move { freer.see().await });
        clock.advance(TERM - Duration::from_secs(1)).await;
        assert!(!seeing.is_finished());
        if alive {
            theirs.advance(crate::model::lock::RENEW_EVERY).await;
        }
        clock.advance(Duration::from_secs(2)).await;
        assert_eq!(matches!(seeing.await.unwrap().unwrap(), Seen::Live(_)), alive);
    }
    held.lease().check().unwrap();
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_recognised_and_a_signal_leaves_the_lock() {
    let (clock, store) = world();
    drop(held_by(&Arc::new(VirtualClock::default()), &store).await);
    clock.advance(TERM).await;
    let (interrupter, interrupts) = channel();
    let mut freer = freer(&clock, &store);
    freer.interrupts = interrupts;
    let abandoned = left(freer.see().await.unwrap());
    interrupter.interrupt();
    assert_eq!(freer.free(abandoned).await.unwrap_err().kind, Kind::Interrupted);
    assert_eq!(lies_there(&store).state, LockState::Held);

    freer.interrupts = Interrupts::never();
    clock.advance(TAKE_OVER_AFTER).await;
    for fate in [Fate::Unreachable, Fate::AnswerLost] {
        store.order(lock::KEY, &[fate]);
        let abandoned = left(freer.see().await.unwrap());
        assert_eq!(freer.free(abandoned).await.is_ok(), fate == Fate::AnswerLost, "{fate:?}");
    }
    assert_eq!(lies_there(&store).fence, 2);
}
