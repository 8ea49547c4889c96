//! Text with a meaning: names, addresses, durations.

use serde_json::{Value as Json, json};

use super::{Findings, Kind, Place, described};
use crate::model::file::yaml::{Meaning, Value};

/// Why a text is refused, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub label: String,
    pub help: String,
}

pub fn wrong(label: impl Into<String>, help: impl Into<String>) -> Wrong {
    Wrong { label: label.into(), help: help.into() }
}

/// A text that a function turns into a value or refuses.
pub struct Text<F> {
    noun: &'static str,
    example: &'static str,
    pattern: Option<&'static str>,
    length: Option<(usize, usize)>,
    words: &'static [&'static str],
    parse: F,
}

/// `noun` completes "must be …".
pub fn text<T, F: Fn(&str) -> Result<T, Wrong>>(noun: &'static str, example: &'static str, parse: F) -> Text<F> {
    Text { noun, example, pattern: None, length: None, words: &[], parse }
}

impl<F> Text<F> {
    /// For the schema: a regular expression that every text fits which `parse` takes.
    pub fn pattern(mut self, pattern: &'static str) -> Text<F> {
        self.pattern = Some(pattern);
        self
    }

    /// For the schema: the only texts that `parse` takes.
    pub fn words(mut self, words: &'static [&'static str]) -> Text<F> {
        self.words = words;
        self
    }

    /// For the schema: least and most characters.
    pub fn length(mut self, least: usize, most: usize) -> Text<F> {
        self.length = Some((least, most));
        self
    }
}

impl<T, F: Fn(&str) -> Result<T, Wrong>> Kind for Text<F> {
    type Out = T;

    fn read(&self, place: &Place<'_>, findings: &mut Findings) -> Option<T> {
        let must = format!("must be {}", self.noun);
        let Value::Scalar(scalar) = &*place.node.value else {
            findings.push(place.problem(&must, described(place.node), format!("write for example `{}`", self.example)));
            return None;
        };
        let meaning = scalar.meaning();
        if meaning == Meaning::Null {
            let help = format!("write for example `{}`, or take the field out", self.example);
            findings.push(place.problem(&must, described(place.node), help));
            return None;
        }
        match (self.parse)(&scalar.text) {
            Err(wrong) => {
                findings.push(place.problem(&must, wrong.label, wrong.help));
                None
            }
            Ok(_) if meaning != Meaning::Text => {
                let help = format!("write it in quotes: `\"{}\"`", scalar.text);
                findings.push(place.problem(&must, described(place.node), help));
                None
            }
            Ok(value) => Some(value),
        }
    }

    fn schema(&self) -> Json {
        let mut schema = json!({ "type": "string", "examples": [self.example] });
        if let Some(pattern) = self.pattern {
            schema["pattern"] = pattern.into();
        }
        if !self.words.is_empty() {
            schema["enum"] = self.words.into();
        }
        if let Some((least, most)) = self.length {
            schema["minLength"] = least.into();
            schema["maxLength"] = most.into();
        }
        schema
    }

    fn example(&self) -> String {
        self.example.to_owned()
    }
}
