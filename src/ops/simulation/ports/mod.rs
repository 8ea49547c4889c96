//! The ports of one simulated scaler, but for Terraform: each call takes time, may fail, and may be where it dies.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::cloud::place;
use super::cluster;
use super::process::Process;
use super::watch::{Deed, kind_of_entry};
use crate::model::failure::{Failure, Result};
use crate::model::file::Image;
use crate::model::journal::Document;
use crate::model::kubernetes::{
    Attachment, Budget, Eviction, Listing, Node, NodeChange, Patched, Pod, Resources, Right,
};
use crate::model::lock::{self, Lock, LockState};
use crate::model::machine::{Machine, Place, Sighting};
use crate::model::provider::tags;
use crate::ops::ports::store::lock_beside;
use crate::ops::ports::{Cloud, Condition, Kubernetes, Object, Put, Store};
use crate::ops::testing::kubernetes::Done;

pub struct SimStore(pub Arc<Process>);

fn unanswered() -> Failure {
    Failure::failed("the store does not answer").because("503 Slow Down")
}

impl SimStore {
    fn fails(&self) -> bool {
        let world = &self.0.world;
        let cases = world.weather().store;
        *self.0.storeless.lock().unwrap() > world.now() || cases > 0 && world.chance.permille(cases)
    }
}

/// What is written, as far as anybody here wants to know.
enum Writing {
    Lock(Box<Lock>),
    Entry(Box<Document>),
    Other,
}

impl Writing {
    fn of(key: &str, bytes: &Bytes) -> Writing {
        if key == lock::KEY {
            return Lock::parse(bytes).map_or(Writing::Other, |lock| Writing::Lock(Box::new(lock)));
        }
        match key.starts_with("journal/") {
            true => Document::parse(bytes).map_or(Writing::Other, |document| Writing::Entry(Box::new(document))),
            false => Writing::Other,
        }
    }

    /// Its name among the points of a way.
    fn label(&self, key: &str) -> String {
        match self {
            Writing::Entry(document) => format!("journal: {}", kind_of_entry(&document.entry)),
            Writing::Lock(lock) if lock.state == LockState::Released => "unlock".into(),
            Writing::Lock(_) => "lock".into(),
            Writing::Other if key == "cluster.json" => "commit".into(),
            Writing::Other => key.split('/').next().unwrap_or_default().to_owned(),
        }
    }

    fn deed<'a>(&'a self, key: &'a str) -> Deed<'a> {
        match self {
            Writing::Lock(lock) => Deed::Locked(lock),
            Writing::Entry(document) => Deed::Journalled { key, document },
            Writing::Other => Deed::Wrote { key },
        }
    }
}

#[async_trait]
impl Store for SimStore {
    fn url(&self) -> String {
        "memory://acme".into()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>> {
        self.0.way_out().await;
        let found = self.0.world.store.get(key).await;
        let fails = self.fails();
        self.0.way_back().await;
        if fails { Err(unanswered()) } else { found }
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<Put> {
        let process = &self.0;
        let writing = Writing::of(key, &bytes);
        let point = process.come_to(|| writing.label(key)).await;
        // It may lie on this machine while that sleeps.
        process.way_out().await;
        let lost = self.fails();
        if lost && (*process.storeless.lock().unwrap() > process.world.now() || process.world.chance.permille(500)) {
            process.way_back().await;
            return Err(unanswered());
        }
        process.alive().await;
        let put = process.world.store.put(key, bytes.clone(), condition.clone()).await?;
        if let Put::Written(_) = &put {
            process.world.did(process.index, writing.deed(key));
        }
        process.left(point).await;
        process.way_back().await;
        match lost {
            false => Ok(put),
            // Its inner repetition meets its own effect.
            true if process.world.chance.permille(500) => process.world.store.put(key, bytes, condition).await,
            true => Err(unanswered()),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        self.0.way_out().await;
        let found = self.0.world.store.list(prefix).await;
        let fails = self.fails();
        self.0.way_back().await;
        if fails { Err(unanswered()) } else { found }
    }

    async fn state_lock(&self, key: &str) -> Result<Option<Object>> {
        self.get(&lock_beside(key)).await
    }

    async fn break_state_lock(&self, key: &str) -> Result<()> {
        self.delete(&lock_beside(key)).await
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let point = self.0.come_to(|| format!("delete {key}")).await;
        self.0.way_there().await;
        self.0.world.store.delete(key).await?;
        self.0.world.did(self.0.index, Deed::Deleted { key });
        self.0.left(point).await;
        self.0.way_back().await;
        Ok(())
    }
}

pub struct SimCloud(pub Arc<Process>);

impl SimCloud {
    async fn ask<T>(&self, question: impl FnOnce(&super::world::World) -> T) -> Result<T> {
        let world = &self.0.world;
        self.0.way_there().await;
        let cases = world.weather().cloud;
        let fails = cases > 0 && world.chance.permille(cases);
        let answer = question(world);
        self.0.way_back().await;
        if fails {
            Err(Failure::failed("the cloud does not answer").because("RequestLimitExceeded"))
        } else {
            Ok(answer)
        }
    }
}

#[async_trait]
impl Cloud for SimCloud {
    async fn place(&self) -> Result<Place> {
        Ok(place())
    }

    async fn login_ends(&self) -> Result<Option<jiff::Timestamp>> {
        Ok(None)
    }

    async fn machines(&self, cluster_id: &str) -> Result<Vec<Machine>> {
        self.ask(|world| world.cloud.of_cluster(cluster_id, world.now())).await
    }

    async fn namesakes(&self, cluster: &str) -> Result<Vec<Machine>> {
        let named = |machine: &Machine| machine.tags.get(tags::CLUSTER).is_some_and(|name| name == cluster);
        self.ask(|world| world.cloud.list(world.now()).into_iter().filter(named).collect()).await
    }

    async fn sight(&self, machine_id: &str) -> Result<Sighting> {
        self.ask(|world| world.cloud.sight(machine_id, world.now())).await
    }

    async fn resolve_image(&self, _: &Image, _: &str) -> Result<String> {
        Ok("image-1".into())
    }

    async fn machine_type(&self, _: &str) -> Result<Option<Resources>> {
        Ok(None)
    }
}

pub struct SimKubernetes(pub Arc<Process>);

impl SimKubernetes {
    fn fails(&self) -> Result<()> {
        let world = &self.0.world;
        let cases = world.weather().kubernetes;
        if cases > 0 && world.chance.permille(cases) {
            return Err(Failure::failed("the API server did not answer").because("connection reset"));
        }
        Ok(())
    }

    /// There; the cluster is then as it is at that moment.
    async fn there(&self) -> Result<()> {
        self.0.way_there().await;
        cluster::follow(&self.0.world);
        self.fails()
    }

    async fn back<T>(&self, answer: T) -> T {
        self.0.way_back().await;
        answer
    }

    /// What the API server did since it had done so much.
    fn report(&self, before: usize) {
        let world = &self.0.world;
        let done: Vec<Done> = world.kubernetes.world().log.iter().skip(before).map(|(_, done)| done.clone()).collect();
        for done in done {
            world.did(self.0.index, Deed::Kubernetes(&done));
        }
    }

    fn log_length(&self) -> usize {
        self.0.world.kubernetes.world().log.len()
    }
}

#[async_trait]
impl Kubernetes for SimKubernetes {
    async fn identity(&self) -> Result<String> {
        self.there().await?;
        let answer = self.0.world.kubernetes.identity().await;
        self.back(answer).await
    }

    async fn server_version(&self) -> Result<String> {
        self.there().await?;
        let answer = self.0.world.kubernetes.server_version().await;
        self.back(answer).await
    }

    async fn nodes(&self) -> Result<Listing<Node>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.nodes().await;
        self.back(answer).await
    }

    async fn node(&self, name: &str) -> Result<Option<Node>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.node(name).await;
        self.back(answer).await
    }

    async fn pods_on(&self, node: &str) -> Result<Listing<Pod>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.pods_on(node).await;
        self.back(answer).await
    }

    async fn pods(&self) -> Result<Listing<Pod>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.pods().await;
        self.back(answer).await
    }

    async fn pod(&self, namespace: &str, name: &str) -> Result<Option<Pod>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.pod(namespace, name).await;
        self.back(answer).await
    }

    async fn budgets(&self) -> Result<Vec<Budget>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.budgets().await;
        self.back(answer).await
    }

    async fn attachments(&self) -> Result<Vec<Attachment>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.attachments().await;
        self.back(answer).await
    }

    async fn volume_of_claim(&self, namespace: &str, claim: &str) -> Result<Option<String>> {
        self.there().await?;
        let answer = self.0.world.kubernetes.volume_of_claim(namespace, claim).await;
        self.back(answer).await
    }

    async fn change_node(&self, change: &NodeChange) -> Result<Patched> {
        let label = if change.annotation.is_some() { "cordon" } else { "uncordon" };
        let point = self.0.come_to(|| label.into()).await;
        self.there().await?;
        let before = self.log_length();
        let answer = self.0.world.kubernetes.change_node(change).await;
        self.report(before);
        self.0.left(point).await;
        self.back(()).await;
        self.fails()?;
        answer
    }

    async fn evict(&self, pod: &Pod) -> Result<Eviction> {
        let point = self.0.come_to(|| "evict".into()).await;
        self.there().await?;
        let before = self.log_length();
        let answer = self.0.world.kubernetes.evict(pod).await;
        self.report(before);
        self.0.left(point).await;
        self.back(()).await;
        self.fails()?;
        answer
    }

    async fn delete_node(&self, name: &str, uid: &str) -> Result<bool> {
        let point = self.0.come_to(|| "delete Node".into()).await;
        self.there().await?;
        let there = self.0.world.kubernetes.node(name).await?.filter(|node| node.uid == uid);
        if let Some(node) = &there {
            self.0.world.did(self.0.index, Deed::DeletesNode { node });
        }
        let answer = self.0.world.kubernetes.delete_node(name, uid).await;
        self.0.left(point).await;
        self.back(()).await;
        self.fails()?;
        answer
    }

    async fn can_i(&self, right: &Right) -> Result<bool> {
        self.0.world.kubernetes.can_i(right).await
    }
}
