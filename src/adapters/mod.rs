//! The outside: programs, clouds, stores, the cluster's API, time. Each implements a port of `ops`.

pub mod ansible;
pub mod clock;
pub mod cloud;
pub mod kubernetes;
pub mod packer;
mod private;
pub mod process;
pub mod store;
pub mod terraform;
pub mod tools;
