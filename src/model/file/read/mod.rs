//! Small readers that take a tree apart and tell of every problem, not only the first; each also knows the JSON Schema
//! of what it reads, so that the schema cannot say something else than the reader.

mod collections;
mod fields;
mod found;
mod json;
mod kinds;
mod nearest;
mod texts;
mod unknown;

use serde_json::Value as Json;

use super::problem::{Findings, Problem};
use super::source::Span;
use super::yaml::{Meaning, Node, Value};

pub use collections::{list, map};
pub use fields::{Fields, Object, object};
pub use json::{Anything, json_of};
pub use kinds::{Choice, Flag, Port, choice, whole};
pub use nearest::nearest;
pub use texts::{Wrong, text, wrong};

/// A kind of value: how it is read, and its schema.
pub trait Kind {
    type Out;

    /// Nothing if it is wrong; what is wrong went to the findings.
    fn read(&self, place: &Place<'_>, findings: &mut Findings) -> Option<Self::Out>;

    fn schema(&self) -> Json;

    /// How such a value may look, for messages: `10.1.0.0/20`.
    fn example(&self) -> String;

    /// The same kind of value, with a rule about what was read, or turned into something else.
    fn then<T, F>(self, rule: F) -> Then<Self, F>
    where
        Self: Sized,
        F: Fn(Self::Out, &Place<'_>, &mut Findings) -> Option<T>,
    {
        Then { kind: self, rule }
    }
}

/// See [`Kind::then`].
pub struct Then<K, F> {
    kind: K,
    rule: F,
}

impl<K: Kind, T, F: Fn(K::Out, &Place<'_>, &mut Findings) -> Option<T>> Kind for Then<K, F> {
    type Out = T;

    fn read(&self, place: &Place<'_>, findings: &mut Findings) -> Option<T> {
        let value = self.kind.read(place, findings)?;
        (self.rule)(value, place, findings)
    }

    fn schema(&self) -> Json {
        self.kind.schema()
    }

    fn example(&self) -> String {
        self.kind.example()
    }
}

impl<K: Kind + ?Sized> Kind for &K {
    type Out = K::Out;

    fn read(&self, place: &Place<'_>, findings: &mut Findings) -> Option<K::Out> {
        (**self).read(place, findings)
    }

    fn schema(&self) -> Json {
        (**self).schema()
    }

    fn example(&self) -> String {
        (**self).example()
    }
}

/// A value with the path that leads to it, `pools[2].disk`.
pub struct Place<'n> {
    pub node: &'n Node,
    pub path: String,
}

impl Place<'_> {
    /// A problem with this value. `must` completes the sentence that begins with the path: "must be …".
    pub fn problem(&self, must: &str, label: impl Into<String>, help: impl Into<String>) -> Problem {
        let what = match self.path.as_str() {
            "" => format!("the cluster file {must}"),
            path => format!("`{path}` {must}"),
        };
        Problem {
            at: self.node.span,
            what,
            label: label.into(),
            help: Some(help.into()),
            other: self.node.via.map(|via| (via, "this is how it gets here".into())),
        }
    }
}

/// A problem somewhere, as a sentence of its own.
pub fn problem_at(at: Span, what: String, wrong: Wrong) -> Problem {
    Problem { at, what, label: wrong.label, help: Some(wrong.help), other: None }
}

/// The same thing given twice. `what` names the first.
pub fn twice(what: String, again: Span, first: Span) -> Problem {
    Problem {
        at: again,
        what: format!("{what} is given twice"),
        label: "here again".into(),
        help: Some("keep one of the two".into()),
        other: Some((first, "first here".into())),
    }
}

/// A value, and where it stands.
#[derive(Debug, Clone)]
pub struct At<T> {
    pub value: T,
    pub span: Span,
}

/// What a value is, in a few words, where something else was expected.
pub fn described(node: &Node) -> &'static str {
    match &*node.value {
        Value::List(_) => "this is a list",
        Value::Map(_) => "this is a mapping",
        Value::Scalar(scalar) => match scalar.meaning() {
            Meaning::Null => "there is no value",
            Meaning::Flag(_) => "this is a truth value",
            Meaning::Whole(_) | Meaning::Number(_) => "this is a number",
            Meaning::Text => "this is text",
        },
    }
}

/// The path of a field or key below another. Names with other characters than a field's stand in brackets.
pub fn below(path: &str, key: &str) -> String {
    let simple =
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    match (simple, path) {
        (true, "") => key.to_owned(),
        (true, path) => format!("{path}.{key}"),
        (false, path) => {
            let shown = super::text::shown(key);
            format!("{path}[\"{}\"]", shown.trim_matches('`'))
        }
    }
}

/// What lies at a path of plain field names.
pub fn at_path<'n>(root: &'n Node, path: &str) -> Option<&'n Node> {
    path.split('.').try_fold(root, |node, name| node.get(name))
}

/// Reads what lies at a path, and tells of no problem: for rules that look at several places.
pub fn peek<K: Kind>(root: &Node, path: &str, kind: &K) -> Option<At<K::Out>> {
    let node = at_path(root, path)?;
    let value = kind.read(&Place { node, path: path.to_owned() }, &mut Findings::default())?;
    Some(At { value, span: node.span })
}
