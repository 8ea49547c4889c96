//! Cluster and record to files: the inputs of Terraform. Pure: no input or output, no clock.

mod assets;
mod backend;
mod stack;
mod template;
mod user_data;
mod variables;

pub use assets::Assets;
pub use backend::Backend;
pub use stack::{Deployment, Files, foundation, pool};
pub use user_data::ENDPOINT_PLACEHOLDER;
pub use user_data::{control_plane_user_data, worker_user_data};
