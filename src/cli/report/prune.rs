//! What a store need not keep any longer, for people.

use crate::cli::terminal;
use crate::ops::prune::Prunable;

pub fn text(found: &Prunable, width: usize) -> String {
    let Prunable { store, keep, left, .. } = found;
    let rule = format!("the newest {} generations and all of the last {} days stay", keep.generations, keep.days);
    if found.is_empty() {
        return terminal::wrapped("", "  ", &format!("Nothing to delete from {store}: {rule}."), width);
    }
    let done = if found.pruned { "Deleted from" } else { "Can be deleted from" };
    let mut text = terminal::wrapped("", "  ", &format!("{done} {store} ({rule}; {left} are left):"), width);
    let mut line = |line: String| text.push_str(&terminal::wrapped("  - ", "    ", &line, width));
    if let (Some(first), Some(last)) = (found.generations.first(), found.generations.last()) {
        let count = found.generations.len();
        line(format!("{count} generations, from {first} to {last}"));
    }
    if !found.journals.is_empty() {
        line(format!("the journals of {} operations", found.journals.len()));
    }
    if !found.inputs.is_empty() {
        line(format!("{} inputs that nothing refers to any more", found.inputs.len()));
    }
    text
}
