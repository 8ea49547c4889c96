//! Which attributes a change would change.

use std::fmt;

use serde_json::Value;

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// The place of one attribute. Displays as a person would write it: `root_block_device[0].tags.team`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path(pub Vec<Step>);

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("everything");
        }
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if place == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Every attribute that differs between `before` and `after`, or that is only known after the apply. A key that one
/// side lacks differs, and so does a list whose length changes, as a whole. In `unknown`, which has the structure of
/// `after`, a true stands for a value that is not known yet; `after` lacks it then, or has null in its place.
pub(super) fn differing(before: &Value, after: &Value, unknown: &Value) -> Vec<Path> {
    let mut found = Vec::new();
    walk(Some(before), Some(after), Some(unknown), &mut Vec::new(), &mut found);
    found
}

fn walk(
    before: Option<&Value>,
    after: Option<&Value>,
    unknown: Option<&Value>,
    here: &mut Vec<Step>,
    found: &mut Vec<Path>,
) {
    match (before, after, unknown) {
        (_, _, Some(Value::Bool(true))) => found.push(Path(here.clone())),
        (Some(Value::Object(before)), Some(Value::Object(after)), _) => {
            let unknown = unknown.and_then(Value::as_object);
            let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
            keys.extend(unknown.into_iter().flat_map(|unknown| unknown.keys()));
            keys.sort();
            keys.dedup();
            for key in keys {
                here.push(Step::Key(key.clone()));
                walk(before.get(key), after.get(key), unknown.and_then(|unknown| unknown.get(key)), here, found);
                here.pop();
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after)), _) if before.len() == after.len() => {
            let unknown = unknown.and_then(Value::as_array);
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                here.push(Step::Index(index));
                walk(Some(before), Some(after), unknown.and_then(|unknown| unknown.get(index)), here, found);
                here.pop();
            }
        }
        // An unknown part below a value that has another type than before, or none.
        (before, after, unknown) if before != after || unknown.is_some_and(mentions_true) => {
            found.push(Path(here.clone()));
        }
        _ => {}
    }
}

/// Whether anything below is unknown.
fn mentions_true(unknown: &Value) -> bool {
    match unknown {
        Value::Bool(value) => *value,
        Value::Array(values) => values.iter().any(mentions_true),
        Value::Object(values) => values.values().any(mentions_true),
        // No document of Terraform has anything else here.
        Value::Null => false,
        Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(before: Value, after: Value, unknown: Value) -> Vec<String> {
        differing(&before, &after, &unknown).iter().map(Path::to_string).collect()
    }

    #[test]
    fn names_what_differs_and_nothing_else() {
        let cases = [
            (json!({"a": 1}), json!({"a": 1}), json!({}), vec![]),
            (json!({"a": 1}), json!({"a": 2}), json!({}), vec!["a"]),
            (json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": 1, "c": 3}}), json!({}), vec!["a.c"]),
            (json!({"a": [{"b": 1}]}), json!({"a": [{"b": 2}]}), json!({}), vec!["a[0].b"]),
            (json!({"a": [1]}), json!({"a": [1, 2]}), json!({}), vec!["a"]),
            (json!({"a": 1}), json!({}), json!({"a": true}), vec!["a"]),
            (json!({"a": 1}), json!({}), json!({}), vec!["a"]),
            (json!({}), json!({"a": null}), json!({}), vec!["a"]),
            (json!({"a": 1, "b": 1}), json!({"a": 1}), json!({"b": true}), vec!["b"]),
            (json!({"a": 1}), json!({"a": 1}), json!({"b": true}), vec!["b"]),
            (json!({"a": [1, 2]}), json!({"a": [1, null]}), json!({"a": [false, true]}), vec!["a[1]"]),
            (json!({"a": {"b": 1}}), json!({"a": null}), json!({"a": {"b": true}}), vec!["a"]),
            (json!({"a": null}), json!({"a": null}), json!({"a": {"b": true}}), vec!["a"]),
            (json!({"a": 1}), json!({"a": "1"}), json!({}), vec!["a"]),
            (json!({"a": {}}), json!({"a": []}), json!({}), vec!["a"]),
            (json!({"a": 1}), json!({"a": 1}), json!(true), vec!["everything"]),
        ];
        for (before, after, unknown, expected) in cases {
            let shown = format!("{before} {after} {unknown}");
            assert_eq!(paths(before, after, unknown), expected, "{shown}");
        }
    }
}
