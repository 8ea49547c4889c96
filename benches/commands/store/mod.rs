//! What an operation costs in its store: its lock, its commit, and a long journal. The peer sends the very same requests,
//! one after another and without any logic: what it takes longer is the price of being safe, what it takes shorter that of
//! asking side by side.

mod journal;
mod peer;
mod places;

use std::sync::Arc;
use std::time::Duration;

use scaler::adapters::clock::SystemClock;
use scaler::model::lock::Holder;
use scaler::model::machine::Place;
use scaler::model::names::OperationId;
use scaler::model::provider::Provider;
use scaler::model::record::{Record, Source};
use scaler::ops::interrupts::Interrupts;
use scaler::ops::lock::{HeldLock, Seeker, acquire};
use scaler::ops::ports::{Clock, Event, Progress, Store};
use scaler::ops::{journal as journals, record};

use crate::case::{Row, Scale, compare};
use peer::Recorder;
use places::Stand;

pub fn rows(scale: &Scale) -> Vec<Row> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let nodes = scale.of(1000, 3);
    let mut rows = Vec::new();
    for stand in [Stand::folder(), Stand::moto(), Stand::azurite()] {
        let (name, store) = (stand.name, stand.store.clone());
        let bench = Bench { store: store.clone(), clock: Arc::new(SystemClock) };
        let recorder = Arc::new(Recorder::new(store.clone()));
        let recorded = Bench { store: recorder.clone(), ..bench.clone() };
        // The first of all commits differs: there is nothing before it.
        runtime.block_on(bench.operation());
        runtime.block_on(recorded.operation());
        let requests = recorder.take();
        rows.push(compare(
            format!("store: lock, commit and unlock of an operation, {name}"),
            scale.runs(20),
            || runtime.block_on(bench.operation()),
            format!("its {} requests one by one", requests.len()),
            || runtime.block_on(peer::repeat(store.as_ref(), &requests)),
        ));

        let entries = journal::entries(nodes);
        let written = runtime.block_on(bench.journal(&entries));
        let texts = runtime.block_on(peer::texts(store.as_ref(), &written));
        rows.push(compare(
            format!("store: journal of {nodes} nodes written, {} entries, {name}", entries.len()),
            scale.runs(1),
            || drop(runtime.block_on(bench.journal(&entries))),
            "the same objects put one by one",
            || runtime.block_on(peer::put_all(store.as_ref(), &texts)),
        ));
        let keys: Vec<String> = texts.keys().cloned().collect();
        rows.push(compare(
            format!("store: journal of {nodes} nodes read and folded, {name}"),
            scale.runs(1),
            || runtime.block_on(bench.fold(&written)),
            "the same objects read one by one",
            || runtime.block_on(peer::get_all(store.as_ref(), &keys)),
        ));
    }
    rows
}

struct Silent;

impl Progress for Silent {
    fn tell(&self, _: Event) {}
}

#[derive(Clone)]
struct Bench {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Bench {
    async fn lock(&self, operation: &OperationId) -> HeldLock {
        let (user, host, command) = ("bench".to_owned(), "bench".to_owned(), "scaler apply".to_owned());
        let seeker = Seeker {
            store: self.store.clone(),
            clock: self.clock.clone(),
            holder: Holder { user, host, login: String::new(), pid: 1, command, version: "0".to_owned() },
            timeout: Duration::ZERO,
            interrupts: Interrupts::never(),
            progress: Arc::new(Silent),
        };
        acquire(seeker, operation.clone()).await.expect("the lock")
    }

    fn name(&self) -> OperationId {
        OperationId::new(self.clock.now(), self.clock.random())
    }

    /// The lock, the next generation of the record, and the lock's release.
    async fn operation(&self) {
        let operation = self.name();
        let held = self.lock(&operation).await;
        let lease = held.lease();
        let found = record::load(self.store.as_ref()).await.expect("the record");
        let (record, base) = match found {
            Some((record, version)) => {
                (Record { generation: record.generation + 1, operation, fence: lease.fence, ..record }, Some(version))
            }
            None => (first(operation), None),
        };
        let now = self.clock.now();
        record::commit(self.store.as_ref(), &lease, &record, base, &lease.holder, now).await.expect("a commit");
        held.release().await.expect("the release");
    }

    /// Writes these entries, and gives the operation's name.
    async fn journal(&self, entries: &[scaler::model::journal::Entry]) -> OperationId {
        let operation = self.name();
        let held = self.lock(&operation).await;
        let mut journal =
            journals::Journal::new(self.store.clone(), self.clock.clone(), held.lease(), operation.clone());
        for entry in entries {
            journal.write(entry.clone()).await.expect("an entry");
        }
        held.release().await.expect("the release");
        operation
    }

    async fn fold(&self, operation: &OperationId) {
        let status = journals::load(self.store.as_ref(), operation).await.expect("a journal");
        assert!(status.is_some_and(|status| status.outcome().is_some()), "it has ended");
    }
}

fn first(operation: OperationId) -> Record {
    let place = Place { account: "1".into(), region: "r".into() };
    let source = Source { cluster_file: "name: bench".into(), sets: Vec::new(), files: Default::default() };
    Record::new("bench", "bench", Provider::Sandbox, &place, source, operation)
}
