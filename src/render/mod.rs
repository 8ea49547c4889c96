//! Cluster and record to files: the inputs of Terraform. Pure: no input or output, no clock.

mod assets;
mod backend;
mod inventory;
mod stack;
mod template;
mod variables;

pub use assets::Assets;
pub use backend::Backend;
pub use inventory::{RESET_TIMEOUT, RunFacts, inventory};
pub use stack::{Deployment, Files, foundation, pool};
