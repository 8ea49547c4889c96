//! Clouds, asked directly.

pub mod aws;
pub mod sandbox;
