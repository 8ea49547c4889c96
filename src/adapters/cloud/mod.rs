//! Clouds, asked directly.

pub(in crate::adapters) mod aws;
mod sandbox;

pub use aws::{Aws, Bucket, login};
pub use sandbox::Sandbox;
