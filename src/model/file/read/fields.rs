//! Mappings with known fields. One function says which fields there are; run over a mapping it reads them, run over
//! nothing it tells the schema.

use serde_json::{Map, Value as Json, json};

use super::found::Found;
use super::unknown::refuse_unknown;
use super::{At, Findings, Kind, Place, Wrong, at_path, below, described, json_of, peek, problem_at, wrong};
use crate::model::file::problem::Problem;
use crate::model::file::source::Span;
use crate::model::file::yaml::Node;

/// A mapping read by a function that asks for its fields one by one.
pub struct Object<F> {
    example: &'static str,
    read: F,
}

/// `example` shows such a mapping in one line.
pub fn object<T, F: Fn(&mut Fields<'_>) -> Option<T>>(example: &'static str, read: F) -> Object<F> {
    Object { example, read }
}

impl<T, F: Fn(&mut Fields<'_>) -> Option<T>> Kind for Object<F> {
    type Out = T;

    fn read(&self, place: &Place<'_>, findings: &mut Findings) -> Option<T> {
        if place.node.entries().is_none() {
            let help = format!("write for example `{}`", self.example);
            findings.push(place.problem("must be a mapping", described(place.node), help));
            return None;
        }
        let mut fields = Fields { known: Vec::new(), mode: Mode::Read { place, findings } };
        let value = (self.read)(&mut fields);
        let known = fields.known;
        refuse_unknown(place, &known, findings);
        value
    }

    fn schema(&self) -> Json {
        let described = Described { properties: Map::new(), required: Vec::new(), rules: Vec::new() };
        let mut fields = Fields { known: Vec::new(), mode: Mode::Describe(described) };
        (self.read)(&mut fields);
        let Mode::Describe(Described { properties, required, rules }) = fields.mode else { return Json::Null };
        let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        if !rules.is_empty() {
            schema["allOf"] = rules.into();
        }
        schema
    }

    fn example(&self) -> String {
        self.example.to_owned()
    }
}

/// The fields of one mapping, asked for by name.
pub struct Fields<'a> {
    known: Vec<&'static str>,
    mode: Mode<'a>,
}

enum Mode<'a> {
    Read { place: &'a Place<'a>, findings: &'a mut Findings },
    Describe(Described),
}

struct Described {
    properties: Map<String, Json>,
    required: Vec<Json>,
    rules: Vec<Json>,
}

impl<'a> Fields<'a> {
    /// A field that must be there.
    pub fn required<K: Kind>(&mut self, name: &'static str, doc: &str, kind: &K) -> Option<K::Out> {
        self.describe(name, doc, kind, None, true);
        match self.find(name, kind) {
            Found::Good(value) => Some(value),
            Found::Bad => None,
            Found::Absent => {
                self.missing(name, &kind.example());
                None
            }
        }
    }

    pub fn optional<K: Kind>(&mut self, name: &'static str, doc: &str, kind: &K) -> Found<K::Out> {
        self.describe(name, doc, kind, None, false);
        self.find(name, kind)
    }

    /// A field with a default, which is given as it would be written, and read as if it were.
    pub fn defaulted<K: Kind>(&mut self, name: &'static str, doc: &str, kind: &K, default: &str) -> Option<K::Out> {
        self.describe(name, doc, kind, Some(default), false);
        match self.find(name, kind) {
            Found::Good(value) => Some(value),
            Found::Bad => None,
            Found::Absent => match &mut self.mode {
                Mode::Read { place, findings } => {
                    let node = Node::scalar(place.node.span, default, true);
                    kind.read(&Place { node: &node, path: below(&place.path, name) }, findings)
                }
                Mode::Describe(_) => None,
            },
        }
    }

    fn find<K: Kind>(&mut self, name: &'static str, kind: &K) -> Found<K::Out> {
        self.known.push(name);
        let Mode::Read { place, findings } = &mut self.mode else { return Found::Bad };
        let Some(node) = place.node.get(name) else { return Found::Absent };
        let place = Place { node, path: below(&place.path, name) };
        match kind.read(&place, findings) {
            Some(value) => Found::Good(value),
            None => Found::Bad,
        }
    }

    fn describe<K: Kind>(&mut self, name: &'static str, doc: &str, kind: &K, default: Option<&str>, required: bool) {
        let Mode::Describe(described) = &mut self.mode else { return };
        let mut schema = kind.schema();
        schema["description"] = doc.into();
        if let Some(default) = default {
            let node = Node::scalar(Span::new(0, 0, 0), default, true);
            schema["default"] = json_of(&node).unwrap_or_default();
        }
        described.properties.insert(name.into(), schema);
        if required {
            described.required.push(name.into());
        }
    }

    /// A rule about several fields, for the schema alone: the reader's is told by [`Fields::wrong`].
    pub fn schema_rule(&mut self, rule: Json) {
        if let Mode::Describe(described) = &mut self.mode {
            described.rules.push(rule);
        }
    }

    /// Whether the field is written.
    pub fn has(&self, name: &str) -> bool {
        self.node(name).is_some()
    }

    pub fn node(&self, name: &str) -> Option<&'a Node> {
        match &self.mode {
            Mode::Read { place, .. } => place.node.get(name),
            Mode::Describe(_) => None,
        }
    }

    /// A field that is known here and read elsewhere.
    pub fn known(&mut self, name: &'static str) {
        self.known.push(name);
    }

    /// Reads what lies at a path of field names below this mapping, or the default where there is nothing. Problems with
    /// it are told by who reads it for good.
    pub fn peek<K: Kind>(&self, path: &str, kind: &K, default: &str) -> Option<At<K::Out>> {
        let Mode::Read { place, .. } = &self.mode else { return None };
        if at_path(place.node, path).is_some() {
            return peek(place.node, path, kind);
        }
        let node = Node::scalar(place.node.span, default, true);
        let value = kind.read(&Place { node: &node, path: String::new() }, &mut Findings::default())?;
        Some(At { value, span: node.span })
    }

    /// Where a field's value stands; the mapping, where it is not written.
    pub fn span(&self, name: &str) -> Span {
        match &self.mode {
            Mode::Read { place, .. } => place.node.get(name).map_or(place.node.span, |node| node.span),
            Mode::Describe(_) => Span::new(0, 0, 0),
        }
    }

    /// The path of a field, or of this mapping for the empty name.
    pub fn path(&self, name: &str) -> String {
        match &self.mode {
            Mode::Read { place, .. } if name.is_empty() => place.path.clone(),
            Mode::Read { place, .. } => below(&place.path, name),
            Mode::Describe(_) => String::new(),
        }
    }

    /// Tells of a problem with a field that was read well but breaks a rule.
    pub fn wrong(&mut self, name: &str, must: &str, wrong: Wrong) {
        let at = self.span(name);
        self.wrong_at(at, &self.path(name), must, wrong);
    }

    pub fn wrong_at(&mut self, at: Span, path: &str, must: &str, wrong: Wrong) {
        self.tell(problem_at(at, format!("`{path}` {must}"), wrong));
    }

    pub fn tell(&mut self, problem: Problem) {
        if let Mode::Read { findings, .. } = &mut self.mode {
            findings.push(problem);
        }
    }

    pub fn missing(&mut self, name: &str, example: &str) {
        let label = if self.path("").is_empty() { "not in the file" } else { "not in here" };
        let help = format!("add `{name}: {example}`");
        self.wrong_at(self.span(""), &self.path(name), "is missing", wrong(label, help));
    }
}
