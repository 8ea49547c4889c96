//! One entry of the plan's list of resource changes: its parts, and what is wrong with it whatever its action is.

use serde_json::{Map, Value};

use super::shape::{Facts, ModuleShape};

/// From `jsonplan` of Terraform 1.8 to 1.16 and OpenTofu 1.12.
const KEYS: [&str; 12] = [
    "action_reason",
    "address",
    "change",
    "deposed",
    "index",
    "index_unknown",
    "mode",
    "module_address",
    "name",
    "previous_address",
    "provider_name",
    "type",
];

const CHANGE_KEYS: [&str; 11] = [
    "actions",
    "after",
    "after_identity",
    "after_sensitive",
    "after_unknown",
    "before",
    "before_identity",
    "before_sensitive",
    "generated_config",
    "importing",
    "replace_paths",
];

/// What would be moved, imported or left behind, whatever the action is.
const MARKS: [(&str, &str); 4] = [
    ("previous_address", "Terraform would move it here from another address"),
    ("module_address", "it lies in another module"),
    ("deposed", "it is the left-over of a replacement (a deposed object)"),
    ("index_unknown", "Terraform does not know yet which instance this is"),
];

/// A reading of one entry. A part that is missing or of another type than it should be reads as nothing, which no
/// permit covers.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a>(pub &'a Value);

impl<'a> Entry<'a> {
    pub fn address(self) -> &'a str {
        self.text("address").unwrap_or("a change without address")
    }

    /// `<type>.<name>`.
    pub fn resource(self) -> String {
        format!("{}.{}", self.text("type").unwrap_or_default(), self.text("name").unwrap_or_default())
    }

    /// Terraform's words for what it would do. Empty if they cannot be read.
    pub fn actions(self) -> Vec<&'a str> {
        let actions = self.change("actions").as_array();
        actions.and_then(|list| list.iter().map(Value::as_str).collect()).unwrap_or_default()
    }

    /// A part of its change; null if there is none.
    pub fn change(self, key: &str) -> &'a Value {
        self.0.get("change").and_then(|change| change.get(key)).unwrap_or(&Value::Null)
    }

    fn text(self, key: &str) -> Option<&'a str> {
        self.0.get(key)?.as_str()
    }

    /// What is wrong with the entry whatever its action is.
    pub fn faults(self, facts: &Facts, module: &ModuleShape) -> Vec<String> {
        let (Some(entry), Some(change)) = (self.0.as_object(), self.0.get("change").and_then(Value::as_object)) else {
            return vec!["the plan's entry cannot be read".into()];
        };
        let mut faults = unknown("entry", entry, &KEYS);
        faults.extend(unknown("change", change, &CHANGE_KEYS));
        let there = |map: &Map<String, Value>, key: &str| map.get(key).is_some_and(|value| !value.is_null());
        faults.extend(MARKS.iter().filter(|(mark, _)| there(entry, mark)).map(|(_, fault)| (*fault).to_owned()));
        if there(change, "importing") || there(change, "generated_config") {
            faults.push("Terraform would import it from outside of its state".into());
        }
        if self.text("mode") != Some("managed") {
            faults.push("it is not a managed resource".into());
        }
        let resource = self.resource();
        if !module.resources.contains_key(&resource) {
            faults.push("the module has no such resource".into());
        }
        if !self.text("provider_name").is_some_and(|name| facts.full_names.contains(&name)) {
            faults.push("it belongs to another provider".into());
        }
        if address_of(&resource, entry.get("index")).as_deref() != self.text("address") {
            faults.push("its type, name and key do not make its address".into());
        }
        faults
    }
}

fn unknown(what: &str, map: &Map<String, Value>, known: &[&str]) -> Vec<String> {
    let keys = map.keys().filter(|key| !known.contains(&key.as_str()));
    keys.map(|key| format!("its {what} has an unknown part `{key}`")).collect()
}

/// The address that type, name and key make; None for a key that Terraform would have to escape, which no name of
/// scaler's needs.
fn address_of(resource: &str, index: Option<&Value>) -> Option<String> {
    match index {
        None => Some(resource.to_owned()),
        Some(Value::String(key)) if !key.contains(['"', '\\', '$', '%']) && !key.contains(char::is_control) => {
            Some(format!("{resource}[\"{key}\"]"))
        }
        Some(Value::Number(number)) => Some(format!("{resource}[{number}]")),
        Some(_) => None,
    }
}
