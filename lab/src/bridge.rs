//! What a machine's boot and end do to the cluster.

mod follow;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock::wait_for;
use crate::error::Result;
use crate::kubernetes::Client;
use follow::Follower;

const POLL: Duration = Duration::from_millis(200);

/// How a machine is, by its cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineState {
    Running,
    /// Being made, stopping or stopped.
    Stopped,
    /// Shutting down for good, or terminated.
    Gone,
}

/// A machine of some cloud.
#[derive(Clone, Debug)]
pub struct Machine {
    pub id: String,
    /// The name that its node shall have; a machine without one is not the lab's.
    pub node: String,
    pub pool: String,
    /// `aws`, `sandbox`: the scheme of its provider id.
    pub provider: &'static str,
    pub control_plane: bool,
    /// Its private address; empty where it has none.
    pub address: String,
    pub zone: String,
    pub region: String,
    /// Its type or size, such as `t3.large`.
    pub kind: String,
    pub state: MachineState,
}

impl Machine {
    /// `aws:///eu-west-1a/i-0123`
    pub fn provider_id(&self) -> String {
        format!("{}:///{}/{}", self.provider, self.zone, self.id)
    }
}

/// A cloud whose machines a bridge follows.
pub trait Machines: Send {
    /// All machines, those that are gone too where the cloud still knows them.
    ///
    /// # Errors
    /// When the cloud does not answer; the bridge asks again.
    fn list(&self) -> Result<Vec<Machine>>;

    /// The cloud learns the private address of a machine that it gave none: a register does, other clouds give their
    /// own.
    ///
    /// # Errors
    /// When it cannot be written down.
    fn tell_address(&self, _id: &str, _address: &str) -> Result<()> {
        Ok(())
    }
}

/// What a bridge did about a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Its node was registered.
    Joined,
    /// Its node fell silent.
    Silent,
    /// It runs again, and its node with it.
    Resumed,
    /// The API server refused; the bridge tries again.
    Refused(String),
}

/// One of the things that a bridge did.
#[derive(Clone, Debug)]
pub struct BridgeEvent {
    /// Microseconds since the epoch.
    pub at: i64,
    pub machine: String,
    pub node: String,
    pub what: Happening,
}

/// Makes each running machine a Node once, and lets the Node of one that is
/// gone or stopped fall silent: its object stays, as where there is no cloud
/// controller. Dropping the bridge stops that, and takes away the Nodes that it made: others of the same cluster would
/// pay for each of them.
pub struct Bridge {
    kubernetes: Client,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    held: Mutex<HashSet<String>>,
    events: Mutex<Vec<BridgeEvent>>,
}

impl Bridge {
    pub fn start(kubernetes: &Client, machines: impl Machines + 'static) -> Self {
        let shared: Arc<Shared> = Arc::default();
        let mut follower = Follower::new(kubernetes.clone(), Arc::clone(&shared));
        let thread = std::thread::spawn(move || {
            while !follower.stopped() {
                // A cloud or a cluster that a test has made unreachable comes back.
                let _ = machines.list().map(|list| follower.follow(&list));
                std::thread::sleep(POLL);
            }
        });
        Self { kubernetes: kubernetes.clone(), shared, thread: Some(thread) }
    }

    /// The machine of this node name never joins, until [`Bridge::release`].
    pub fn hold(&self, node: &str) {
        lock(&self.shared.held).insert(node.to_owned());
    }

    pub fn release(&self, node: &str) {
        lock(&self.shared.held).remove(node);
    }

    /// What was done so far, oldest first.
    pub fn events(&self) -> Vec<BridgeEvent> {
        lock(&self.shared.events).clone()
    }

    /// Waits until this has happened to the node.
    #[track_caller]
    pub fn wait(&self, node: &str, what: &Happening) -> BridgeEvent {
        wait_for(&format!("{node}: {what:?}"), || {
            self.events().into_iter().find(|event| event.node == node && event.what == *what)
        })
    }
}

impl Bridge {
    /// Stops, and leaves the Nodes where they are.
    pub fn leave(mut self) {
        self.stop();
        lock(&self.shared.events).clear();
    }

    fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.stop();
        let made: HashSet<String> =
            self.events().into_iter().filter(|event| event.what == Happening::Joined).map(|event| event.node).collect();
        for node in made {
            // One that is gone already, or a cluster that is, needs nothing.
            let _ = self.kubernetes.request("DELETE", &format!("/api/v1/nodes/{node}"), None);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
