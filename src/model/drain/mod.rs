//! The rules of a drain, as pure functions: what becomes of each pod, what stands in the way and what would help, in
//! which order pods leave, and when a node is empty.

mod budget;
mod cordon;
mod fate;
mod hold;
mod hold_text;
mod newcomer;
mod placement;
mod preflight;
mod queue;
mod remains;
#[cfg(test)]
pub(crate) mod samples;

pub use budget::{Guard, Standing, guard, standing};
pub use cordon::{Cordon, CordonState, cordon_change, restore_change};
pub use fate::{Fate, Stays, fate};
pub use hold::{Deadline, Hold, Why};
pub use newcomer::newcomer;
pub use preflight::{Finding, NodeReport, PodReport, Severity, Situation, preflight};
pub use queue::{Action, LOOK_EVERY, Look, NodeLook, Queue, SETTLE, Victim, Watched};
pub use remains::{node_hold, remains};
