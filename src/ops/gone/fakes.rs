//! A cloud, a cluster and a clock in memory: what they say depends on the second in which they are asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use crate::model::bootstrap::{BootstrapToken, Entrance};
use crate::model::failure::Result;
use crate::model::file::Image;
use crate::model::kubernetes::{
    Attachment, Budget, Eviction, LabelChange, Listing, Node, NodeChange, Patched, Pod, Resources, Right,
};
use crate::model::machine::{Machine, Place, Sighting};
use crate::model::names::OperationId;
use crate::ops::ports::{BootInstant, Clock, Cloud, Event, Kubernetes, Progress};

type Sight = dyn Fn(&str, u64) -> Result<Sighting> + Send + Sync;
type Nodes = dyn Fn(u64) -> Result<Vec<Node>> + Send + Sync;

/// All of them in one. What these tests do not need is not there, and fails.
pub struct Fake {
    sight: Box<Sight>,
    nodes: Box<Nodes>,
    /// In milliseconds; only sleeping moves it.
    now: AtomicU64,
    /// Resources that the login has no right to.
    pub denied: Vec<&'static str>,
    pub told: std::sync::Mutex<Vec<Event>>,
    /// From this call of `identity` on, it is another cluster, with this UID.
    pub turns_after: Option<(u64, &'static str)>,
    identities: AtomicU64,
}

impl Fake {
    pub fn answering(sight: impl Fn(&str, u64) -> Result<Sighting> + Send + Sync + 'static) -> Fake {
        let nodes = Box::new(|_| Ok(Vec::new()));
        Fake {
            sight: Box::new(sight),
            nodes,
            now: AtomicU64::new(0),
            denied: Vec::new(),
            told: Default::default(),
            turns_after: None,
            identities: AtomicU64::new(0),
        }
    }

    pub fn with_nodes(mut self, nodes: impl Fn(u64) -> Result<Vec<Node>> + Send + Sync + 'static) -> Fake {
        self.nodes = Box::new(nodes);
        self
    }

    /// Seconds that passed.
    pub fn slept(&self) -> u64 {
        self.now.load(Ordering::Relaxed) / 1000
    }
}

/// A Node that is not Ready, and was last heard in this second. Its machine has the number of its name.
pub fn heartbeat(name: &str, second: u64) -> Node {
    let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    Node {
        name: name.into(),
        uid: format!("uid-{name}"),
        resource_version: "1".into(),
        provider_id: name.rsplit_once('-').map(|(_, number)| format!("aws:///z1/i-{number}")),
        addresses: Vec::new(),
        unschedulable: false,
        labels: Default::default(),
        annotations: Default::default(),
        taints: Vec::new(),
        ready: false,
        last_heartbeat: Some(start + Duration::from_secs(second)),
        created: None,
        allocatable: Resources::default(),
        changes: Vec::new(),
    }
}

#[async_trait]
impl Clock for Fake {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH + self.boot().0
    }

    fn boot(&self) -> BootInstant {
        BootInstant(Duration::from_millis(self.now.load(Ordering::Relaxed)))
    }

    async fn sleep(&self, time: Duration) {
        self.now.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    fn random(&self) -> u64 {
        0
    }
}

impl Progress for Fake {
    fn tell(&self, event: Event) {
        self.told.lock().unwrap().push(event);
    }
}

#[async_trait]
impl Cloud for Fake {
    async fn place(&self) -> Result<Place> {
        Ok(Place { account: "1".into(), region: "r".into() })
    }

    async fn machines(&self, _: &str) -> Result<Vec<Machine>> {
        unimplemented!("the listing is no witness")
    }

    async fn namesakes(&self, _: &str) -> Result<Vec<Machine>> {
        unimplemented!("the listing is no witness")
    }

    async fn sight(&self, machine_id: &str) -> Result<Sighting> {
        (self.sight)(machine_id, self.slept())
    }

    async fn resolve_image(&self, _: &Image, _: &str) -> Result<String> {
        unimplemented!()
    }

    async fn login_ends(&self) -> Result<Option<jiff::Timestamp>> {
        unimplemented!()
    }

    async fn machine_type(&self, _: &str) -> Result<Option<Resources>> {
        unimplemented!()
    }
}

#[async_trait]
impl Kubernetes for Fake {
    async fn nodes(&self) -> Result<Listing<Node>> {
        Ok(Listing { items: (self.nodes)(self.slept())?, resource_version: "1".into() })
    }

    async fn identity(&self) -> Result<String> {
        let before = self.identities.fetch_add(1, Ordering::Relaxed);
        let turned = self.turns_after.filter(|(calls, _)| before >= *calls);
        Ok(turned.map_or("uid-kube-system", |(_, uid)| uid).to_owned())
    }

    async fn server_version(&self) -> Result<String> {
        Ok("1.33.1".to_owned())
    }

    async fn node(&self, _: &str) -> Result<Option<Node>> {
        unimplemented!()
    }

    async fn pods_on(&self, _: &str) -> Result<Listing<Pod>> {
        unimplemented!()
    }

    async fn pods(&self) -> Result<Listing<Pod>> {
        unimplemented!()
    }

    async fn pod(&self, _: &str, _: &str) -> Result<Option<Pod>> {
        unimplemented!()
    }

    async fn budgets(&self) -> Result<Vec<Budget>> {
        unimplemented!()
    }

    async fn attachments(&self) -> Result<Vec<Attachment>> {
        unimplemented!()
    }

    async fn volume_of_claim(&self, _: &str, _: &str) -> Result<Option<String>> {
        unimplemented!()
    }

    async fn change_node(&self, _: &NodeChange) -> Result<Patched> {
        unimplemented!()
    }

    async fn change_labels(&self, _: &LabelChange) -> Result<Patched> {
        unimplemented!()
    }

    async fn evict(&self, _: &Pod) -> Result<Eviction> {
        unimplemented!()
    }

    async fn delete_node(&self, _: &str, _: &str) -> Result<bool> {
        unimplemented!()
    }

    async fn entrance(&self) -> Result<Entrance> {
        unimplemented!()
    }

    async fn issue_token(&self, _: &BootstrapToken, _: &OperationId, _: jiff::Timestamp) -> Result<()> {
        unimplemented!()
    }

    async fn revoke_token(&self, _: &str) -> Result<()> {
        unimplemented!()
    }

    async fn can_i(&self, right: &Right) -> Result<bool> {
        Ok(!self.denied.contains(&right.resource))
    }
}
