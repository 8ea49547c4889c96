//! A cluster in memory: nodes, pods with their controllers, budgets and evictions as the API server decides them, on
//! any clock. Time passes in it whenever it is asked.

mod eviction;
mod world;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;

pub use self::world::{Controller, Done, Living, World};
use crate::model::bootstrap::{BootstrapToken, Entrance};
use crate::model::failure::{Failure, Result};
use crate::model::kubernetes::{
    Attachment, Budget, Change, Eviction, FIELD_MANAGER, LABEL_MANAGER, LabelChange, Listing, Node,
    OPERATION_ANNOTATION, Patched, Pod, Right,
};
use crate::model::names::OperationId;
use crate::ops::ports::kubernetes::NodeChange;
use crate::ops::ports::{Clock, Kubernetes};

pub struct MemoryKubernetes {
    clock: Arc<dyn Clock>,
    world: Mutex<World>,
}

impl MemoryKubernetes {
    pub fn new(clock: Arc<dyn Clock>) -> MemoryKubernetes {
        let start = clock.now() - clock.boot().0;
        MemoryKubernetes { clock, world: Mutex::new(World::starting(start)) }
    }

    /// The cluster as of now, to look at and to change.
    pub fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap();
        world.advance(self.clock.boot().0);
        world
    }

    /// The same, for a request: it fails while the API server is away.
    fn request(&self) -> Result<MutexGuard<'_, World>> {
        let world = self.world();
        match world.away {
            Some((from, until)) if (from..until).contains(&self.clock.boot().0) => {
                Err(Failure::failed("the API server cannot be reached").because("connection refused"))
            }
            _ => Ok(world),
        }
    }

    /// Changes the Node if it is still the one that was read (name, UID, resourceVersion). What each client set is booked
    /// once, and not at all when it has taken everything back.
    fn patch(
        &self,
        (name, uid, read): (&str, &str, &str),
        (manager, has_set): (&str, bool),
        change: impl FnOnce(&mut Node) -> Done,
    ) -> Result<Patched> {
        let mut world = self.request()?;
        world.meddle(name);
        let (now, version) = (world.wall(), world.next_version());
        let Some(node) = world.nodes.get_mut(name) else { return Ok(Patched::Gone) };
        if node.uid != uid || node.resource_version != read {
            return Ok(Patched::Conflict);
        }
        node.resource_version = version;
        let done = change(node);
        node.changes.retain(|change| change.manager != manager);
        if has_set {
            node.changes.insert(0, Change { manager: manager.to_owned(), at: Some(now) });
        }
        let node = node.clone();
        world.note(done);
        answer(&mut world, Patched::Done(Box::new(node)))
    }
}

#[async_trait]
impl Kubernetes for MemoryKubernetes {
    async fn identity(&self) -> Result<String> {
        self.request().map(|_| "uid-kube-system".to_owned())
    }

    async fn server_version(&self) -> Result<String> {
        self.request().map(|_| "1.36.3".to_owned())
    }

    async fn nodes(&self) -> Result<Listing<Node>> {
        let mut world = self.request()?;
        let nodes = world.nodes.values().cloned().collect();
        Ok(world.listing(nodes))
    }

    async fn node(&self, name: &str) -> Result<Option<Node>> {
        Ok(self.request()?.nodes.get(name).cloned())
    }

    async fn pods_on(&self, node: &str) -> Result<Listing<Pod>> {
        let mut world = self.request()?;
        let there = world.pods.iter().map(|living| &living.pod).filter(|pod| pod.node.as_deref() == Some(node));
        let there = there.cloned().collect();
        Ok(world.listing(there))
    }

    async fn pods(&self) -> Result<Listing<Pod>> {
        let mut world = self.request()?;
        let pods = world.pods.iter().map(|living| living.pod.clone()).collect();
        Ok(world.listing(pods))
    }

    async fn pod(&self, namespace: &str, name: &str) -> Result<Option<Pod>> {
        let world = self.request()?;
        let mut pods = world.pods.iter().map(|living| &living.pod);
        Ok(pods.find(|pod| pod.namespace == namespace && pod.name == name).cloned())
    }

    async fn budgets(&self) -> Result<Vec<Budget>> {
        Ok(self.request()?.budgets())
    }

    async fn attachments(&self) -> Result<Vec<Attachment>> {
        Ok(self.request()?.attachments.clone())
    }

    async fn volume_of_claim(&self, namespace: &str, claim: &str) -> Result<Option<String>> {
        Ok(self.request()?.claims.get(&format!("{namespace}/{claim}")).cloned())
    }

    async fn change_node(&self, change: &NodeChange) -> Result<Patched> {
        let booked = (FIELD_MANAGER, change.annotation.is_some());
        self.patch((&change.name, &change.uid, &change.resource_version), booked, |node| {
            node.unschedulable = change.unschedulable;
            match &change.annotation {
                Some(text) => node.annotations.insert(OPERATION_ANNOTATION.to_owned(), text.clone()),
                None => node.annotations.remove(OPERATION_ANNOTATION),
            };
            match change.annotation {
                Some(_) => Done::Cordoned { node: node.name.clone() },
                None => Done::Restored { node: node.name.clone(), unschedulable: node.unschedulable },
            }
        })
    }

    async fn change_labels(&self, change: &LabelChange) -> Result<Patched> {
        self.patch((&change.name, &change.uid, &change.resource_version), (LABEL_MANAGER, true), |node| {
            for (key, value) in &change.labels {
                match value {
                    Some(value) => drop(node.labels.insert(key.clone(), value.clone())),
                    None => drop(node.labels.remove(key)),
                }
            }
            if let Some(taints) = &change.taints {
                node.taints = taints.clone();
            }
            Done::Labelled { node: node.name.clone() }
        })
    }

    async fn evict(&self, pod: &Pod) -> Result<Eviction> {
        let mut world = self.request()?;
        let said = world.evict(pod);
        answer(&mut world, said)
    }

    async fn delete_node(&self, name: &str, uid: &str) -> Result<bool> {
        let mut world = self.request()?;
        if world.nodes.get(name).is_some_and(|node| node.uid == uid) {
            world.delete_node(name);
        }
        Ok(world.nodes.get(name).is_none_or(|node| node.uid != uid))
    }

    async fn entrance(&self) -> Result<Entrance> {
        drop(self.request()?);
        Ok(Entrance { endpoint: "api.test:6443".into(), ca_hash: "sha256:00".into() })
    }

    async fn issue_token(&self, token: &BootstrapToken, _: &OperationId, expires: jiff::Timestamp) -> Result<()> {
        let mut world = self.request()?;
        world.tokens.insert(token.id.clone(), expires);
        answer(&mut world, ())
    }

    async fn revoke_token(&self, id: &str) -> Result<()> {
        let mut world = self.request()?;
        world.tokens.remove(id);
        answer(&mut world, ())
    }

    async fn can_i(&self, _: &Right) -> Result<bool> {
        self.request().map(|_| true)
    }
}

/// The answer to a change that was made, unless a test orders that it gets lost.
fn answer<T>(world: &mut World, answer: T) -> Result<T> {
    if world.lost_answers == 0 {
        return Ok(answer);
    }
    world.lost_answers -= 1;
    Err(Failure::failed("the API server did not answer").because("connection closed"))
}

/// How far apart two things in this world are seen to happen.
pub const TICK: Duration = Duration::from_millis(100);
