//! What a plan says of the configuration that Terraform read: the module's own, from a plan of the real one.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::model::names::StackId;

static POOL: LazyLock<Value> = LazyLock::new(|| {
    let plan: Value =
        serde_json::from_str(include_str!("../../../model/guard/testdata/sandbox-pool.json")).expect("a plan");
    plan["configuration"].clone()
});

static FOUNDATION: LazyLock<Value> = LazyLock::new(|| {
    let mut configuration = POOL.clone();
    let resources = configuration["root_module"]["resources"].as_array_mut().expect("resources");
    let machine = &mut resources[0];
    machine["address"] = json!("terraform_data.control_plane");
    machine["name"] = json!("control_plane");
    let references = ["var.control_plane.nodes", "var.control_plane"];
    machine["for_each_expression"] = json!({ "references": references });
    resources.push(json!({
        "address": "terraform_data.network", "mode": "managed", "type": "terraform_data", "name": "network",
        "provider_config_key": "terraform", "expressions": { "input": {} }, "schema_version": 0,
    }));
    configuration
});

pub fn of(stack: &StackId) -> Value {
    match stack {
        StackId::Foundation => FOUNDATION.clone(),
        StackId::Pool(_) => POOL.clone(),
    }
}
