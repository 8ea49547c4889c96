//! The workflows, over ports. They run without a terminal, can be cancelled, and report progress as values.

pub mod access;
pub mod confirm;
pub mod doctor;
pub mod drain;
pub mod endpoint;
pub mod execute;
pub mod gone;
pub mod history;
pub mod homestead;
pub mod identity;
pub mod images;
pub mod interrupts;
pub mod journal;
pub mod lease;
pub mod lock;
pub mod locked_states;
pub mod observe;
mod place;
mod plausible;
pub mod ports;
pub mod prepare;
mod preview;
pub mod proof;
pub mod prune;
pub mod record;
pub mod relocate;
mod stacks;
mod start;
mod state;
mod state_backup;
mod state_lock;
pub mod status;
pub mod task;
pub mod unlock;

#[cfg(test)]
mod simulation;
#[cfg(test)]
pub mod testing;
