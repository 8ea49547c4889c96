//! The world that several scalers share: a store, a cloud, a cluster, and who watches over them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::chance::Chance;
use super::cloud::Cloud;
use super::fleet::Fleet;
use super::happenings::Happenings;
use super::time::{Owner, Time};
use super::watch::Watch;
use crate::ops::ports::{BootInstant, Clock};
use crate::ops::testing::MemoryStore;
use crate::ops::testing::kubernetes::MemoryKubernetes;

pub struct World {
    pub time: Arc<Time>,
    pub chance: Chance,
    pub store: MemoryStore,
    pub kubernetes: MemoryKubernetes,
    pub cloud: Cloud,
    pub fleet: Fleet,
    pub watch: Watch,
    trace: Mutex<Vec<String>>,
    /// How often things go wrong by themselves.
    pub weather: Mutex<Weather>,
    /// After how many more machines the cloud refuses one.
    pub refuse_after: Mutex<Option<u64>>,
    /// Nodes that a person has cordoned.
    pub cordoned: Mutex<BTreeSet<String>>,
    pub happened: Happenings,
    /// Machine → how long it takes to join, where it is not as usual; [`Duration::MAX`]: for ever.
    pub joins: Mutex<BTreeMap<String, Duration>>,
    /// Machine → since when and until when its kubelet is not heard, while it runs.
    pub silent: Mutex<BTreeMap<String, (Duration, Duration)>>,
    /// Machine → since when it is reset: its kubelet is silent for ever.
    pub reset: Mutex<BTreeMap<String, Duration>>,
    /// How new machines of the pool that is scaled become nodes.
    pub manner: Mutex<Manner>,
    /// Machines that join at boot, and how long after their making they begin to look for their join file.
    pub boots: Mutex<BTreeMap<String, Duration>>,
    /// Which of the cluster files is at hand: they differ in their tags.
    pub file: Mutex<usize>,
    /// Keys of the store whose next read fails.
    pub unread: Mutex<BTreeSet<String>>,
}

/// How new machines become nodes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Manner {
    /// By themselves.
    #[default]
    Image,
    /// They are logged in to.
    Ssh,
    /// By themselves, once each has found its join file.
    Boot,
}

/// How often things go wrong by themselves, in cases of a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// A write to the store, or a read of it, meets an error.
    pub store: u64,
    /// The API server does not answer.
    pub kubernetes: u64,
    pub cloud: u64,
    /// One resource of an apply is refused.
    pub refused: u64,
    /// One machine of an apply is made, and does not get as far as Terraform waits for.
    pub broken: u64,
    /// A pod that is evicted has been made again under its name meanwhile.
    pub replaced: u64,
    /// A machine joins late, or never.
    pub lame: u64,
    /// A person adds a machine that never joined at the very moment at which it is given up.
    pub hurried: bool,
    /// Terraform cannot save what it did.
    pub unsaved: u64,
    /// Terraform looks at the cloud before it plans, as most providers do.
    pub refreshes: bool,
}

/// The time of everybody who is not a scaler's machine.
pub struct TrueClock(pub Arc<Time>);

pub const BEGINNING: &str = "2026-01-02T03:04:05Z";

#[async_trait]
impl Clock for TrueClock {
    fn now(&self) -> jiff::Timestamp {
        let start: jiff::Timestamp = BEGINNING.parse().unwrap();
        start + self.time_now()
    }

    fn boot(&self) -> BootInstant {
        BootInstant(self.time_now())
    }

    async fn sleep(&self, time: Duration) {
        self.0.sleep(Owner::World, time).await;
    }

    fn random(&self) -> u64 {
        0
    }
}

impl TrueClock {
    fn time_now(&self) -> Duration {
        self.0.now()
    }
}

impl World {
    pub fn of(seed: u64) -> Arc<World> {
        let time = Arc::new(Time::default());
        let clock: Arc<dyn Clock> = Arc::new(TrueClock(time.clone()));
        let store = MemoryStore::with_clock(clock.clone());
        Arc::new(World::with(seed, time, store, MemoryKubernetes::new(clock)))
    }

    /// A world in which everything is as in a quiet one, and goes on by another seed.
    pub fn like(other: &World, seed: u64) -> Arc<World> {
        let time = Arc::new(Time::starting_at(other.now()));
        let clock: Arc<dyn Clock> = Arc::new(TrueClock(time.clone()));
        let kubernetes = MemoryKubernetes::new(clock.clone());
        kubernetes.world().copy(&other.kubernetes.world());
        let mut world = World::with(seed, time, other.store.copy(clock), kubernetes);
        world.cloud = other.cloud.copy();
        world.watch = other.watch.copy();
        world.fleet = other.fleet.copy();
        Arc::new(world)
    }

    fn with(seed: u64, time: Arc<Time>, store: MemoryStore, kubernetes: MemoryKubernetes) -> World {
        World {
            chance: Chance::of(seed),
            store,
            kubernetes,
            cloud: Cloud::default(),
            fleet: Fleet::default(),
            watch: Watch::default(),
            trace: Mutex::default(),
            weather: Mutex::default(),
            refuse_after: Mutex::default(),
            cordoned: Mutex::default(),
            happened: Happenings::default(),
            joins: Mutex::default(),
            silent: Mutex::default(),
            reset: Mutex::default(),
            manner: Mutex::default(),
            boots: Mutex::default(),
            file: Mutex::default(),
            unread: Mutex::default(),
            time,
        }
    }

    pub fn weather(&self) -> Weather {
        *self.weather.lock().unwrap()
    }

    /// Whether a machine that was made does not get as far as its maker waits for.
    pub fn breaks(&self) -> bool {
        let cases = self.weather().broken;
        cases > 0 && self.chance.permille(cases)
    }

    /// Whether the cloud refuses the machine that is asked for now.
    pub fn refuses(&self) -> bool {
        let mut after = self.refuse_after.lock().unwrap();
        match after.take() {
            Some(0) => true,
            Some(left) => {
                *after = Some(left - 1);
                false
            }
            None => self.weather().refused > 0 && self.chance.permille(self.weather().refused),
        }
    }

    pub fn happens(&self, what: &'static str) {
        self.happened.note(what);
    }

    pub fn now(&self) -> Duration {
        self.time.now()
    }

    pub async fn sleep(&self, time: Duration) {
        self.time.sleep(Owner::World, time).await;
    }

    /// A line for whoever has to find out why something went wrong.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        let now = self.now();
        self.trace.lock().unwrap().push(format!("{:>9.3} {}", now.as_secs_f64(), line()));
    }

    pub fn trace(&self) -> Vec<String> {
        self.trace.lock().unwrap().clone()
    }
}
