//! Cluster and record to files: the inputs of Terraform, Packer and Ansible. Pure: no input or output, no clock.

mod assets;
mod backend;
mod image;
mod inventory;
mod stack;
mod template;
mod variables;

pub use assets::{Assets, Brought};
pub use backend::Backend;
pub use image::{ImageOrder, builds_images, image, image_files};
pub use inventory::{RESET_TIMEOUT, RunFacts, inventory};
pub use stack::{Deployment, Files, foundation, pool};
