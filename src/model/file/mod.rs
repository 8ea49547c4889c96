//! The cluster file: what a person writes.

pub mod types;

pub use types::*;
