//! The texts that a cluster file is read from, and places in them.

use serde::Serialize;

/// A part of one of the texts, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Which text: 0 is the file, then one for each `--set`.
    pub source: usize,
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub fn new(source: usize, start: usize, end: usize) -> Span {
        Span { source, start, end: end.max(start) }
    }
}

/// Where a person finds it: both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// One text, with the name that messages give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub text: String,
    /// The offset of each line's first byte.
    lines: Vec<usize>,
}

/// The byte-order mark that some editors put before the first line. It is no part of the text, nor a column.
pub const BYTE_ORDER_MARK: char = '\u{feff}';

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        let text = text.into();
        let lines = line_starts(&text);
        Source { name: name.into(), text, lines }
    }

    /// The position of a byte. One that lies within a character or behind the end counts as the nearest before it.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let column = self.text[self.lines[line - 1]..offset].chars().count() + 1;
        Position { line, column }
    }

    /// The line that a byte lies in, as number, start and text without its end.
    pub fn line(&self, offset: usize) -> (usize, usize, &str) {
        let line = self.position(offset).line;
        let start = self.lines[line - 1];
        let end = self.lines.get(line).copied().unwrap_or(self.text.len());
        (line, start, self.text[start..end].trim_end_matches(['\r', '\n']))
    }
}

/// Lines end as YAML 1.2 (section 5.4) has it: with `\n`, `\r\n` or a lone `\r`.
fn line_starts(text: &str) -> Vec<usize> {
    let first = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
    let bytes = text.as_bytes();
    let breaks = bytes.iter().enumerate().filter_map(|(at, byte)| match byte {
        b'\n' => Some(at + 1),
        b'\r' if bytes.get(at + 1) != Some(&b'\n') => Some(at + 1),
        _ => None,
    });
    std::iter::once(first).chain(breaks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, offset: usize) -> (usize, usize) {
        let position = Source::new("f", text).position(offset);
        (position.line, position.column)
    }

    #[test]
    fn positions_count_characters_and_every_kind_of_line_end() {
        assert_eq!(at("", 0), (1, 1));
        assert_eq!(at("ab\ncd", 4), (2, 2));
        assert_eq!(at("ab\r\ncd", 5), (2, 2));
        assert_eq!(at("ab\rcd", 4), (2, 2));
        assert_eq!(at("é: ü\n", 4), (1, 4));
        assert_eq!(at("\u{feff}name: x", 3), (1, 1));
        assert_eq!(at("ab", 99), (1, 3));
    }

    #[test]
    fn a_line_comes_without_its_end() {
        assert_eq!(Source::new("f", "a\r\nbc\r\n").line(4), (2, 3, "bc"));
        assert_eq!(Source::new("f", "a\n").line(2), (2, 2, ""));
    }
}
