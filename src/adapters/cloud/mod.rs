//! Clouds, asked directly.

pub(in crate::adapters) mod aws;
mod sandbox;

pub use aws::{Aws, login};
pub use sandbox::Sandbox;
