//! The lab's own promises: nothing is left behind, machines become nodes,
//! faults happen where they were ordered.

#[path = "parts/machines.rs"]
mod machines;
#[path = "parts/proxied.rs"]
mod proxied;
#[path = "parts/remains.rs"]
mod remains;
