//! From values and state to changes, and to what `terraform show -json` says of them.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value, json};

use super::configuration;
use super::state::{Address, TfState};
use crate::model::names::StackId;
use crate::ops::simulation::cluster::ROLE;
use crate::ops::simulation::order::POOL;

/// What one resource is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    pub input: Value,
    pub triggers: Value,
}

/// What is to be done, in the order in which it is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    Delete,
    Create(Wanted),
    Update(Wanted),
    Replace(Wanted),
}

fn digest(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The resources of a stack with these values.
pub fn wanted(stack: &StackId, values: &Value) -> BTreeMap<Address, Wanted> {
    let mut wanted = BTreeMap::new();
    let (name, nodes) = match stack {
        StackId::Foundation => {
            let input = json!({ "cluster": values["cluster"], "network": values["network"],
                                "tags": tags(values, None, "", ""), "ssh_public_key": values["ssh_public_key"] });
            let address = Address { name: "network".into(), key: None };
            wanted.insert(address, Wanted { input, triggers: Value::Null });
            ("control_plane", &values["control_plane"]["nodes"])
        }
        StackId::Pool(_) => ("node", &values["nodes"]),
    };
    for (key, node) in nodes.as_object().into_iter().flatten() {
        let address = Address { name: name.into(), key: Some(key.clone()) };
        wanted.insert(address, machine(stack, values, key, node));
    }
    wanted
}

fn machine(stack: &StackId, values: &Value, name: &str, node: &Value) -> Wanted {
    let pool = stack.pool().unwrap_or_default();
    let role = if stack.pool().is_some() { "worker" } else { "control-plane" };
    let mut machine = json!({
        "name": name, "cluster": values["cluster"]["name"], "clusterId": values["cluster"]["id"], "pool": pool,
        "role": role, "zone": node["zone"], "region": values["cluster"]["region"], "machine": node["machine"],
        "capacity": node["capacity"], "operation": node["operation"], "image": node["image"],
        "tags": tags(values, Some(node), name, role),
    });
    if let Some(profile) = node.get("instance_profile") {
        machine["profile"] = profile.clone();
    }
    let or = |value: &Value, other: Value| if value.is_null() { other } else { value.clone() };
    let subnet = or(&node["subnet"], json!(format!("subnet-{}", node["zone"].as_str().unwrap_or_default())));
    let key_name = format!("scaler-{}", values["cluster"]["id"].as_str().unwrap_or_default());
    let triggers = match node["adopted"] == json!(true) {
        true => Value::Null,
        false => json!({
            "zone": node["zone"], "image": node["image"], "capacity": node["capacity"], "subnet": subnet,
            "public_address": node["public_address"], "key_name": or(&node["key_name"], json!(key_name)),
        }),
    };
    let user_data = digest(node["user_data"].as_str().unwrap_or_default());
    let input = json!({ "register": values["register"], "machine": machine, "disk": node["disk"],
                        "user_data_sha256": user_data });
    Wanted { input, triggers }
}

fn tags(values: &Value, node: Option<&Value>, name: &str, role: &str) -> Value {
    let mut tags = values["tags"].as_object().cloned().unwrap_or_default();
    tags.insert("scaler:cluster-id".into(), values["cluster"]["id"].clone());
    tags.insert("scaler:cluster".into(), values["cluster"]["name"].clone());
    if let Some(node) = node {
        tags.insert("scaler:node".into(), json!(name));
        tags.insert("scaler:role".into(), json!(role));
        tags.insert("scaler:operation".into(), node["operation"].clone());
        if let Some(pool) = values.get("pool") {
            tags.insert("scaler:pool".into(), pool.clone());
        }
    }
    Value::Object(tags)
}

/// What leads from the state to what is wanted.
pub fn changes(state: &TfState, wanted: &BTreeMap<Address, Wanted>) -> BTreeMap<Address, Change> {
    let mut changes = BTreeMap::new();
    for (address, there) in &state.instances {
        let change = match wanted.get(address) {
            None => Change::Delete,
            Some(wanted) if state.tainted.contains(address) => Change::Replace(wanted.clone()),
            Some(wanted) if there["triggers_replace"] != wanted.triggers => Change::Replace(wanted.clone()),
            Some(wanted) if there["input"] != wanted.input => Change::Update(wanted.clone()),
            Some(_) => continue,
        };
        changes.insert(address.clone(), change);
    }
    for (address, wanted) in wanted.iter().filter(|(address, _)| !state.instances.contains_key(address)) {
        changes.insert(address.clone(), Change::Create(wanted.clone()));
    }
    changes
}

/// `gone`: what a look at the cloud took out of the state.
pub fn json(
    stack: &StackId,
    before: &TfState,
    changes: &BTreeMap<Address, Change>,
    gone: &BTreeMap<Address, Value>,
) -> Value {
    let mut list = Vec::new();
    for (address, there) in &before.instances {
        let change = match changes.get(address) {
            None => change_json(&["no-op"], there, there, json!({})),
            Some(Change::Delete) => change_json(&["delete"], there, &Value::Null, json!({})),
            Some(Change::Replace(wanted)) => {
                change_json(&["delete", "create"], there, &after(wanted, None), json!({ "id": true, "output": true }))
            }
            Some(Change::Update(wanted) | Change::Create(wanted)) => {
                change_json(&["update"], there, &after(wanted, Some(&there["id"])), json!({ "output": true }))
            }
        };
        list.push(entry(address, change));
    }
    for (address, change) in changes {
        if let Change::Create(wanted) = change {
            let unknown = json!({ "id": true, "output": true });
            list.push(entry(address, change_json(&["create"], &Value::Null, &after(wanted, None), unknown)));
        }
    }
    let drift: Vec<Value> = gone
        .iter()
        .map(|(address, there)| entry(address, change_json(&["delete"], there, &Value::Null, json!({}))))
        .collect();
    json!({
        "format_version": "1.2", "terraform_version": "1.11.4", "errored": false, "complete": true,
        "applyable": !changes.is_empty() || !gone.is_empty(), "resource_changes": list, "resource_drift": drift,
        "configuration": configuration::of(stack),
    })
}

fn after(wanted: &Wanted, id: Option<&Value>) -> Value {
    let mut after = Map::new();
    if let Some(id) = id {
        after.insert("id".into(), id.clone());
    }
    after.insert("input".into(), wanted.input.clone());
    after.insert("triggers_replace".into(), wanted.triggers.clone());
    Value::Object(after)
}

fn change_json(actions: &[&str], before: &Value, after: &Value, unknown: Value) -> Value {
    json!({ "actions": actions, "before": before, "after": after, "after_unknown": unknown,
            "before_sensitive": {}, "after_sensitive": {} })
}

fn entry(address: &Address, change: Value) -> Value {
    let mut entry = json!({
        "address": address.to_string(), "mode": "managed", "type": "terraform_data", "name": address.name,
        "provider_name": "terraform.io/builtin/terraform", "change": change,
    });
    if let Some(key) = &address.key {
        entry["index"] = json!(key);
    }
    entry
}

/// What the foundation passes to the pools.
pub fn outputs(stack: &StackId, values: &Value, state: &TfState) -> Map<String, Value> {
    let mut outputs = Map::new();
    if *stack != StackId::Foundation || state.instances.is_empty() {
        return outputs;
    }
    let zones = values["network"]["zones"].as_array().cloned().unwrap_or_default();
    let subnet = |zone: &Value| {
        let zone = zone.as_str().unwrap_or_default();
        (zone.to_owned(), json!(format!("subnet-{zone}")))
    };
    let subnets: Map<String, Value> = zones.iter().map(subnet).collect();
    let key_name = format!("scaler-{}", values["cluster"]["id"].as_str().unwrap_or_default());
    outputs.insert(
        "foundation".into(),
        json!({ "network_id": "network-1", "subnets": subnets, "key_name": key_name,
                "joins": { POOL: { "profile": format!("scaler-{POOL}"), "role_id": ROLE } },
                "endpoint": { "host": "127.0.0.1", "port": 6443 } }),
    );
    outputs
}
