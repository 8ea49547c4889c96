//! A cloud in memory, like EC2: machines start and end over time, stay listed for a while when they are terminated, and
//! are forgotten then.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use super::world::BEGINNING;
use crate::model::machine::{Machine, MachineState, Place, Sighting};
use crate::model::provider::tags;

const STARTS: Duration = Duration::from_secs(15);
const ENDS: Duration = Duration::from_secs(20);
/// How long a terminated machine is still told of.
const REMEMBERED: Duration = Duration::from_secs(1800);

#[derive(Default)]
pub struct Cloud {
    machines: Mutex<BTreeMap<String, Standing>>,
    /// Machines that run and that it does not tell of, and until when: some of its servers do not know of them.
    unseen: Mutex<BTreeMap<String, Duration>>,
}

/// A machine with its times.
#[derive(Debug, Clone)]
pub struct Standing {
    machine: Machine,
    made: Duration,
    /// Since when it ends.
    ends: Option<Duration>,
}

pub fn place() -> Place {
    Place { account: "acme".into(), region: "local".into() }
}

impl Standing {
    fn at(&self, now: Duration) -> Option<Machine> {
        let state = match self.ends {
            Some(ends) if now >= ends + REMEMBERED => return None,
            Some(ends) if now >= ends + ENDS => MachineState::Terminated,
            Some(_) => MachineState::ShuttingDown,
            None if now < self.made + STARTS => MachineState::Pending,
            None => MachineState::Running,
        };
        let beginning: jiff::Timestamp = BEGINNING.parse().unwrap();
        Some(Machine { state, launched: Some(beginning + self.made), ..self.machine.clone() })
    }
}

impl Cloud {
    pub fn copy(&self) -> Cloud {
        Cloud { machines: Mutex::new(self.machines.lock().unwrap().clone()), ..Cloud::default() }
    }

    pub fn make(&self, machine: Machine, now: Duration) {
        let standing = Standing { made: now, ends: None, machine };
        self.machines.lock().unwrap().insert(standing.machine.id.clone(), standing);
    }

    /// Begins its end. False if there is no such machine, or it ends already.
    pub fn terminate(&self, id: &str, now: Duration) -> bool {
        let mut machines = self.machines.lock().unwrap();
        let Some(standing) = machines.get_mut(id).filter(|standing| standing.ends.is_none()) else { return false };
        standing.ends = Some(now);
        true
    }

    /// It does not tell of this machine until then.
    pub fn loses_sight(&self, id: &str, until: Duration) {
        self.unseen.lock().unwrap().insert(id.to_owned(), until);
    }

    fn is_unseen(&self, id: &str, now: Duration) -> bool {
        self.unseen.lock().unwrap().get(id).is_some_and(|until| now < *until)
    }

    /// What it tells to whoever asks for a list.
    pub fn told(&self, now: Duration) -> Vec<Machine> {
        let mut told = self.list(now);
        told.retain(|machine| !self.is_unseen(&machine.id, now));
        told
    }

    /// Everything that there is, or was a while ago.
    pub fn list(&self, now: Duration) -> Vec<Machine> {
        self.machines.lock().unwrap().values().filter_map(|standing| standing.at(now)).collect()
    }

    pub fn of_cluster(&self, id: &str, now: Duration) -> Vec<Machine> {
        let ours = |machine: &Machine| machine.tags.get(tags::CLUSTER_ID).is_some_and(|tag| tag == id);
        self.told(now).into_iter().filter(ours).collect()
    }

    pub fn sight(&self, id: &str, now: Duration) -> Sighting {
        let found = self.machines.lock().unwrap().get(id).and_then(|standing| standing.at(now));
        let found = found.filter(|_| !self.is_unseen(id, now));
        found.map_or(Sighting::Unknown, |machine| Sighting::Found(machine.state))
    }

    /// Those that run or will, and nobody has ended.
    pub fn living(&self) -> Vec<Machine> {
        let machines = self.machines.lock().unwrap();
        let living = machines.values().filter(|standing| standing.ends.is_none());
        living.map(|standing| standing.machine.clone()).collect()
    }

    /// Machines with what the cluster sees of them: when each was made, and since when it ends.
    pub fn times(&self) -> Vec<(Machine, Duration, Option<Duration>)> {
        let machines = self.machines.lock().unwrap();
        machines.values().map(|one| (one.machine.clone(), one.made, one.ends)).collect()
    }

    pub fn retag(&self, id: &str, tags: BTreeMap<String, String>) {
        if let Some(standing) = self.machines.lock().unwrap().get_mut(id) {
            standing.machine.tags = tags;
        }
    }
}
