//! The end of an operation.

use std::fmt::Write;

use crate::model::names::NodeName;
use crate::ops::execute::Done;

pub fn done(done: &Done, cluster: &str) -> String {
    let mut text = String::new();
    let verdict = if done.shortfall.is_some() { "is partly done" } else { "is done" };
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "Operation {} on cluster `{cluster}` {verdict}; the record is at generation {}.",
        done.operation, done.generation
    );
    for (what, names) in
        [("Added", &done.added), ("Removed", &done.removed), ("Labels and taints changed", &done.labelled)]
    {
        if !names.is_empty() {
            let _ = writeln!(text, "{what}: {}", listed(names));
        }
    }
    if done.changed {
        text.push_str("Changed: tags of machines that stand\n");
    }
    text
}

/// The first few names, and how many more there are.
pub(super) fn listed(names: &[NodeName]) -> String {
    const SHOWN: usize = 12;
    let shown = names.iter().take(SHOWN).map(NodeName::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
