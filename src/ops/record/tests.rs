//! Commits, over a store in memory.
