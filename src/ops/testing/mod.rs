//! For tests: ports in memory, and the suite that every store must pass.

mod clock;
pub mod conformance;
pub mod kubernetes;
mod lease;
mod provisioner;
mod store;

pub use clock::VirtualClock;
pub use lease::{holder, lease};
pub use provisioner::NobodyProvisions;
pub use store::{Fate, MemoryStore};
