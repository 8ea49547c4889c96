//! The end of an operation that was undone.

use std::fmt::Write;

use crate::ops::execute::abort::Aborted;

pub fn text(aborted: Option<&Aborted>) -> String {
    let Some(aborted) = aborted else { return "Nothing to undo: no operation is unfinished.\n".to_owned() };
    let verdict = match aborted.outcome {
        Some(outcome) => format!("has ended, {}", outcome.told()),
        None => "is undone as far as it can be".to_owned(),
    };
    // Writing to a String cannot fail.
    let mut text = String::new();
    let _ = writeln!(text, "Operation {} {verdict}.", aborted.operation);
    if !aborted.given_back.is_empty() {
        let names: Vec<&str> = aborted.given_back.iter().map(|node| node.as_str()).collect();
        let _ = writeln!(text, "Given back as they were before: {}", names.join(", "));
    }
    text
}
