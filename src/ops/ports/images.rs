//! The images that were built, as the cloud has them; and Packer, which builds them.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::model::failure::Result;
use crate::model::image::Dialect;
use crate::ops::interrupts::Interrupts;

/// An image of this account, as the cloud shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudImage {
    pub id: String,
    /// As the cloud shows it to people.
    pub name: String,
    /// As the cloud writes it, such as `x86_64`.
    pub architecture: String,
    /// Machines can be made of it now.
    pub available: bool,
    /// What the cloud keeps its content in.
    pub snapshots: Vec<String>,
    pub tags: BTreeMap<String, String>,
}

/// The cloud's images.
#[async_trait]
pub trait Images: Send + Sync {
    /// The architecture of a machine type, as the cloud writes it.
    async fn architecture(&self, machine: &str) -> Result<String>;

    /// Those of these ids that this account has; the others are gone, or were never its own.
    async fn images(&self, ids: &[String]) -> Result<Vec<CloudImage>>;

    /// Those that carry the name of this cluster as one that images were built for.
    async fn built_for(&self, cluster: &str) -> Result<Vec<CloudImage>>;

    /// What there is of this build, by its tag: machines that run or may, images, snapshots; by id.
    async fn remains(&self, build: &str) -> Result<Vec<String>>;

    /// Takes an image away, and then its snapshots. What is gone already is no error.
    async fn remove(&self, image: &str, snapshots: &[String]) -> Result<()>;
}

/// Packer.
#[async_trait]
pub trait ImageBuilder: Send + Sync {
    /// Looks the tool up, so that a missing one is told before anything is made.
    async fn check(&self) -> Result<Dialect>;

    /// Builds the one image of this folder (path → content), and gives the cloud's id of it. A build that fails, or that a
    /// person stops, cleans up after itself as far as it gets. `step` names it in what is told of its progress.
    async fn build(&self, files: &BTreeMap<String, Vec<u8>>, step: &str, interrupts: &Interrupts) -> Result<String>;
}
