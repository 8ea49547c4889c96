//! The cloud, asked directly: beside Terraform's view, and to resolve what Terraform is told.

use async_trait::async_trait;

use crate::model::failure::Result;
use crate::model::file::Image;
use crate::model::machine::{Machine, Place, Sighting};

#[async_trait]
pub trait Cloud: Send + Sync {
    /// Where this login leads. Checked against the record before every inventory and every Terraform run.
    async fn place(&self) -> Result<Place>;

    /// When this login ends, renewed as far as it can be. None: it does not end, or nobody tells when.
    async fn login_ends(&self) -> Result<Option<jiff::Timestamp>>;

    /// Every machine that carries the cluster's id in its tag, in any state that the cloud still tells of. Whole or an error.
    async fn machines(&self, cluster_id: &str) -> Result<Vec<Machine>>;

    /// Every machine whose tags name a cluster of this name, whichever cluster's it is. Only to ask whether the name is
    /// free: what belongs to a cluster is told by its id.
    async fn namesakes(&self, cluster: &str) -> Result<Vec<Machine>>;

    /// One machine by the cloud's id. An API that does not answer is an error, never `Unknown`.
    async fn sight(&self, machine_id: &str) -> Result<Sighting>;

    /// The cloud's id of the image to use for a new machine, from a pinned publisher.
    async fn resolve_image(&self, image: &Image, architecture_of: &str) -> Result<String>;

    /// CPU, memory and pods that a machine type offers, where the cloud tells.
    async fn machine_type(&self, name: &str) -> Result<Option<crate::model::kubernetes::Resources>>;
}
