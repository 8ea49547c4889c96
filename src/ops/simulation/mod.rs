//! The simulation: whole operations over a store, a cloud, a cluster and a Terraform in memory, on virtual time, with
//! every invariant looked at after each change. A world follows from its seed alone.

mod chance;
mod clock;
mod cloud;
mod cluster;
mod events;
mod fate;
mod fleet;
mod happenings;
mod matrix;
mod order;
mod ports;
mod process;
mod random;
mod scene;
mod stage;
mod terraform;
mod time;
mod truth;
mod watch;
mod world;

mod tests;
