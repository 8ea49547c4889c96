//! One simulated scaler on a machine of its own: its clock, its ports, the points at which it may die.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::Notify;

use super::clock::{ProcessClock, Told};
use super::ports::{SimCloud, SimKubernetes, SimProvisioner, SimStore};
use super::terraform::SimTerraform;
use super::time::Owner;
use super::world::World;
use crate::model::failure::Failure;
use crate::model::lock::Holder;
use crate::ops::interrupts::{self, Interrupter, Interrupts};
use crate::ops::ports::{Kubernetes, Ports};
use crate::ops::testing::NobodyProvisions;

/// What dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Killed {
    /// The scaler: the supervisor of its Terraform lives on, and interrupts it.
    Alone,
    /// Everything below it too, at the same moment.
    Tree,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    Before,
    After,
}

/// To die at a point of its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Death {
    pub point: usize,
    pub when: When,
    pub killed: Killed,
}

/// One run of the program.
pub struct Process {
    pub index: usize,
    pub world: Arc<World>,
    orders: Mutex<Option<Death>>,
    points: Mutex<Vec<String>>,
    /// Rung when it dies.
    pub died: Notify,
    /// The API server cannot be reached from here.
    pub cut_off: bool,
    /// Until when the store cannot be reached from here.
    pub storeless: Mutex<Duration>,
    /// Until when nothing can be written to its disk.
    pub full: Mutex<Duration>,
    /// The cloud takes long over what its Terraform asks for.
    pub slow: Mutex<bool>,
    /// To fall asleep for so long when it comes to this point.
    nap: Mutex<Option<(Nap, Duration)>>,
    interrupter: Interrupter,
    pub interrupts: Interrupts,
}

/// Where a machine falls asleep.
#[derive(Debug, Clone, Copy)]
pub enum Nap {
    /// At the point of this number.
    Point(usize),
    /// When a record is on its way.
    Commit,
}

impl Process {
    pub fn start(world: &Arc<World>) -> Arc<Process> {
        Process::start_with(world, None, false)
    }

    pub fn start_with(world: &Arc<World>, death: Option<Death>, cut_off: bool) -> Arc<Process> {
        let index = world.fleet.add();
        let (interrupter, interrupts) = interrupts::channel();
        let process = Arc::new(Process {
            index,
            world: world.clone(),
            orders: Mutex::new(death),
            points: Mutex::default(),
            died: Notify::new(),
            cut_off,
            storeless: Mutex::default(),
            full: Mutex::default(),
            slow: Mutex::default(),
            nap: Mutex::default(),
            interrupter,
            interrupts,
        });
        world.fleet.runs(index, &process);
        process
    }

    /// A person sends it a signal.
    pub fn signal(&self) {
        let count = self.interrupter.interrupt();
        self.world.tell(|| format!("p{} is SIGNALLED ({count})", self.index));
        self.world.happens(match (count, self.world.watch.is_past(self.pid())) {
            (1, false) => "a first signal came before every point of no return",
            (1, true) => "a first signal came past a point of no return",
            (_, false) => "a second signal came before every point of no return",
            (_, true) => return,
        });
    }

    /// It falls asleep when it comes there, with what it was about to ask for on its way.
    pub fn naps_at(&self, nap: Nap, time: Duration) {
        *self.nap.lock().unwrap() = Some((nap, time));
    }

    fn maybe_nap(&self, point: usize) {
        let nap = *self.nap.lock().unwrap();
        let here = |at: &Nap| match at {
            Nap::Point(number) => *number == point,
            Nap::Commit => self.points.lock().unwrap()[point] == "commit",
        };
        if let Some((_, time)) = nap.filter(|(at, _)| here(at)) {
            self.world.happens("a machine slept with a request on its way");
            self.suspend(time);
        }
    }

    pub fn is_storeless(&self) -> bool {
        *self.storeless.lock().unwrap() > self.world.now()
    }

    pub fn loses_the_store(&self, time: Duration) {
        self.world.tell(|| format!("p{} has lost the STORE for {}s", self.index, time.as_secs()));
        self.world.happens("a scaler lost the store");
        *self.storeless.lock().unwrap() = self.world.now() + time;
    }

    /// Somebody sets the clock on the wall of its machine.
    pub fn sets_clock(&self, by: SignedDuration) {
        self.world.tell(|| format!("p{}: the CLOCK on its wall jumps by {}s", self.index, by.as_secs()));
        self.world.happens(match by.is_negative() {
            true => "a clock was set back",
            false => "a clock was set ahead",
        });
        self.world.fleet.sets_clock(self.index, by);
    }

    /// An error if nothing can be written to its disk.
    pub fn has_room(&self) -> Result<(), Failure> {
        if *self.full.lock().unwrap() <= self.world.now() {
            return Ok(());
        }
        self.world.happens("a scaler's disk was full");
        Err(Failure::failed("the folder of a stack could not be written").because("No space left on device"))
    }

    pub fn holder(&self, command: &str) -> Holder {
        Holder {
            user: format!("user-{}", self.index),
            host: format!("machine-{}", self.index),
            login: format!("user-{}", self.index),
            pid: self.pid(),
            command: format!("scaler {command}"),
            version: "0.1.0".into(),
        }
    }

    /// Names this process alone, in every document.
    pub fn pid(&self) -> u32 {
        1000 + self.index as u32
    }

    /// The points that it came to, in order.
    pub fn points(&self) -> Vec<String> {
        self.points.lock().unwrap().clone()
    }

    pub fn ports(self: &Arc<Process>) -> Ports {
        let kubernetes: Result<Arc<dyn Kubernetes>, Failure> = match self.cut_off {
            true => Err(Failure::failed("there is no way to the cluster from here")),
            false => Ok(Arc::new(SimKubernetes(self.clone()))),
        };
        Ports {
            store: Arc::new(SimStore(self.clone())),
            cloud: Arc::new(SimCloud(self.clone())),
            terraform: Arc::new(SimTerraform::new(self.clone())),
            provisioner: Arc::new(SimProvisioner(self.clone())),
            images: Arc::new(NobodyProvisions),
            image_builder: Arc::new(NobodyProvisions),
            door: Arc::new(NobodyProvisions),
            kubernetes,
            clock: Arc::new(ProcessClock(self.clone())),
            progress: Arc::new(Told(self.clone())),
        }
    }

    pub fn clock(self: &Arc<Process>) -> ProcessClock {
        ProcessClock(self.clone())
    }

    pub fn is_dead(&self) -> bool {
        self.world.time.is_dead(Owner::Scaler(self.index))
    }

    pub fn kill(&self, killed: Killed) {
        if self.is_dead() {
            return;
        }
        let now = self.world.now();
        self.world.tell(|| format!("p{} KILLED ({killed:?})", self.index));
        self.world.happens(match killed {
            Killed::Alone => "a scaler was killed alone",
            Killed::Tree => "a scaler was killed with its tree",
        });
        self.world.time.bury(Owner::Scaler(self.index));
        if killed == Killed::Tree {
            self.world.time.bury(Owner::Tool(self.index));
            self.world.watch.tools_died(self.index);
        }
        self.world.fleet.died(self.index, now, killed);
        self.died.notify_one();
    }

    /// A point of its way: something of the outside is about to be changed. Returns its number. Who dies here never
    /// gets further.
    pub async fn come_to(&self, label: impl FnOnce() -> String) -> usize {
        self.alive().await;
        let point = self.count(label());
        self.maybe_die(point, When::Before);
        self.alive().await;
        self.maybe_nap(point);
        point
    }

    /// The change of this point was made, and nobody heard of it yet.
    pub async fn left(&self, point: usize) {
        self.maybe_die(point, When::After);
        self.alive().await;
    }

    /// A point of its Terraform's way. None where the scaler is dead already: it cannot die again.
    pub async fn tool_at(&self, label: impl FnOnce() -> String) -> Option<usize> {
        if self.is_dead() {
            return None;
        }
        let point = self.count(label());
        self.maybe_die(point, When::Before);
        self.tool_alive().await;
        Some(point)
    }

    pub async fn tool_left(&self, point: Option<usize>) {
        if let Some(point) = point {
            self.maybe_die(point, When::After);
        }
        self.tool_alive().await;
    }

    async fn tool_alive(&self) {
        if self.world.time.is_dead(Owner::Tool(self.index)) {
            std::future::pending::<()>().await;
        }
    }

    fn count(&self, label: String) -> usize {
        let mut points = self.points.lock().unwrap();
        points.push(label);
        points.len() - 1
    }

    fn maybe_die(&self, point: usize, when: When) {
        let order = *self.orders.lock().unwrap();
        if let Some(order) = order.filter(|order| order.point == point && order.when == when) {
            self.kill(order.killed);
        }
    }

    /// Who is dead stays here.
    pub async fn alive(&self) {
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    /// The way to a server: nobody can hold it up.
    pub async fn way_there(&self) {
        self.alive().await;
        let time = self.latency();
        self.world.time.sleep(Owner::World, time).await;
        self.alive().await;
    }

    /// The way of a request that waits on this machine until it runs again.
    pub async fn way_out(&self) {
        let time = self.latency();
        self.world.time.sleep(Owner::Scaler(self.index), time).await;
    }

    /// The way back: a machine that sleeps hears nothing.
    pub async fn way_back(&self) {
        let time = self.latency();
        self.world.time.sleep(Owner::Scaler(self.index), time).await;
    }

    fn latency(&self) -> Duration {
        let chance = &self.world.chance;
        match chance.below(50) {
            0 => chance.between(Duration::from_millis(200), Duration::from_millis(3000)),
            _ => chance.between(Duration::from_millis(2), Duration::from_millis(60)),
        }
    }

    /// Its machine sleeps for so long.
    pub fn suspend(&self, time: Duration) {
        self.world.tell(|| format!("p{} SLEEPS for {}s", self.index, time.as_secs()));
        self.world.happens("a machine slept");
        self.world.time.freeze(self.index, self.world.now() + time);
    }
}
