//! Faults that are not death, in the middle of whole operations: an operation goes on, or ends with the truth, and the
//! next command brings the cluster to its end.

mod asleep;
mod away;
mod clocks;
mod disk;
mod full;
mod halfway;
mod store;
