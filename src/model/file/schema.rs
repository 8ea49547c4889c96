//! The JSON Schema of cluster files, told by the readers themselves.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Value as Json, json};

use super::parts::{Facts, cluster};
use super::read::{Kind, nearest};

/// JSON Schema, draft 2020-12. It knows the fields and what each may say; rules between fields, and those of one cloud
/// alone, are `scaler validate`'s.
pub fn schema() -> Json {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "scaler cluster file",
        "description": "What a cluster should be. `scaler apply` makes it so.",
    });
    if let (Some(schema), Json::Object(told)) = (schema.as_object_mut(), cluster(&Facts::default()).schema()) {
        schema.extend(told);
    }
    schema
}

/// The field of a part of the file that this name is, or probably was meant to be, and the paths of the mappings that
/// have it: for those who put it elsewhere.
pub fn places_of(name: &str) -> Option<(&'static str, &'static [String])> {
    static PLACES: OnceLock<BTreeMap<String, Vec<String>>> = OnceLock::new();
    let places = PLACES.get_or_init(|| {
        let mut places = BTreeMap::new();
        collect(&schema(), "", &mut places);
        places
    });
    let meant = nearest(name, places.keys().map(String::as_str))?;
    Some((meant, places.get(meant)?))
}

fn collect(schema: &Json, path: &str, places: &mut BTreeMap<String, Vec<String>>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        if !path.is_empty() {
            let known = places.entry(name.clone()).or_default();
            if known.last().is_none_or(|last| last != path) {
                known.push(path.to_owned());
            }
        }
        let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        collect(field, &inner, places);
    }
    for (part, suffix) in [("items", "[]"), ("additionalProperties", ".*")] {
        if schema[part].is_object() {
            collect(&schema[part], &format!("{path}{suffix}"), places);
        }
    }
    for choice in schema["oneOf"].as_array().into_iter().flatten() {
        collect(choice, path, places);
    }
}
