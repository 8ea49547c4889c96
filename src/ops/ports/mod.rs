//! What the workflows need from the outside, as traits. The adapters implement them for the real world, and the
//! simulation in memory.

pub mod clock;
pub mod cloud;
pub mod home;
pub mod images;
pub mod kubernetes;
pub mod probe;
pub mod progress;
pub mod provisioner;
pub mod store;
pub mod terraform;

use std::sync::Arc;

pub use clock::{BootInstant, Clock};
pub use cloud::Cloud;
pub use home::StoreHome;
pub use images::{ImageBuilder, Images};
pub use kubernetes::{Door, Kubernetes};
pub use progress::{Event, Progress};
pub use provisioner::Provisioner;
pub use store::{Condition, Object, Put, Store, Version};
pub use terraform::Terraform;

/// The bundle of effects, built once and passed down.
#[derive(Clone)]
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub cloud: Arc<dyn Cloud>,
    pub terraform: Arc<dyn Terraform>,
    pub provisioner: Arc<dyn Provisioner>,
    pub images: Arc<dyn Images>,
    pub image_builder: Arc<dyn ImageBuilder>,
    /// The way to the cluster's API, or why there is none.
    pub kubernetes: Result<Arc<dyn Kubernetes>, crate::model::failure::Failure>,
    pub door: Arc<dyn Door>,
    pub clock: Arc<dyn Clock>,
    pub progress: Arc<dyn Progress>,
}
