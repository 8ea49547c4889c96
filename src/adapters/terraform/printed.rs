//! The document in what a command printed.

use crate::model::failure::{Failure, Result};

/// The JSON document on standard output; None if nothing was printed. OpenTofu puts warnings about its CLI
/// configuration before it (Terraform puts them on standard error); any other text is an error.
pub fn document(stdout: &[u8]) -> Result<Option<&[u8]>> {
    let starts = std::iter::once(0).chain(stdout.iter().enumerate().filter_map(line_start));
    let begin = starts.into_iter().find(|start| stdout.get(*start) == Some(&b'{'));
    let before = String::from_utf8_lossy(&stdout[..begin.unwrap_or(stdout.len())]);
    let before = before.trim();
    if !before.is_empty() && !before.starts_with("Warning: ") {
        let first = before.lines().next().unwrap_or_default();
        return Err(Failure::failed("what was printed is no JSON").because(format!("it begins with `{first}`")));
    }
    Ok(begin.map(|begin| &stdout[begin..]))
}

/// The index behind a line's end.
fn line_start((index, byte): (usize, &u8)) -> Option<usize> {
    (*byte == b'\n').then_some(index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<Option<&str>> {
        let found = document(text.as_bytes()).ok()?;
        Some(found.map(|bytes| std::str::from_utf8(bytes).unwrap()))
    }

    #[test]
    fn warnings_may_stand_before_the_document_and_nothing_else() {
        let warning = "\nWarning: Unable to open CLI configuration file\n\nThe file does {not} exist.\n";
        assert_eq!(found("{\"a\":1}\n"), Some(Some("{\"a\":1}\n")));
        assert_eq!(found(&format!("{warning}{{\n  \"a\": 1\n}}")), Some(Some("{\n  \"a\": 1\n}")));
        assert_eq!(found(""), Some(None));
        assert_eq!(found(" \n"), Some(None));
        assert_eq!(found(warning), Some(None));
        assert_eq!(found("No state.\n"), None);
        assert_eq!(found("panic: x\n{\"a\":1}"), None);
    }
}
