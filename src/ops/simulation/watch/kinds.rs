//! The kinds of journal entries, by name.

use crate::model::journal::Entry;

/// The name of a kind of entries, one of [`KINDS`]. A new kind has to be thought of in both.
pub fn kind_of_entry(entry: &Entry) -> &'static str {
    match entry {
        Entry::Started(_) => "started",
        Entry::TakenOver { .. } => "taken-over",
        Entry::Cordoning { .. } => "cordoning",
        Entry::Cordoned { .. } => "cordoned",
        Entry::DrainStarted { .. } => "drain-started",
        Entry::Evidence { .. } => "evidence",
        Entry::NodeBlocked { .. } => "node-blocked",
        Entry::Spared { .. } => "spared",
        Entry::PlanStarted { .. } => "plan-started",
        Entry::Planned { .. } => "planned",
        Entry::PartBlocked { .. } => "part-blocked",
        Entry::PointOfNoReturn { .. } => "point-of-no-return",
        Entry::ApplyEnded { .. } => "apply-ended",
        Entry::Adopting { .. } => "adopting",
        Entry::Untainting { .. } => "untainting",
        Entry::NodeReady { .. } => "node-ready",
        Entry::NodeNotReady { .. } => "node-not-ready",
        Entry::MachineGone { .. } => "machine-gone",
        Entry::NodeDeleted { .. } => "node-deleted",
        Entry::UndoBegan { .. } => "undo-began",
        Entry::Uncordoned { .. } => "uncordoned",
        Entry::Stuck { .. } => "stuck",
        Entry::Committed { .. } => "committed",
        Entry::Superseded { .. } => "superseded",
        Entry::Finished { .. } => "finished",
    }
}

/// All kinds of entries.
pub const KINDS: [&str; 25] = [
    "started",
    "taken-over",
    "cordoning",
    "cordoned",
    "drain-started",
    "evidence",
    "node-blocked",
    "spared",
    "plan-started",
    "planned",
    "part-blocked",
    "point-of-no-return",
    "apply-ended",
    "adopting",
    "untainting",
    "node-ready",
    "node-not-ready",
    "machine-gone",
    "node-deleted",
    "undo-began",
    "uncordoned",
    "stuck",
    "committed",
    "superseded",
    "finished",
];
