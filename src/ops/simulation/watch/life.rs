//! What must be so when a machine is made.

use super::Inner;
use crate::model::machine::{Machine, Role};
use crate::model::provider::tags;
use crate::ops::simulation::world::World;

impl World {
    pub(super) fn made(&self, inner: &mut Inner, machine: &Machine) -> Result<(), String> {
        let name = machine.node.as_ref().map(ToString::to_string).unwrap_or_default();
        let living = self.cloud.living();
        if let Some(twin) = living.iter().find(|other| other.id != machine.id && other.node == machine.node) {
            return Err(format!("{name} was made twice: {} and {}", twin.id, machine.id));
        }
        let cluster = machine.tags.get(tags::CLUSTER_ID).cloned().unwrap_or_default();
        if let Some(former) = inner.names.insert((cluster, name.clone()), machine.id.clone()) {
            return Err(format!("the name {name} was used before, for {former}, and now for {}", machine.id));
        }
        let planes = living.iter().filter(|other| other.role == Some(Role::ControlPlane)).count();
        if planes > 1 {
            return Err(format!("there are {planes} control planes, and one is wanted"));
        }
        let Some(pool) = &machine.pool else { return Ok(()) };
        let size = living.iter().filter(|other| other.pool.as_ref() == Some(pool)).count();
        match inner.bounds.get(pool) {
            Some((_, max)) if size > *max => Err(format!("pool {pool} has {size} machines, and at most {max} may be")),
            _ => Ok(()),
        }
    }
}
