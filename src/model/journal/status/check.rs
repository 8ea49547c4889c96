//! What must hold of the first entry.

use std::collections::BTreeSet;

use super::super::{Act, Start};

/// Why this is no beginning of an operation.
pub fn start(start: &Start) -> Result<(), String> {
    let mut parts = BTreeSet::new();
    let mut nodes = BTreeSet::new();
    for part in &start.parts {
        if !parts.insert(&part.id) {
            return Err(format!("part {} is there twice", part.id));
        }
        if part.id.act != Act::Make && !part.additions.is_empty() {
            return Err(format!("part {} makes nodes", part.id));
        }
        if part.id.act == Act::Make && !part.removals.is_empty() {
            return Err(format!("part {} removes nodes", part.id));
        }
        for node in part.additions.keys().chain(part.removals.keys()) {
            if !nodes.insert(node) {
                return Err(format!("node `{node}` is there twice"));
            }
        }
    }
    Ok(())
}
