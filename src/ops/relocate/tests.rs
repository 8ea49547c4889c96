//! Moves between stores in memory, cut short at every write.

use super::*;
use crate::model::lock::{KEY as LOCK, Lock, LockState};
use crate::model::machine::Place;
use crate::model::provider::Provider;
use crate::model::record::Source;
use crate::ops::interrupts::channel;
use crate::ops::testing::{Fate, MemoryStore, VirtualClock, holder};

const URL: &str = "s3://acme/demo?region=eu-west-1";

struct Silent;

impl Progress for Silent {
    fn tell(&self, _: Event) {}
}

fn cluster(id: &str) -> Record {
    let place = Place { account: "1".into(), region: "r".into() };
    let source = Source { cluster_file: "file".into(), sets: Vec::new(), files: Default::default() };
    let by = OperationId::from_text("op-7");
    Record { generation: 7, ..Record::new(id, "demo", Provider::Sandbox, &place, source, by) }
}

/// What a cluster has beside its record.
const OBJECTS: [&str; 7] = [
    "history/00000006.json",
    "history/00000007.json",
    "images/0123/ami-1.json",
    "inputs/abc",
    "journal/op-7/000001",
    "terraform/foundation.tfstate",
    "terraform/pool-w.tfstate",
];

fn old() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::default());
    for key in OBJECTS.into_iter().chain(["terraform/pool-w.tfstate.backup", "doctor/1"]) {
        store.overwrite(key, format!("what {key} holds"));
    }
    store.overwrite(record::KEY, record::encode(&cluster("c")).unwrap());
    store
}

fn way(from: &Arc<MemoryStore>, to: Arc<dyn Store>) -> Move {
    Move { from: from.clone(), to, url: URL.into() }
}

async fn go(way: &Move) -> Result<Report> {
    go_until(way, Interrupts::never()).await
}

/// Time stands still, but for an answer that is waited for.
async fn go_until(way: &Move, interrupts: Interrupts) -> Result<Report> {
    let clock = Arc::new(VirtualClock::default());
    let seeker = Seeker {
        store: way.from.clone(),
        clock: clock.clone(),
        holder: holder("ada"),
        timeout: Default::default(),
        interrupts,
        progress: Arc::new(Silent),
    };
    relocate(seeker, way).await
}

/// All that is not of a trial.
async fn objects(store: &MemoryStore) -> Vec<String> {
    store.list("").await.unwrap().into_iter().filter(|key| !proof::is_trials(key)).collect()
}

async fn in_force(store: &MemoryStore) -> bool {
    matches!(record::load(store).await, Ok(Some(_)))
}

/// Everything is in the new store, to the byte, and the old one is refused with the new one's URL.
async fn is_moved(from: &MemoryStore, to: &MemoryStore, record: &Record) {
    for key in OBJECTS {
        assert_eq!(to.text(key), from.text(key), "{key}");
    }
    assert_eq!(record::load(to).await.unwrap().unwrap().0, *record);
    assert_eq!(to.text(record::KEY).unwrap().as_bytes(), record::encode(record).unwrap());
    let mut expected = OBJECTS.to_vec();
    expected.extend([LOCK, record::KEY]);
    expected.sort_unstable();
    assert_eq!(objects(to).await, expected);
    assert!(proof::is_proven(to).await.unwrap());
    let lock = |store: &MemoryStore| Lock::parse(store.text(LOCK).unwrap().as_bytes()).unwrap();
    assert_eq!(lock(to).state, LockState::Released);
    assert!(lock(to).fence >= record.fence && lock(to).fence <= lock(from).fence);
    let refused = record::load(from).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Refused);
    let hints = refused.hints.join("\n");
    assert!(hints.contains("store: { backend: s3, bucket: acme, prefix: demo, region: eu-west-1 }"), "{refused:?}");
    assert!(hints.contains(&format!("--cluster '{URL}'")), "{refused:?}");
}

#[tokio::test]
async fn everything_of_a_cluster_is_moved_and_nothing_else() {
    let (from, to) = (old(), Arc::new(MemoryStore::default()));
    let way = way(&from, to.clone());
    let shown = look(&way).await.unwrap();
    assert_eq!((shown.objects, shown.moved, shown.resumes), (OBJECTS.len() + 2, false, false));
    assert_eq!(shown.left_behind, ["doctor/1", "terraform/pool-w.tfstate.backup"]);
    assert_eq!(to.list("").await.unwrap(), [""; 0]);
    let done = go(&way).await.unwrap();
    assert!(done.moved && done.bytes.is_some_and(|bytes| bytes > 100), "{done:?}");
    is_moved(&from, &to, &cluster("c")).await;
    // Once more says so, and changes nothing.
    let again = go(&way).await.unwrap();
    assert!(again.moved && again.bytes.is_none(), "{again:?}");
    is_moved(&from, &to, &cluster("c")).await;
    let elsewhere = Move { url: "s3://other/demo".into(), to: Arc::new(MemoryStore::default()), ..way };
    assert!(go(&elsewhere).await.unwrap_err().to_string().contains(URL));
}

/// Every write of a move fails once: without an effect, or with one whose answer is lost.
#[tokio::test]
async fn a_move_that_was_cut_short_leaves_one_store_in_force_and_is_taken_up() {
    let mut writes = vec![("old", record::KEY)];
    let staged = ["moving/from.json", "moving/cluster.json", LOCK, record::KEY];
    writes.extend(OBJECTS.into_iter().chain(staged).map(|key| ("new", key)));
    for fate in [Fate::Unreachable, Fate::AnswerLost, Fate::Repeated] {
        for (place, key) in &writes {
            let (from, to) = (old(), Arc::new(MemoryStore::default()));
            let way = way(&from, to.clone());
            if *place == "old" { &from } else { &to }.order(key, &[fate]);
            let cut = go(&way).await;
            let told = format!("{place} {key} {fate:?}: {cut:?}");
            let (old_rules, new_rules) = (in_force(&from).await, in_force(&to).await);
            assert!(!(old_rules && new_rules), "both are in force: {told}");
            match &cut {
                Err(failure) if failure.kind == Kind::Partial => assert!(!old_rules, "{told}"),
                Err(_) => assert!(old_rules, "{told}"),
                Ok(_) => assert!(new_rules, "{told}"),
            }
            assert!(cut.is_err() || fate != Fate::Unreachable, "{told}");
            if old_rules {
                // It goes on being worked on: a state is written, and the past is pruned.
                from.overwrite("terraform/pool-w.tfstate", "a newer state");
                from.delete("history/00000006.json").await.unwrap();
                let record = Record { generation: 8, ..cluster("c") };
                from.overwrite(record::KEY, record::encode(&record).unwrap());
                let done = go(&way).await.unwrap();
                assert!(done.moved, "{told}");
                assert_eq!(to.text("history/00000006.json"), None, "{told}");
                assert_eq!(to.text("terraform/pool-w.tfstate").as_deref(), Some("a newer state"), "{told}");
                assert_eq!(record::load(to.as_ref()).await.unwrap().unwrap().0.generation, 8, "{told}");
            } else {
                go(&way).await.unwrap();
                is_moved(&from, &to, &cluster("c")).await;
            }
        }
    }
}

#[tokio::test]
async fn a_store_that_is_not_empty_is_refused() {
    let from = old();
    let other = Arc::new(MemoryStore::default());
    other.overwrite(record::KEY, record::encode(&cluster("other")).unwrap());
    let stray = Arc::new(MemoryStore::default());
    stray.overwrite("notes.txt", "mine");
    let same = Arc::new(MemoryStore::default());
    same.overwrite(record::KEY, record::encode(&cluster("c")).unwrap());
    let begun = Arc::new(MemoryStore::default());
    begun.overwrite(
        "moving/from.json",
        r#"{"format": {"major": 1, "minor": 2}, "clusterId": "other", "from": "file:///other"}"#,
    );
    for to in [other, stray, same, begun] {
        let before = to.list("").await.unwrap();
        let failure = go(&way(&from, to.clone())).await.unwrap_err();
        assert!(failure.kind == Kind::Refused && failure.what.contains("is not empty"), "{failure:?}");
        assert_eq!(to.list("").await.unwrap(), before);
        assert!(in_force(&from).await);
    }
}

#[tokio::test]
async fn a_lock_of_terraforms_or_of_another_run_and_a_signal_stop_it() {
    let (from, to) = (old(), Arc::new(MemoryStore::default()));
    let way = way(&from, to.clone());
    from.overwrite("terraform/foundation.tfstate.tflock", r#"{"ID": "3f", "Who": "ann@desk"}"#);
    let failure = go(&way).await.unwrap_err();
    assert!(failure.kind == Kind::Refused && failure.to_string().contains("ann@desk"), "{failure:?}");
    from.delete("terraform/foundation.tfstate.tflock").await.unwrap();
    let (interrupter, interrupts) = channel();
    interrupter.interrupt();
    assert_eq!(go_until(&way, interrupts).await.unwrap_err().kind, Kind::Interrupted);
    assert!(in_force(&from).await);
    let mut held = Lock::parse(from.text(LOCK).unwrap().as_bytes()).unwrap();
    held.state = LockState::Held;
    from.overwrite(LOCK, held.text());
    assert_eq!(go(&way).await.unwrap_err().kind, Kind::LockHeld);
    assert!(in_force(&from).await && !in_force(&to).await);
}

#[tokio::test]
async fn what_does_not_come_back_as_it_was_stops_it() {
    for key in OBJECTS.into_iter().chain(["moving/cluster.json", LOCK]) {
        let (from, to) = (old(), Arc::new(MemoryStore::default()));
        to.order(key, &[Fate::Cut]);
        let failure = go(&way(&from, to.clone())).await.unwrap_err();
        assert!(failure.kind == Kind::Refused && failure.what.contains(key), "{key}: {failure:?}");
        assert!(in_force(&from).await && !in_force(&to).await, "{key}");
    }
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_not_moved_to() {
    let (from, to) = (old(), Arc::new(MemoryStore::default()));
    // The same numbers as the move's own clock will give.
    let clock = VirtualClock::default();
    for _ in 0..64 {
        to.order(&format!("probe/{:016x}", clock.random()), &[Fate::Unconditional; 4]);
    }
    let failure = go(&way(&from, to.clone())).await.unwrap_err();
    assert!(failure.kind == Kind::Refused && failure.what.contains("does not keep conditions"), "{failure:?}");
    assert!(in_force(&from).await);
    assert_eq!(objects(&to).await, [""; 0]);
}

#[tokio::test]
async fn a_store_that_was_only_tried_is_empty() {
    let (from, to) = (old(), Arc::new(MemoryStore::default()));
    proof::attempt(to.as_ref(), &VirtualClock::default()).await.unwrap();
    assert!(go(&way(&from, to.clone())).await.unwrap().moved);
    is_moved(&from, &to, &cluster("c")).await;
}
