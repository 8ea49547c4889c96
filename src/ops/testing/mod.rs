//! For tests: ports in memory, and the suites that every store, every cloud and every cluster must pass.

mod clock;
pub mod clouds;
pub mod clusters;
pub mod conformance;
pub mod kubernetes;
mod lease;
mod provisioner;
mod store;

pub use clock::VirtualClock;
pub use lease::{holder, lease};
pub use provisioner::NobodyProvisions;
pub use store::{Fate, MemoryStore};
