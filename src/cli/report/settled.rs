//! An operation that was cut off: what settling it means, and what it came to.

use std::fmt::Write;

use super::done::listed;
use crate::cli::terminal;
use crate::model::journal::{PartId, Settling, Status};
use crate::ops::execute::recover::Settled;

/// What was left, and what becomes of each part of it.
pub fn wanted(status: &Status, settling: &[Settling], width: usize) -> String {
    let mut text = format!("Operation {} was not finished.\n", status.operation());
    text.push_str(&terminal::wrapped("  ", "  ", &status.told(), width));
    for one in settling {
        text.push_str(&terminal::wrapped("  - ", "    ", &one.to_string(), width));
    }
    text
}

pub fn text(settled: &Settled) -> String {
    let verdict = match settled.outcome {
        Some(outcome) => format!("has ended, {}", outcome.told()),
        None => "is not finished yet".to_owned(),
    };
    // Writing to a String cannot fail.
    let mut text = String::new();
    let _ = writeln!(text, "Operation {} {verdict}.", settled.operation);
    for (what, parts) in [("Undone", &settled.undone), ("Finished", &settled.finished)] {
        if !parts.is_empty() {
            let names: Vec<String> = parts.iter().map(PartId::to_string).collect();
            let _ = writeln!(text, "{what}: {}", names.join(", "));
        }
    }
    for (what, names) in [
        ("Given back as they were before", &settled.given_back),
        ("Added", &settled.added),
        ("Adopted, because no state had their machine", &settled.adopted),
        ("Removed", &settled.removed),
    ] {
        if !names.is_empty() {
            let _ = writeln!(text, "{what}: {}", listed(names));
        }
    }
    text
}
