//! Ansible as one simulated scaler runs it: hosts are worked on one after another, and some do not answer, or hang.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::failure::{Failure, Kind, Result};
use crate::model::names::NodeName;
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Lease;
use crate::ops::ports::Provisioner;
use crate::ops::ports::provisioner::{Doing, HostEnd, HostFailure, Play, Played};
use crate::ops::simulation::process::Process;
use crate::ops::simulation::time::Owner;
use crate::ops::simulation::watch::Deed;

const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

pub struct SimProvisioner(pub Arc<Process>);

#[async_trait]
impl Provisioner for SimProvisioner {
    async fn check(&self) -> Result<()> {
        match self.0.world.chance.permille(30) {
            true => Err(Failure::failed("there is no Ansible on this machine")),
            false => Ok(()),
        }
    }

    async fn play(&self, play: &Play, lease: Option<&Lease>, interrupts: &Interrupts) -> Result<Played> {
        let mut played = Played::default();
        for node in &play.limit {
            let point = self.0.come_to(|| format!("{:?}", play.doing)).await;
            let worked = tokio::select! {
                biased;
                () = interrupts.first() => None,
                () = self.works(play.doing) => Some(()),
            };
            // What stops the real one is its supervisor.
            if worked.is_none() || lease.is_some_and(|lease| lease.check().is_err()) {
                self.0.world.happens("a run of the playbooks was broken off");
                played.broken = Some(Failure::new(Kind::Interrupted, "Ansible was stopped before it was done"));
                return Ok(played);
            }
            played.hosts.insert(node.clone(), self.ends(play.doing, node));
            self.0.left(point).await;
        }
        Ok(played)
    }
}

impl SimProvisioner {
    async fn works(&self, doing: Doing) {
        let world = &self.0.world;
        let time = match world.chance.below(8) {
            0 if doing == Doing::Leave => seconds(400),
            _ => world.chance.between(seconds(1), seconds(30)),
        };
        world.time.sleep(Owner::Scaler(self.0.index), time).await;
        self.0.alive().await;
    }

    fn ends(&self, doing: Doing, node: &NodeName) -> HostEnd {
        let world = &self.0.world;
        let machine = world.cloud.living().into_iter().find(|machine| machine.node.as_ref() == Some(node));
        let reached = machine.filter(|_| !world.chance.permille(120));
        let Some(machine) = reached else {
            let message = "no route to host".to_owned();
            let failure =
                HostFailure { unreachable: true, on_the_way: false, task: "Wait".into(), message, output: None };
            return HostEnd { tasks: 1, changed: 0, failure: Some(failure) };
        };
        if doing == Doing::Leave {
            world.did(self.0.index, Deed::Resets(&machine));
            world.reset.lock().unwrap().insert(machine.id, world.now());
            world.happens("a machine was reset before its end");
        }
        HostEnd { tasks: 9, changed: 5, failure: None }
    }
}
