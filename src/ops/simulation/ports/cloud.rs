//! The cloud as one simulated scaler reaches it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::model::failure::{Failure, Result};
use crate::model::file::Image;
use crate::model::kubernetes::Resources;
use crate::model::machine::{Machine, Place, Sighting};
use crate::model::provider::tags;
use crate::ops::ports::Cloud;
use crate::ops::simulation::cloud::place;
use crate::ops::simulation::process::Process;
use crate::ops::simulation::world::World;

pub struct SimCloud(pub Arc<Process>);

impl SimCloud {
    async fn ask<T>(&self, question: impl FnOnce(&World) -> T) -> Result<T> {
        let world = &self.0.world;
        self.0.way_there().await;
        let cases = world.weather().cloud;
        let fails = cases > 0 && world.chance.permille(cases);
        let answer = question(world);
        self.0.way_back().await;
        if fails {
            Err(Failure::failed("the cloud does not answer").because("RequestLimitExceeded"))
        } else {
            Ok(answer)
        }
    }
}

#[async_trait]
impl Cloud for SimCloud {
    async fn place(&self) -> Result<Place> {
        Ok(place())
    }

    async fn login_ends(&self) -> Result<Option<jiff::Timestamp>> {
        Ok(None)
    }

    async fn machines(&self, cluster_id: &str) -> Result<Vec<Machine>> {
        self.ask(|world| world.cloud.of_cluster(cluster_id, world.now())).await
    }

    async fn namesakes(&self, cluster: &str) -> Result<Vec<Machine>> {
        let named = |machine: &Machine| machine.tags.get(tags::CLUSTER).is_some_and(|name| name == cluster);
        self.ask(|world| world.cloud.told(world.now()).into_iter().filter(named).collect()).await
    }

    async fn sight(&self, machine_id: &str) -> Result<Sighting> {
        self.ask(|world| world.cloud.sight(machine_id, world.now())).await
    }

    async fn resolve_image(&self, _: &Image, _: &str) -> Result<String> {
        Ok("image-1".into())
    }

    async fn machine_type(&self, _: &str) -> Result<Option<Resources>> {
        Ok(None)
    }
}
