//! For tests: ports in memory, and the suite that every store must pass.

mod clock;
pub mod conformance;
pub mod kubernetes;
mod store;

pub use clock::VirtualClock;
pub use store::{Fate, MemoryStore};
