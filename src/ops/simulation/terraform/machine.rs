//! From a machine as the modules describe it to one of the cloud.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::machine::{Machine, MachineState, Role};
use crate::model::names::{NodeName, OperationId};
use crate::model::provider::Provider;

pub fn tags(machine: &Value) -> BTreeMap<String, String> {
    let text = |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap_or_default().to_owned());
    machine["tags"].as_object().into_iter().flatten().map(text).collect()
}

/// The machine that comes of a description in the modules' own form.
pub fn machine(id: &str, described: &Value) -> Machine {
    let text = |name: &str| described[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let zone = text("zone").unwrap_or_default();
    let number = u32::from_str_radix(id.trim_start_matches("i-"), 16).unwrap_or_default();
    Machine {
        provider_id: Provider::Sandbox.provider_id(&zone, id),
        id: id.to_owned(),
        node: text("name").map(NodeName::from_text),
        pool: text("pool"),
        role: text("role").and_then(|role| Role::from_tag(&role)),
        operation: text("operation").map(OperationId::from_text),
        state: MachineState::Pending,
        launched: None,
        zone,
        machine_type: text("machine").unwrap_or_default(),
        image: text("image").unwrap_or_default(),
        private_address: Some(format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255)),
        public_address: None,
        tags: tags(described),
    }
}
