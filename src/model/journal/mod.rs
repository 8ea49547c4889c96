//! The journal of an operation: what it meant to do, what it did, and on what grounds, in the order in which it happened.
//!
//! One object an entry, `journal/<operation>/<seq>`, created once and never changed. What an operation's status is
//! follows from its entries alone. An entry about a step that changes something outside is written before
//! the step; one about a fact is written after the fact was seen.

mod document;
mod entry;
mod evidence;
mod part;
#[cfg(test)]
pub(crate) mod samples;
mod start;
mod status;

pub use document::{Document, DocumentError, FORMAT, folder, key};
pub use entry::{ApplyEnd, Entry, JoinOffer, Outcome, PlanSummary, UncordonFound};
pub use evidence::{Deathbed, Permit, Proof, WayIn};
pub use part::{Act, Part, PartId, Reason, Removal};
pub use start::{Command, Consent, Inputs, Start};
pub use status::{
    Cordon, Fate, IllegalTransition, Newcomer, PartPhase, PartStatus, Settling, Status, TerraformRun, Victim,
    VictimPhase,
};
