//! For tests: ports in memory, and the suites that every store and every cloud must pass.

mod clock;
pub mod clouds;
pub mod conformance;
pub mod kubernetes;
mod lease;
mod store;

pub use clock::VirtualClock;
pub use lease::{holder, lease};
pub use store::{Fate, MemoryStore};
