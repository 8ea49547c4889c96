//! The cloud, which is only looked at.

use std::sync::Arc;

use async_trait::async_trait;
use scaler::model::failure::Result;
use scaler::model::file::Image;
use scaler::model::kubernetes::Resources;
use scaler::model::machine::{Machine, Place, Sighting};
use scaler::ops::ports::Cloud;

/// Machines are made and ended by Terraform alone: every call to the cloud itself only looks.
pub struct ReadCloud(pub Arc<dyn Cloud>);

#[async_trait]
impl Cloud for ReadCloud {
    async fn place(&self) -> Result<Place> {
        self.0.place().await
    }

    async fn login_ends(&self) -> Result<Option<jiff::Timestamp>> {
        self.0.login_ends().await
    }

    async fn machines(&self, cluster_id: &str) -> Result<Vec<Machine>> {
        self.0.machines(cluster_id).await
    }

    async fn namesakes(&self, cluster: &str) -> Result<Vec<Machine>> {
        self.0.namesakes(cluster).await
    }

    async fn sight(&self, machine_id: &str) -> Result<Sighting> {
        self.0.sight(machine_id).await
    }

    async fn resolve_image(&self, image: &Image, architecture_of: &str) -> Result<String> {
        self.0.resolve_image(image, architecture_of).await
    }

    async fn machine_type(&self, name: &str) -> Result<Option<Resources>> {
        self.0.machine_type(name).await
    }
}
