//! One look at the machines after the other.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::Value;

use super::{BridgeEvent, Happening, Machine, MachineState, Shared, lock};
use crate::clock::now_micros;
use crate::error::Result;
use crate::kubernetes::{Client, NodeSpec};

/// How the kubelet of a machine that once joined is.
#[derive(Clone, Copy, PartialEq)]
enum Kubelet {
    Speaks,
    Silent,
}

pub(super) struct Follower {
    api: Client,
    shared: Arc<Shared>,
    /// By machine id: it registers once in its life, whatever becomes of its Node.
    joined: HashMap<String, (String, Kubelet)>,
    /// Nodes of an earlier bridge have been looked for.
    looked: bool,
}

impl Follower {
    pub fn new(api: Client, shared: Arc<Shared>) -> Self {
        Self { api, shared, joined: HashMap::new(), looked: false }
    }

    pub fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::SeqCst)
    }

    pub fn follow(&mut self, machines: &[Machine]) {
        if !self.looked {
            match self.find_joined(machines) {
                Ok(()) => self.looked = true,
                Err(_) => return, // the API server is not there yet
            }
        }
        for machine in machines.iter().filter(|machine| !machine.node.is_empty()) {
            match (self.joined.get(&machine.id), machine.state) {
                (None, MachineState::Running) => self.join(machine),
                (Some((_, Kubelet::Speaks)), MachineState::Stopped | MachineState::Gone) => self.silence(&machine.id),
                (Some((_, Kubelet::Silent)), MachineState::Running) => self.resume(machine),
                _ => {}
            }
        }
        // A cloud forgets the machines that are gone, after a while.
        let is_known = |id: &str| machines.iter().any(|machine| machine.id == id);
        let speaks = |kubelet: Kubelet| kubelet == Kubelet::Speaks;
        let forgotten = self.joined.iter().filter(|(id, (_, kubelet))| speaks(*kubelet) && !is_known(id));
        for id in forgotten.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.silence(&id);
        }
    }

    /// Machines whose Node is there already, by its name and provider id: two
    /// clouds may count their machines alike.
    fn find_joined(&mut self, machines: &[Machine]) -> Result<()> {
        let nodes = self.api.request("GET", "/api/v1/nodes", None)?.json();
        for machine in machines {
            let (name, id) = (Value::from(machine.node.as_str()), Value::from(machine.provider_id()));
            let is_its = |node: &Value| node["metadata"]["name"] == name && node["spec"]["providerID"] == id;
            if nodes["items"].as_array().into_iter().flatten().any(is_its) {
                self.joined.insert(machine.id.clone(), (machine.node.clone(), Kubelet::Speaks));
            }
        }
        Ok(())
    }

    fn join(&mut self, machine: &Machine) {
        if lock(&self.shared.held).contains(&machine.node) {
            return;
        }
        let mut spec = NodeSpec::new(&machine.node);
        spec.provider_id = machine.provider_id();
        spec.control_plane = machine.control_plane;
        spec.address.clone_from(&machine.address);
        spec.labels = [
            ("topology.kubernetes.io/zone", &machine.zone),
            ("topology.kubernetes.io/region", &machine.region),
            ("node.kubernetes.io/instance-type", &machine.kind),
            ("scaler/pool", &machine.pool),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect();
        let done = self.api.join(&spec);
        if done.is_ok() {
            self.joined.insert(machine.id.clone(), (machine.node.clone(), Kubelet::Speaks));
        }
        self.tell(&machine.id, &machine.node, done, Happening::Joined);
    }

    fn silence(&mut self, id: &str) {
        let Some((node, kubelet)) = self.joined.get_mut(id) else { return };
        let node = node.clone();
        // A Node that was deleted has nothing to fall silent.
        let done = self.api.node_exists(&node).and_then(|there| if there { self.api.silence(&node) } else { Ok(()) });
        if done.is_ok() {
            *kubelet = Kubelet::Silent;
        }
        self.tell(id, &node, done, Happening::Silent);
    }

    fn resume(&mut self, machine: &Machine) {
        // A kubelet that comes back finds its Node deleted and does not register again.
        let done = self.api.node_exists(&machine.node);
        let done = done.and_then(|there| if there { self.api.unsilence(&machine.node) } else { Ok(()) });
        if done.is_ok() {
            self.joined.insert(machine.id.clone(), (machine.node.clone(), Kubelet::Speaks));
        }
        self.tell(&machine.id, &machine.node, done, Happening::Resumed);
    }

    /// A refusal is told once, not at every look.
    fn tell(&self, machine: &str, node: &str, done: Result<()>, what: Happening) {
        let what = done.map_or_else(|error| Happening::Refused(error.to_string()), |()| what);
        let mut events = lock(&self.shared.events);
        let told = events.iter().rev().find(|event| event.machine == machine).is_some_and(|event| event.what == what);
        if !told {
            events.push(BridgeEvent { at: now_micros(), machine: machine.to_owned(), node: node.to_owned(), what });
        }
    }
}
