//! A state as Terraform writes it, and its lock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value, json};

use crate::model::names::StackId;
use crate::model::record::StackSerial;

/// A resource's name and its key; all are of the type `terraform_data`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    pub name: String,
    pub key: Option<String>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "terraform_data.{}", self.name)?;
        self.key.as_ref().map_or(Ok(()), |key| write!(f, "[\"{key}\"]"))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct TfState {
    pub serial: StackSerial,
    /// Attributes: `id`, `input`, `output`, `triggers_replace`.
    pub instances: BTreeMap<Address, Value>,
    pub outputs: Map<String, Value>,
    /// Those whose making was broken off: the next plan replaces them.
    pub tainted: BTreeSet<Address>,
}

/// What has a type of its own in the state.
const WRAPPED: [&str; 3] = ["input", "output", "triggers_replace"];

impl TfState {
    pub fn new(lineage: String) -> TfState {
        TfState {
            serial: StackSerial { lineage, serial: 0 },
            instances: BTreeMap::new(),
            outputs: Map::new(),
            tainted: BTreeSet::new(),
        }
    }

    pub fn parse(text: &[u8]) -> TfState {
        let file: Value = serde_json::from_slice(text).expect("a state is JSON");
        let lineage = file["lineage"].as_str().expect("a lineage").to_owned();
        let mut state = TfState::new(lineage);
        state.serial.serial = file["serial"].as_u64().expect("a serial");
        for (name, output) in file["outputs"].as_object().into_iter().flatten() {
            state.outputs.insert(name.clone(), output["value"].clone());
        }
        for resource in file["resources"].as_array().into_iter().flatten() {
            let name = resource["name"].as_str().expect("a name").to_owned();
            for instance in resource["instances"].as_array().into_iter().flatten() {
                let key = instance["index_key"].as_str().map(str::to_owned);
                let mut attributes = instance["attributes"].clone();
                for wrapped in WRAPPED {
                    if let Some(value) = attributes[wrapped].get_mut("value") {
                        attributes[wrapped] = value.take();
                    }
                }
                let address = Address { name: name.clone(), key };
                if instance["status"] == json!("tainted") {
                    state.tainted.insert(address.clone());
                }
                state.instances.insert(address, attributes);
            }
        }
        state
    }

    pub fn text(&self) -> Vec<u8> {
        let mut resources: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for (address, attributes) in &self.instances {
            let mut attributes = attributes.clone();
            for wrapped in WRAPPED.iter().filter(|name| !attributes[**name].is_null()).collect::<Vec<_>>() {
                let value = attributes[*wrapped].take();
                attributes[*wrapped] = json!({ "value": value, "type": "dynamic" });
            }
            let mut instance = json!({ "schema_version": 0, "attributes": attributes });
            if let Some(key) = &address.key {
                instance["index_key"] = json!(key);
            }
            if self.tainted.contains(address) {
                instance["status"] = json!("tainted");
            }
            resources.entry(&address.name).or_default().push(instance);
        }
        let resource = |(name, instances): (&str, Vec<Value>)| {
            json!({ "mode": "managed", "type": "terraform_data", "name": name,
                    "provider": "provider[\"terraform.io/builtin/terraform\"]", "instances": instances })
        };
        let resources: Vec<Value> = resources.into_iter().map(resource).collect();
        let output = |(name, value): (&String, &Value)| (name.clone(), json!({ "value": value, "type": "dynamic" }));
        let outputs: Map<String, Value> = self.outputs.iter().map(output).collect();
        json!({ "version": 4, "terraform_version": "1.11.4", "serial": self.serial.serial,
                "lineage": self.serial.lineage, "outputs": outputs, "resources": resources })
        .to_string()
        .into_bytes()
    }
}

/// Where the lock of a state lies, as the S3 backend has it.
pub fn lock_key(stack: &StackId) -> String {
    format!("{}.tflock", stack.state_key())
}
