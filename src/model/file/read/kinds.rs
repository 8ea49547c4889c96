//! Numbers, truth values and choices.

use std::ops::RangeInclusive;

use serde_json::{Value as Json, json};

use super::{Findings, Kind, Place, described, nearest};
use crate::model::file::yaml::{Meaning, Value};

/// A whole number within bounds.
pub struct Whole(RangeInclusive<u32>);

pub fn whole(range: RangeInclusive<u32>) -> Whole {
    Whole(range)
}

impl Kind for Whole {
    type Out = u32;

    fn read(&self, place: &Place<'_>, findings: &mut Findings) -> Option<u32> {
        let must = format!("must be a whole number from {} to {}", self.0.start(), self.0.end());
        let meaning = match &*place.node.value {
            Value::Scalar(scalar) => scalar.meaning(),
            _ => Meaning::Text,
        };
        let Meaning::Whole(number) = meaning else {
            let quoted = match &*place.node.value {
                Value::Scalar(scalar) => !scalar.plain && scalar.text.parse::<u32>().is_ok(),
                _ => false,
            };
            let help = match quoted {
                true => "write it without quotes".into(),
                false => format!("write for example `{}`", self.example()),
            };
            findings.push(place.problem(&must, described(place.node), help));
            return None;
        };
        let value = u32::try_from(number).ok().filter(|value| self.0.contains(value));
        if value.is_none() {
            let (label, help) = match number < i128::from(*self.0.start()) {
                true => ("this is too little", format!("write `{}` or more", self.0.start())),
                false => ("this is too much", format!("write `{}` or less", self.0.end())),
            };
            findings.push(place.problem(&must, label, help));
        }
        value
    }

    fn schema(&self) -> Json {
        json!({ "type": "integer", "minimum": self.0.start(), "maximum": self.0.end() })
    }

    fn example(&self) -> String {
        (*self.0.start()).max(1).to_string()
    }
}

/// A TCP or UDP port.
pub struct Port;

impl Kind for Port {
    type Out = u16;

    fn read(&self, place: &Place<'_>, findings: &mut Findings) -> Option<u16> {
        let port = whole(1..=65535).read(place, findings)?;
        u16::try_from(port).ok()
    }

    fn schema(&self) -> Json {
        whole(1..=65535).schema()
    }

    fn example(&self) -> String {
        "443".into()
    }
}

/// `true` or `false`.
pub struct Flag;

impl Kind for Flag {
    type Out = bool;

    fn read(&self, place: &Place<'_>, findings: &mut Findings) -> Option<bool> {
        if let Value::Scalar(scalar) = &*place.node.value {
            if let Meaning::Flag(flag) = scalar.meaning() {
                return Some(flag);
            }
            let meant = match scalar.text.to_lowercase().as_str() {
                "yes" | "on" | "y" | "true" => Some("true"),
                "no" | "off" | "n" | "false" => Some("false"),
                _ => None,
            };
            if let Some(meant) = meant {
                let help = format!("write `{meant}`, without quotes");
                findings.push(place.problem("must be `true` or `false`", described(place.node), help));
                return None;
            }
        }
        findings.push(place.problem("must be `true` or `false`", described(place.node), "write `true` or `false`"));
        None
    }

    fn schema(&self) -> Json {
        json!({ "type": "boolean" })
    }

    fn example(&self) -> String {
        "true".into()
    }
}

/// One of a few words.
pub struct Choice<T: 'static>(&'static [(&'static str, T)]);

pub fn choice<T: Copy>(words: &'static [(&'static str, T)]) -> Choice<T> {
    Choice(words)
}

impl<T: Copy> Choice<T> {
    fn words(&self) -> impl Iterator<Item = &'static str> + use<T> {
        self.0.iter().map(|(word, _)| *word)
    }
}

impl<T: Copy> Kind for Choice<T> {
    type Out = T;

    fn read(&self, place: &Place<'_>, findings: &mut Findings) -> Option<T> {
        let written = match &*place.node.value {
            Value::Scalar(scalar) if scalar.meaning() == Meaning::Text => Some(scalar.text.as_str()),
            _ => None,
        };
        if let Some((_, value)) = self.0.iter().find(|(word, _)| Some(*word) == written) {
            return Some(*value);
        }
        let words: Vec<String> = self.words().map(|word| format!("`{word}`")).collect();
        let must = format!("must be {}", either(&words));
        let (label, help) = match written {
            Some(text) => match nearest(text, self.words()) {
                Some(meant) => ("this is none of them".to_owned(), format!("write `{meant}`")),
                None => ("this is none of them".to_owned(), format!("write {}", either(&words))),
            },
            None => (described(place.node).to_owned(), format!("write {}", either(&words))),
        };
        findings.push(place.problem(&must, label, help));
        None
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "enum": self.words().collect::<Vec<_>>() })
    }

    fn example(&self) -> String {
        self.words().next().unwrap_or_default().to_owned()
    }
}

/// `a`, `a or b`, `a, b or c`.
fn either(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}
