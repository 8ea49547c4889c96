//! What must be so when a machine ends: no machine dies but for a proven reason.

use super::Inner;
use crate::model::drain::{Cordon, CordonState};
use crate::model::journal::{Command, Proof};
use crate::model::kubernetes::Node;
use crate::model::machine::{Machine, Role};
use crate::model::names::{NodeName, OperationId};
use crate::ops::simulation::world::World;

impl World {
    pub(super) fn ends(&self, inner: &Inner, machine: &Machine) -> Result<(), String> {
        let name = machine.node.as_ref().map(ToString::to_string).unwrap_or_default();
        let Some(status) = inner.status() else { return Err(format!("{name} ends, and no journal knows why")) };
        if status.start().command == Command::Destroy {
            return Ok(());
        }
        if machine.role == Some(Role::ControlPlane) {
            return Err(format!("control plane {name} ends"));
        }
        let victims = status.victims();
        let victim = victims.get(&NodeName::from_text(name.clone()));
        let victim = victim.filter(|victim| victim.removal.machine_id.as_deref() == Some(&machine.id));
        let Some(victim) = victim else { return Err(format!("{name} ends, and is no victim of its operation")) };
        if !victim.is_past() {
            return Err(format!("{name} ends before its point of no return"));
        }
        let proof = victim.proof.as_ref().ok_or_else(|| format!("{name} ends without a proof"))?;
        // Whoever changes something after the last look cannot be helped; that comes after the plan was judged.
        let planned = inner.planned.get(&(status.operation().clone(), victim.part.clone())).copied();
        let too_late = inner.changed.get(&name).is_some_and(|at| planned.is_some_and(|planned| *at >= planned));
        if !too_late {
            match proof {
                Proof::Accepted { .. } => self.is_lost(machine, &name)?,
                _ => self.harmless(status.operation(), machine, &name)?,
            }
        }
        if let Proof::Accepted { .. } = proof {
            self.happens("a machine ended that runs and could not be reached");
        }
        if let Proof::NeverJoined { .. } = proof {
            self.happens("a machine ended that had never joined");
        }
        self.least(inner, machine)
    }

    fn least(&self, inner: &Inner, machine: &Machine) -> Result<(), String> {
        let Some(pool) = &machine.pool else { return Ok(()) };
        let lost = inner.vanished.len();
        let left = self.cloud.living().iter().filter(|other| other.pool.as_ref() == Some(pool)).count() - 1;
        match inner.bounds.get(pool) {
            Some((min, _)) if left + lost < *min => {
                Err(format!("pool {pool} shrinks to {left}, and at least {min} must be"))
            }
            _ => Ok(()),
        }
    }

    /// A machine whose loss was accepted is lost still.
    fn is_lost(&self, machine: &Machine, name: &str) -> Result<(), String> {
        match self.node_of(machine) {
            Some(node) if node.ready => Err(format!("{name} ends as lost, and is Ready")),
            _ => Ok(()),
        }
    }

    /// Whatever was proven: nothing runs there that anybody would miss.
    fn harmless(&self, operation: &OperationId, machine: &Machine, name: &str) -> Result<(), String> {
        let Some(node) = self.node_of(machine) else { return Ok(()) };
        let kubernetes = self.kubernetes.world();
        let there = kubernetes.pods.iter().map(|living| &living.pod).filter(|pod| pod.node.as_deref() == Some(name));
        let missed: Vec<String> =
            there.filter(|pod| !pod.owned_by("DaemonSet") && !pod.finished()).map(|pod| pod.title()).collect();
        if !missed.is_empty() {
            return Err(format!("{name} ends with {} on it", missed.join(", ")));
        }
        match CordonState::of(&node) {
            CordonState::By(Cordon { operation: by, .. }) if by == *operation && node.unschedulable => Ok(()),
            other => Err(format!("{name} ends, and its Node is not cordoned by the operation: {other:?}")),
        }
    }

    fn node_of(&self, machine: &Machine) -> Option<Node> {
        let kubernetes = self.kubernetes.world();
        let of_machine = |node: &&Node| node.provider_id.as_deref() == Some(&machine.provider_id);
        kubernetes.nodes.values().find(of_machine).cloned()
    }
}
