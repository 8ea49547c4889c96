//! A cloud's machines as hosts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Host, HostOrder, Hosts};
use crate::bridge::{Machine, MachineState, Machines};
use crate::error::Result;

const POLL: Duration = Duration::from_millis(200);

/// Makes each running machine a host at its private address (the next free one for a machine that has none, which the
/// register then learns), cuts the power of one that is stopped, and ends the host of one that is gone. Dropping it
/// leaves the hosts as they are.
pub struct HostBridge {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    /// Orders for machines that are yet to be made, by node name.
    orders: Mutex<HashMap<String, HostOrder>>,
    failures: Mutex<Vec<String>>,
}

impl HostBridge {
    pub fn start(hosts: &Hosts, machines: impl Machines + 'static) -> Self {
        let shared: Arc<Shared> = Arc::default();
        let mut follower = Follower { hosts: hosts.clone(), shared: Arc::clone(&shared), running: HashMap::new() };
        let thread = std::thread::spawn(move || {
            while !follower.shared.stop.load(Ordering::SeqCst) {
                // A cloud that a test has made unreachable comes back.
                if let Err(error) = machines.list().and_then(|list| follower.follow(&machines, &list)) {
                    lock(&follower.shared.failures).push(error.to_string());
                }
                std::thread::sleep(POLL);
            }
        });
        Self { shared, thread: Some(thread) }
    }

    /// The host of the machine with this order's name will be as ordered; a machine that has an address has that.
    pub fn order(&self, order: HostOrder) {
        lock(&self.shared.orders).insert(order.name.clone(), order);
    }

    /// What went wrong so far; a cloud or register that was read while it was written is among it.
    pub fn failures(&self) -> Vec<String> {
        lock(&self.shared.failures).clone()
    }
}

impl Drop for HostBridge {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Follower {
    hosts: Hosts,
    shared: Arc<Shared>,
    /// By machine id, and whether its power is on.
    running: HashMap<String, (Host, bool)>,
}

impl Follower {
    fn follow(&mut self, cloud: &impl Machines, machines: &[Machine]) -> Result<()> {
        for machine in machines {
            match (self.running.get_mut(&machine.id), machine.state) {
                (None, MachineState::Running) => {
                    let ordered = lock(&self.shared.orders).remove(&machine.node);
                    let mut order = ordered.unwrap_or_else(|| HostOrder::new(&machine.node));
                    if !machine.address.is_empty() {
                        order = order.address(&machine.address);
                    }
                    let host = self.hosts.try_make(order)?;
                    self.running.insert(machine.id.clone(), (host, true));
                }
                // Also again: whoever changes a machine's entry writes what Terraform knows of it.
                (Some((host, true)), MachineState::Running) if machine.address.is_empty() => {
                    cloud.tell_address(&machine.id, host.address())?;
                }
                (Some((host, on)), MachineState::Stopped) if *on => {
                    host.off();
                    *on = false;
                }
                (Some((host, on)), MachineState::Running) if !*on => {
                    host.on();
                    *on = true;
                }
                (Some((host, _)), MachineState::Gone) => {
                    host.kill();
                    self.running.remove(&machine.id);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
