//! A YAML document as a tree that knows where each of its parts stands in the text.

use std::rc::Rc;

use crate::model::file::source::Span;

/// A value in its place. Nodes that come through an alias share what they hold.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where the value is written: for an alias, at its anchor.
    pub span: Span,
    pub value: Rc<Value>,
    /// The alias or merge that brought it here, if it is not written here.
    pub via: Option<Span>,
    /// How many values it holds, itself included, aliases counted each time.
    pub size: usize,
    /// How deep it goes: 1 for a scalar.
    pub depth: usize,
}

#[derive(Debug, Clone)]
pub enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// Text as written, without quotes and escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    pub text: String,
    /// Without quotes, so that it may mean a number, a truth value or nothing.
    pub plain: bool,
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub key: String,
    pub key_span: Span,
    pub node: Node,
}

impl Node {
    pub fn new(span: Span, value: Value) -> Node {
        let children = match &value {
            Value::Scalar(_) => (0, 0),
            Value::List(items) => measure(items.iter()),
            Value::Map(entries) => measure(entries.iter().map(|entry| &entry.node)),
        };
        Node { span, value: Rc::new(value), via: None, size: children.0 + 1, depth: children.1 + 1 }
    }

    pub fn scalar(span: Span, text: impl Into<String>, plain: bool) -> Node {
        Node::new(span, Value::Scalar(Scalar { text: text.into(), plain }))
    }

    /// The entries of a mapping.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &*self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn items(&self) -> Option<&[Node]> {
        match &*self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().find(|entry| entry.key == key)
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }
}

fn measure<'n>(children: impl Iterator<Item = &'n Node>) -> (usize, usize) {
    children.fold((0, 0), |(size, depth), child| (size + child.size, depth.max(child.depth)))
}
