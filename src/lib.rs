//! `scaler` changes the size of self-managed Kubernetes clusters and keeps every pod's promise while it does so.
//!
//! Dependencies point one way: `main → cli → ops → render → model`, and `adapters → ops::ports + model`.
//! `model` and `render` do no input or output, know no clock and are not async.

pub mod adapters;
pub mod cli;
pub mod model;
pub mod ops;
pub mod render;
