//! The runner, over a store in memory.
