//! Fields that nobody knows.

use super::{Findings, Place, nearest, problem_at, wrong};
use crate::model::file::schema::places_of;
use crate::model::file::text::shown;

/// Tells of every entry of the mapping that is none of the known fields, and what was probably meant.
pub fn refuse_unknown(place: &Place<'_>, known: &[&str], findings: &mut Findings) {
    for entry in place.node.entries().unwrap_or_default() {
        if findings.full() {
            return;
        }
        if known.contains(&entry.key.as_str()) {
            continue;
        }
        let what = match place.path.as_str() {
            "" => format!("a cluster file has no field {}", shown(&entry.key)),
            path => format!("`{path}` has no field {}", shown(&entry.key)),
        };
        let help = match nearest(&entry.key, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => elsewhere(&entry.key).unwrap_or_else(|| all(known)),
        };
        findings.push(problem_at(entry.key_span, what, wrong("unknown field", help)));
    }
}

/// Where in a cluster file a field of this name belongs.
fn elsewhere(name: &str) -> Option<String> {
    let (meant, places) = places_of(name)?;
    let shown: Vec<String> = places.iter().take(3).map(|place| format!("`{place}`")).collect();
    Some(format!("`{meant}` belongs in {}: is it indented too little, or too far?", shown.join(" or ")))
}

fn all(known: &[&str]) -> String {
    match known {
        [] => "take it out: nothing can stand here".into(),
        some => {
            format!("its fields are {}", some.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
        }
    }
}
