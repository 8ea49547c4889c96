//! A mapping while it is read.

use std::collections::HashMap;

use super::tree::{Entry, Node, Value};
use crate::model::file::problem::{Findings, Problem};
use crate::model::file::source::Span;

/// What was read of a mapping so far.
#[derive(Default)]
pub struct Pairs {
    pub entries: Vec<Entry>,
    /// Where each key was seen first.
    pub places: HashMap<String, Span>,
    /// A key whose value comes next.
    pub key: Option<(String, Span)>,
    /// What stands behind `<<`, and where that is.
    pub merges: Vec<(Span, Node)>,
}

impl Pairs {
    /// The entries, with those that merges (`<<`) bring: own ones come first, then earlier merges before later ones.
    pub fn finish(mut self, findings: &mut Findings) -> Vec<Entry> {
        for (key_span, node) in std::mem::take(&mut self.merges) {
            let maps = match &*node.value {
                Value::Map(_) => std::slice::from_ref(&node),
                Value::List(items) => items,
                Value::Scalar(_) => &[],
            };
            let usable = !maps.is_empty() && maps.iter().all(|map| map.entries().is_some());
            if !usable {
                findings.push(Problem {
                    at: node.via.unwrap_or(node.span),
                    what: "`<<` takes a mapping, or a list of them".into(),
                    label: "this is neither".into(),
                    help: Some("write `<<: *anchor`".into()),
                    other: None,
                });
            }
            for entry in maps.iter().filter_map(Node::entries).flatten() {
                if !self.places.contains_key(&entry.key) {
                    self.places.insert(entry.key.clone(), key_span);
                    let mut entry = entry.clone();
                    entry.node.via = Some(key_span);
                    self.entries.push(entry);
                }
            }
        }
        self.entries
    }
}
