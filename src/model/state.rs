//! A stack's state, as Terraform writes it (format version 4).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::failure::{Failure, Result};
use super::record::StackSerial;

/// As much of a state as we look at.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    pub serial: StackSerial,
    /// Output name → value.
    pub outputs: BTreeMap<String, Value>,
    /// Address of each managed resource → its attributes.
    pub resources: BTreeMap<String, Value>,
    /// Addresses of those that the next plan would replace, because their making was broken off.
    pub tainted: BTreeSet<String>,
}

#[derive(Deserialize)]
struct File {
    version: u64,
    serial: u64,
    lineage: String,
    #[serde(default)]
    outputs: BTreeMap<String, Output>,
    #[serde(default)]
    resources: Vec<Resource>,
}

/// What OpenTofu writes instead, where it was told to encrypt (its documentation, "State and Plan Encryption").
#[derive(Deserialize)]
struct Encrypted {
    #[serde(rename = "encrypted_data")]
    _data: String,
}

#[derive(Deserialize)]
struct Output {
    value: Value,
}

#[derive(Deserialize)]
struct Resource {
    /// `module.name`, with its own keys; None at the root.
    module: Option<String>,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    index_key: Option<Value>,
    /// Set on an object that was replaced and could not be destroyed yet: its machine may still run.
    deposed: Option<String>,
    status: Option<String>,
    #[serde(default)]
    attributes: Value,
}

/// None for a state that was never written: Terraform makes an empty file to lock one that lies in a folder. The first
/// that is written has serial 1.
pub fn parse(text: &[u8]) -> Result<Option<State>> {
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    let unreadable = || Failure::failed("Terraform's state could not be understood");
    let is_encrypted = |text| serde_json::from_slice::<Encrypted>(text).is_ok();
    let file: File = serde_json::from_slice(text).map_err(|error| match is_encrypted(text) {
        true => unreadable().because("it is encrypted by OpenTofu, and this scaler has no key"),
        false => unreadable().caused_by(&error),
    })?;
    if file.version != 4 {
        return Err(unreadable().because(format!("its format has version {}; this scaler knows 4", file.version)));
    }
    if file.serial == 0 {
        return Ok(None);
    }
    let mut resources = BTreeMap::new();
    let mut tainted = BTreeSet::new();
    for resource in file.resources.iter().filter(|resource| resource.mode == "managed") {
        for instance in &resource.instances {
            if instance.status.as_deref() == Some("tainted") {
                tainted.insert(address(resource, instance));
            }
            resources.insert(address(resource, instance), attributes(resource, instance));
        }
    }
    Ok(Some(State {
        serial: StackSerial { lineage: file.lineage, serial: file.serial },
        outputs: file.outputs.into_iter().map(|(name, output)| (name, output.value)).collect(),
        resources,
        tainted,
    }))
}

/// As Terraform writes addresses; a deposed object has its key behind it, so that it never hides the current one.
fn address(resource: &Resource, instance: &Instance) -> String {
    let module = resource.module.as_ref().map_or(String::new(), |module| format!("{module}."));
    let index = instance.index_key.as_ref().map_or(String::new(), |key| format!("[{key}]"));
    let deposed = instance.deposed.as_ref().map_or(String::new(), |key| format!(" (deposed {key})"));
    format!("{module}{}.{}{index}{deposed}", resource.kind, resource.name)
}

/// The attributes as a configuration would see them. The built-in `terraform_data` has attributes of any type, which
/// the state keeps as `{"value": …, "type": …}`; the providers' resources here have none such.
fn attributes(resource: &Resource, instance: &Instance) -> Value {
    let mut attributes = instance.attributes.clone();
    if resource.kind == "terraform_data"
        && let Value::Object(fields) = &mut attributes
    {
        for field in fields.values_mut() {
            let Value::Object(pair) = field else { continue };
            if pair.len() == 2
                && pair.contains_key("type")
                && let Some(value) = pair.get_mut("value")
            {
                *field = value.take();
            }
        }
    }
    attributes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn state(resources: Value) -> State {
        let text = json!({
            "version": 4, "terraform_version": "1.11.4", "serial": 6, "lineage": "l", "check_results": null,
            "outputs": { "o": { "value": { "a": 1 }, "type": ["object", { "a": "number" }] } },
            "resources": resources,
        });
        parse(text.to_string().as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn addresses_are_terraforms() {
        let instance = |more: Value| {
            let mut instance = json!({ "schema_version": 0, "attributes": { "id": "i-1" } });
            instance.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            instance
        };
        let state = state(json!([
            { "mode": "managed", "type": "aws_instance", "name": "node", "instances": [
                instance(json!({ "index_key": "d-w-1" })),
                instance(json!({ "index_key": "d-w-1", "deposed": "00ff" })),
                instance(json!({ "index_key": "a\"b" })),
            ] },
            { "mode": "managed", "type": "x", "name": "count", "instances": [instance(json!({ "index_key": 0 }))] },
            { "mode": "managed", "module": "module.m[\"k\"]", "type": "x", "name": "y", "instances": [instance(json!({}))] },
            { "mode": "data", "type": "x", "name": "read", "instances": [instance(json!({}))] },
        ]));
        let addresses: Vec<&str> = state.resources.keys().map(String::as_str).collect();
        let expected = [
            "aws_instance.node[\"a\\\"b\"]",
            "aws_instance.node[\"d-w-1\"]",
            "aws_instance.node[\"d-w-1\"] (deposed 00ff)",
            "module.m[\"k\"].x.y",
            "x.count[0]",
        ];
        assert_eq!(addresses, expected);
        assert_eq!(state.resources["x.count[0]"], json!({ "id": "i-1" }));
        assert_eq!(state.outputs["o"], json!({ "a": 1 }));
        assert_eq!(state.serial, StackSerial { lineage: "l".into(), serial: 6 });
    }

    #[test]
    fn values_of_any_type_come_without_their_wrapping() {
        let wrapped = json!({ "value": { "name": "n" }, "type": ["object", { "name": "string" }] });
        let of = |kind: &str| {
            let instances = json!([{ "attributes": { "id": "1", "output": wrapped.clone(), "input": null } }]);
            let state = state(json!([{ "mode": "managed", "type": kind, "name": "a", "instances": instances }]));
            state.resources[&format!("{kind}.a")].clone()
        };
        assert_eq!(of("terraform_data"), json!({ "id": "1", "output": { "name": "n" }, "input": null }));
        assert_eq!(of("other")["output"], wrapped);
    }

    #[test]
    fn nothing_is_no_state_and_another_format_is_refused() {
        assert_eq!(parse(b"\n").unwrap(), None);
        assert_eq!(parse(br#"{"version":4,"serial":0,"lineage":"l"}"#).unwrap(), None);
        assert!(parse(b"{").is_err());
        let failure =
            parse(br#"{"meta":{},"serial":1,"lineage":"l","encrypted_data":"q83v","encryption_version":"v0"}"#);
        assert!(failure.unwrap_err().to_string().contains("encrypted by OpenTofu"));
        let failure = parse(br#"{"version":5,"serial":1,"lineage":"l"}"#).unwrap_err();
        assert!(failure.to_string().contains("version 5"), "{failure}");
    }
}
