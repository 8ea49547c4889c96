//! Lists, and mappings with free keys.

use serde_json::{Value as Json, json};

use super::{At, Findings, Kind, Place, Wrong, below, described, problem_at};
use crate::model::file::text::shown;
use crate::model::file::yaml::{Meaning, Value};

/// A list of values of one kind.
pub struct ListOf<K> {
    kind: K,
    most: usize,
    example: Option<&'static str>,
}

/// A list of at most so many values.
pub fn list<K: Kind>(kind: K, most: usize) -> ListOf<K> {
    ListOf { kind, most, example: None }
}

impl<K> ListOf<K> {
    pub fn example(mut self, example: &'static str) -> ListOf<K> {
        self.example = Some(example);
        self
    }
}

impl<K: Kind> Kind for ListOf<K> {
    type Out = Vec<At<K::Out>>;

    /// Items that are wrong are left out, so that the others can still be held against each other: the findings say
    /// whether the list is good.
    fn read(&self, place: &Place<'_>, findings: &mut Findings) -> Option<Self::Out> {
        let Some(items) = place.node.items() else {
            let help = match &*place.node.value {
                Value::Scalar(scalar) if scalar.meaning() == Meaning::Null => {
                    "write `[]`, or take the field out".into()
                }
                Value::Scalar(scalar) if !scalar.text.contains([',', '[', '{', '\n']) => {
                    format!("write `[{}]`", scalar.text)
                }
                _ => format!("write for example `{}`", self.example()),
            };
            findings.push(place.problem("must be a list", described(place.node), help));
            return None;
        };
        if items.len() > self.most {
            let must = format!("must have at most {} entries", self.most);
            findings.push(place.problem(&must, format!("this list has {}", items.len()), "take some out"));
            return None;
        }
        let read = items.iter().enumerate().filter_map(|(index, node)| {
            let place = Place { node, path: format!("{}[{index}]", place.path) };
            let value = self.kind.read(&place, findings)?;
            Some(At { value, span: node.span })
        });
        Some(read.collect())
    }

    fn schema(&self) -> Json {
        json!({ "type": "array", "items": self.kind.schema(), "maxItems": self.most })
    }

    fn example(&self) -> String {
        self.example.map_or_else(|| format!("[{}]", self.kind.example()), str::to_owned)
    }
}

/// A mapping whose keys are free, within a rule.
pub struct MapOf<R, K> {
    key: R,
    kind: K,
    most: usize,
    example: &'static str,
}

pub fn map<R, K>(key: R, kind: K, most: usize, example: &'static str) -> MapOf<R, K>
where
    R: Fn(&str) -> Result<(), Wrong>,
    K: Kind,
{
    MapOf { key, kind, most, example }
}

impl<R: Fn(&str) -> Result<(), Wrong>, K: Kind> Kind for MapOf<R, K> {
    type Out = Vec<(At<String>, At<K::Out>)>;

    /// Entries that are wrong are left out, as with lists.
    fn read(&self, place: &Place<'_>, findings: &mut Findings) -> Option<Self::Out> {
        let Some(entries) = place.node.entries() else {
            let help = format!("write for example `{}`", self.example());
            findings.push(place.problem("must be a mapping", described(place.node), help));
            return None;
        };
        if entries.len() > self.most {
            let must = format!("must have at most {} entries", self.most);
            findings.push(place.problem(&must, format!("it has {}", entries.len()), "take some out"));
            return None;
        }
        let mut read = Vec::new();
        for entry in entries {
            let path = below(&place.path, &entry.key);
            let key = At { value: entry.key.clone(), span: entry.key_span };
            if let Err(wrong) = (self.key)(&entry.key) {
                let what = format!("{} cannot be a key of `{}`", shown(&entry.key), place.path);
                findings.push(problem_at(entry.key_span, what, wrong));
            }
            let place = Place { node: &entry.node, path };
            if let Some(value) = self.kind.read(&place, findings) {
                read.push((key, At { value, span: entry.node.span }));
            }
        }
        Some(read)
    }

    fn schema(&self) -> Json {
        json!({ "type": "object", "additionalProperties": self.kind.schema(), "maxProperties": self.most })
    }

    fn example(&self) -> String {
        self.example.to_owned()
    }
}
