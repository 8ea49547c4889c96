//! Commits on a store that loses answers, beside another writer, and after a death.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

use super::*;
use crate::model::machine::Place;
use crate::model::provider::Provider;
use crate::model::record::Source;
use crate::ops::lease::Standing;
use crate::ops::testing::{Fate, MemoryStore, VirtualClock, holder, lease};

struct World {
    store: Arc<MemoryStore>,
    lease: Lease,
    keeper: watch::Sender<Standing>,
}

fn world() -> World {
    let (lease, keeper) = lease(Arc::new(VirtualClock::default()), 1);
    World { store: Arc::new(MemoryStore::default()), lease, keeper }
}

fn record(generation: u64, operation: &str) -> Record {
    let place = Place { account: "1".into(), region: "r".into() };
    let source = Source { cluster_file: "text".into(), sets: Vec::new(), files: BTreeMap::new() };
    let operation = OperationId::from_text(operation);
    Record { generation, ..Record::new("id", "demo", Provider::Sandbox, &place, source, operation) }
}

impl World {
    async fn commit(&self, record: &Record, base: Option<Version>) -> Result<Version> {
        let at = jiff::Timestamp::UNIX_EPOCH;
        commit(self.store.as_ref(), &self.lease, record, base, &holder("ada"), at).await
    }

    async fn stored(&self) -> Option<Record> {
        load(self.store.as_ref()).await.unwrap().map(|(record, _)| record)
    }

    fn generation(&self, generation: u64) -> Option<Generation> {
        let text = self.store.text(&history_key(generation))?;
        Some(serde_json::from_str(&text).unwrap())
    }
}

#[tokio::test]
async fn each_generation_is_kept() {
    let world = world();
    let first = world.commit(&record(1, "op-1"), None).await.unwrap();
    world.commit(&record(2, "op-2"), Some(first)).await.unwrap();
    assert_eq!(world.stored().await, Some(record(2, "op-2")));
    for (generation, operation) in [(1, "op-1"), (2, "op-2")] {
        let kept = world.generation(generation).unwrap();
        assert_eq!((kept.generation, &kept.record), (generation, &record(generation, operation)));
        assert_eq!(kept.holder.unwrap().user, "ada");
    }
}

#[tokio::test]
async fn a_record_that_another_run_changed_is_not_overwritten() {
    let world = world();
    let first = world.commit(&record(1, "op-1"), None).await.unwrap();
    world.store.overwrite(KEY, encode(&record(2, "theirs")).unwrap());
    let failure = world.commit(&record(2, "ours"), Some(first)).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Partial);
    assert!(failure.causes.concat().contains("operation theirs (generation 2)"), "{failure:?}");
    assert_eq!(world.stored().await, Some(record(2, "theirs")));
    // Two that would make the first record cannot both do it.
    assert!(world.commit(&record(1, "ours"), None).await.is_err());
}

#[tokio::test]
async fn what_a_former_holder_had_on_its_way_comes_too_late() {
    let world = world();
    let first = world.commit(&record(1, "op-1"), None).await.unwrap();
    let (lease, _keeper) = lease(Arc::new(VirtualClock::default()), 2);
    let stored = load(world.store.as_ref()).await.unwrap().unwrap();
    let (fenced, version) = fence(world.store.as_ref(), &lease, stored).await.unwrap();
    assert_eq!(fenced, Record { fence: 2, ..record(1, "op-1") });
    world.commit(&record(2, "op-1"), Some(first.clone())).await.unwrap_err();
    assert_eq!(world.stored().await, Some(fenced.clone()));
    world.commit(&record(2, "op-2"), Some(version)).await.unwrap();
    // One that arrived just before is told, not overwritten.
    let failure = fence(world.store.as_ref(), &lease, (fenced, first)).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Partial);
    assert_eq!(world.stored().await, Some(record(2, "op-2")));
}

#[tokio::test]
async fn a_commit_that_met_its_own_earlier_try_is_recognised() {
    let world = world();
    world.store.order(KEY, &[Fate::Repeated]);
    let version = world.commit(&record(1, "op-1"), None).await.unwrap();
    world.commit(&record(2, "op-2"), Some(version)).await.unwrap();
}

#[tokio::test]
async fn history_left_out_by_a_death_is_put_in_by_the_next_commit() {
    let world = world();
    world.commit(&record(1, "op-1"), None).await.unwrap();
    world.store.order(&history_key(2), &[Fate::Unreachable]);
    let version = load(world.store.as_ref()).await.unwrap().unwrap().1;
    let second = world.commit(&record(2, "op-2"), Some(version)).await.expect("the commit stands");
    assert_eq!(world.generation(2), None);
    world.commit(&record(3, "op-3"), Some(second)).await.unwrap();
    assert_eq!(world.generation(2).unwrap().record, record(2, "op-2"));
}

#[tokio::test]
async fn without_the_lease_nothing_is_committed() {
    let world = world();
    world.keeper.send_replace(Standing::Lost { why: "bob has it".into() });
    assert_eq!(world.commit(&record(1, "op-1"), None).await.unwrap_err().kind, Kind::Partial);
    assert_eq!(world.stored().await, None);
}

#[tokio::test]
async fn one_of_a_newer_scaler_is_neither_read_nor_lost() {
    let world = world();
    let first = world.commit(&record(1, "op-1"), None).await.unwrap();
    // A newer minor format can be read. What we do not know of it would be lost by writing it.
    let newer = Record { format: Format { minor: FORMAT.minor + 1, ..FORMAT }, ..record(2, "op-2") };
    assert_eq!(world.commit(&newer, Some(first)).await.unwrap_err().kind, Kind::Refused);
    world.store.overwrite(KEY, encode(&newer).unwrap());
    assert_eq!(world.stored().await, Some(newer));
    let newer = Record { format: Format { major: FORMAT.major + 1, ..FORMAT }, ..record(2, "op-2") };
    world.store.overwrite(KEY, encode(&newer).unwrap());
    assert_eq!(load(world.store.as_ref()).await.unwrap_err().kind, Kind::Refused);
    world.store.overwrite(KEY, "{ not a record");
    assert_eq!(load(world.store.as_ref()).await.unwrap_err().kind, Kind::Failed);
}
