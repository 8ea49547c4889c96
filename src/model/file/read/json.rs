//! Free JSON.

use serde_json::{Map, Value as Json, json};

use super::{Findings, Kind, Place};
use crate::model::file::yaml::{Meaning, Node, Value};

/// Any value but null, as JSON.
pub struct Anything;

impl Kind for Anything {
    type Out = Json;

    fn read(&self, place: &Place<'_>, findings: &mut Findings) -> Option<Json> {
        let value = json_of(place.node);
        if value.is_none() {
            let help = "take out what is empty, not a number, or infinite";
            findings.push(place.problem("must be a value that JSON can hold", "it is not, or something in it", help));
        }
        value
    }

    fn schema(&self) -> Json {
        json!({ "not": { "type": "null" } })
    }

    fn example(&self) -> String {
        "true".into()
    }
}

/// The same value as JSON. None for null and for numbers that JSON does not have.
pub fn json_of(node: &Node) -> Option<Json> {
    match &*node.value {
        Value::List(items) => items.iter().map(json_of).collect::<Option<Vec<_>>>().map(Json::Array),
        Value::Map(entries) => {
            let members = entries.iter().map(|entry| Some((entry.key.clone(), json_of(&entry.node)?)));
            members.collect::<Option<Map<_, _>>>().map(Json::Object)
        }
        Value::Scalar(scalar) => match scalar.meaning() {
            Meaning::Null => None,
            Meaning::Flag(flag) => Some(flag.into()),
            Meaning::Whole(number) => {
                i64::try_from(number).map(Json::from).or_else(|_| u64::try_from(number).map(Json::from)).ok()
            }
            Meaning::Number(number) => serde_json::Number::from_f64(number).map(Json::Number),
            Meaning::Text => Some(scalar.text.clone().into()),
        },
    }
}
