//! What broken YAML is told in: the usual slips in plain words, the others in the parser's.

use granit_parser::{ErrorKind, ScanError};

use crate::model::file::problem::Problem;
use crate::model::file::source::Span;

/// The problem that stopped the parser. `offset` is where the parsed text begins in its source.
pub fn problem(error: &ScanError, source: usize, offset: usize, text: &str) -> Problem {
    let marker = error.marker().byte_offset().unwrap_or(0);
    // A tab within a text is told of at the text's beginning.
    let tab = if is_tab(error.kind()) { text.get(marker..).and_then(|rest| rest.find('\t')) } else { None };
    let at = offset + marker + tab.unwrap_or(0);
    let (label, help) = explain(error.kind());
    Problem {
        at: Span::new(source, at, at + 1),
        what: "this is not valid YAML".into(),
        label,
        help: help.map(str::to_owned),
        other: None,
    }
}

fn is_tab(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart
    )
}

fn explain(kind: &ErrorKind) -> (String, Option<&'static str>) {
    let (label, help) = match kind {
        kind if is_tab(kind) => ("there is a tab here", "YAML indents with spaces: put spaces in its place"),
        ErrorKind::MappingValueNotAllowed => (
            "this colon cannot stand here",
            "either the line is indented too far, or the text has `: ` in it and belongs in quotes",
        ),
        ErrorKind::UnknownAnchor => {
            ("no anchor of this name stands before it", "write `&name` where the value is, above")
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            return (format!("this `{open}` is never closed"), Some("close it, or put the text in quotes"));
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("this `{close}` would close a `{open}`"), None);
        }
        ErrorKind::MisplacedFlowCollectionEnd => ("nothing is open that this could close", "put the text in quotes"),
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::UnexpectedEofFlowMapping => {
            ("a `,` or `}` is missing here, or before", "put text with brackets in it in quotes")
        }
        ErrorKind::ExpectedFlowSequenceSeparator | ErrorKind::UnexpectedEofFlowSequence => {
            ("a `,` or `]` is missing here, or before", "put text with brackets in it in quotes")
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
            ("a quote is never closed", "close it on the line that it begins on")
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            ("YAML has no such escape", "write the backslash twice, or use single quotes")
        }
        ErrorKind::RecursionLimitExceeded => ("this is nested too deep", "no cluster file needs so many levels"),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation | ErrorKind::SimpleKeyExpected => {
            ("no `key: value` can be read here", "check that this line begins in the same column as its neighbours")
        }
        ErrorKind::ExpectedBlockSequenceEntry => ("a list goes on here, without a `-`", "check the indentation"),
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            let label = format!("the control character {} is here", character.escape_unicode());
            return (label, Some("take it out; the file may not be text, or came through a broken copy"));
        }
        ErrorKind::UnexpectedCharacter { character } => {
            return (format!("no value can begin with `{character}`"), Some("put the text in quotes"));
        }
        other => return (other.to_string(), None),
    };
    (label.into(), Some(help))
}
