//! The ports of one simulated scaler, but for Terraform: each call takes time, may fail, and may be where it dies.

mod cloud;
mod kubernetes;
mod provisioner;
mod store;

pub use cloud::SimCloud;
pub use kubernetes::SimKubernetes;
pub use provisioner::SimProvisioner;
pub use store::SimStore;
