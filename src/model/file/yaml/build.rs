//! From the parser's events to a tree. What YAML allows and a cluster file does not is found here: several documents,
//! keys given twice, keys that are no text, tags, aliases that lead into themselves or unfold into too much.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use super::pairs::Pairs;
use super::scalar::Meaning;
use super::syntax;
use super::tree::{Entry, Node, Scalar, Value};
use crate::model::file::problem::{Findings, Problem};
use crate::model::file::source::Span;
use crate::model::file::text::shown;

/// How deep values may nest, written out or through aliases. A cluster file needs seven levels; a kubelet's field may
/// need some more.
const DEEPEST: usize = 32;

/// How many values aliases may stand for, all together. Without a bound, nine lines can stand for a billion.
const MOST_BY_ALIAS: usize = 20_000;

/// Reads one document. `offset` is where `text` begins in its source. Gives nothing when the text is no YAML at all;
/// all lesser problems are findings, and the tree is as good as it can be.
pub fn document(source: usize, offset: usize, text: &str, findings: &mut Findings) -> Option<Node> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let mut builder =
        Builder { source, offset, findings, open: Vec::new(), anchors: HashMap::new(), by_alias: 0, root: None };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                builder.findings.push(syntax::problem(&error, source, offset, text));
                return None;
            }
        };
        let range = span.byte_range().unwrap_or_default();
        let at = Span::new(source, offset + range.start, offset + range.end);
        if !builder.event(event, at) {
            return None;
        }
    }
    builder.root
}

struct Builder<'f> {
    source: usize,
    offset: usize,
    findings: &'f mut Findings,
    open: Vec<Open>,
    /// By the parser's number of the anchor. One that is missing here is still being read.
    anchors: HashMap<usize, Node>,
    by_alias: usize,
    root: Option<Node>,
}

/// A list or mapping whose end was not seen yet.
struct Open {
    at: Span,
    anchor: usize,
    part: Part,
}

enum Part {
    List(Vec<Node>),
    Map(Pairs),
}

impl Builder<'_> {
    /// Takes one event. False: reading on makes no sense.
    fn event(&mut self, event: Event<'_>, at: Span) -> bool {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                self.report(
                    at,
                    "a cluster file is one document",
                    "a second one begins here",
                    "put it into a file of its own",
                );
                return false;
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), at);
                let plain = style == ScalarStyle::Plain;
                // The parser writes a missing value as `~`.
                let text = if plain && at.start == at.end { String::new() } else { text.into_owned() };
                self.add(Node::new(at, Value::Scalar(Scalar { text, plain })), anchor);
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), at);
                self.open.push(Open { at, anchor, part: Part::List(Vec::new()) });
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), at);
                self.open.push(Open { at, anchor, part: Part::Map(Pairs::default()) });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(at),
            Event::Alias(anchor) => return self.alias(anchor, at),
            _ => {}
        }
        true
    }

    fn close(&mut self, end: Span) {
        let Some(open) = self.open.pop() else { return };
        let (value, block_end) = match open.part {
            Part::List(items) => (Value::List(items), open.at.start + 1),
            Part::Map(pairs) => {
                let first = pairs.entries.first().map_or(open.at.end, |entry| entry.key_span.end);
                (Value::Map(pairs.finish(self.findings)), first)
            }
        };
        // One in brackets goes from bracket to bracket; one in lines is shown by its beginning.
        let shown_end = if open.at.end > open.at.start { end.end } else { block_end };
        self.add(Node::new(Span::new(self.source, open.at.start, shown_end), value), open.anchor);
    }

    fn alias(&mut self, anchor: usize, at: Span) -> bool {
        let Some(target) = self.anchors.get(&anchor) else {
            self.report(
                at,
                "this alias stands within the value that it repeats",
                "it leads into itself",
                "write the value out",
            );
            return false;
        };
        let mut node = target.clone();
        node.via = Some(at);
        self.by_alias += node.size;
        if self.by_alias > MOST_BY_ALIAS || self.open.len() + node.depth > DEEPEST {
            self.report(
                at,
                "the aliases of this file unfold into too much",
                "at this one it is too much",
                "write the values out",
            );
            return false;
        }
        self.add(node, 0);
        true
    }

    fn add(&mut self, node: Node, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.part) {
            None => self.root = Some(node),
            Some(Part::List(items)) => items.push(node),
            Some(Part::Map(pairs)) => match pairs.key.take() {
                None => {
                    let at = node.via.unwrap_or(node.span);
                    let (text, wrong) = match &*node.value {
                        Value::Scalar(scalar) if scalar.meaning() == Meaning::Null => ("", Some("there is none")),
                        Value::Scalar(scalar) => (scalar.text.as_str(), None),
                        _ => ("", Some("this is a list or a mapping")),
                    };
                    let key = (text.to_owned(), at);
                    if let Some(label) = wrong {
                        self.report(at, "a key is plain text", label, "write `key: value`");
                    }
                    if let Some(Part::Map(pairs)) = self.open.last_mut().map(|open| &mut open.part) {
                        pairs.key = Some(key);
                    }
                }
                Some((key, key_span)) if key == "<<" => pairs.merges.push((key_span, node)),
                Some((key, key_span)) => match pairs.places.get(&key) {
                    Some(first) => {
                        let first = *first;
                        self.twice(&key, key_span, first);
                    }
                    None => {
                        pairs.places.insert(key.clone(), key_span);
                        pairs.entries.push(Entry { key, key_span, node });
                    }
                },
            },
        }
    }

    fn twice(&mut self, key: &str, at: Span, first: Span) {
        self.findings.push(Problem {
            at,
            what: format!("{} is given twice", shown(key)),
            label: "here again".into(),
            help: Some("keep one of the two".into()),
            other: Some((first, "first here".into())),
        });
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, value: Span) {
        let Some(tag) = tag else { return };
        let what = format!("the YAML tag {} is not used here", shown(&tag.original()));
        self.report(
            value,
            &what,
            "the value has a tag",
            "take the tag away; text that looks like a number goes in quotes",
        );
    }

    fn report(&mut self, at: Span, what: &str, label: &str, help: &str) {
        debug_assert!(at.start >= self.offset);
        self.findings.push(Problem {
            at,
            what: what.into(),
            label: label.into(),
            help: Some(help.into()),
            other: None,
        });
    }
}

#[cfg(test)]
mod tests;
