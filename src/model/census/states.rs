//! The machines that a Terraform state knows.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::names::NodeName;
use crate::model::provider::{MACHINE_RESOURCE_NAMES, Provider};

/// Node name → machine id, from a state's resources by address. Not from its outputs: an apply that fails leaves those
/// as they were before.
pub fn machines_in_state(provider: Provider, resources: &BTreeMap<String, Value>) -> BTreeMap<NodeName, String> {
    resources.iter().filter_map(|(address, attributes)| machine(provider, address, attributes)).collect()
}

fn machine(provider: Provider, address: &str, attributes: &Value) -> Option<(NodeName, String)> {
    let (name, key) = address.strip_prefix(provider.machine_resource())?.strip_prefix('.')?.split_once('[')?;
    if !MACHINE_RESOURCE_NAMES.contains(&name) {
        return None;
    }
    let key: String = serde_json::from_str(key.strip_suffix(']')?).ok()?;
    Some((NodeName::from_text(key), attributes.get("id")?.as_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn machines_are_told_from_everything_else() {
        let resources = BTreeMap::from([
            ("terraform_data.node[\"d-w-1\"]".to_owned(), json!({ "id": "a" })),
            ("terraform_data.control_plane[\"d-control-plane-1\"]".to_owned(), json!({ "id": "b" })),
            ("terraform_data.fixed[\"d-w-1\"]".to_owned(), json!({ "id": "c" })),
            ("terraform_data.node[\"d-w-2\"]".to_owned(), json!({ "id": null })),
            ("terraform_data.node".to_owned(), json!({ "id": "d" })),
            ("aws_instance.node[\"d-w-3\"]".to_owned(), json!({ "id": "e" })),
            ("terraform_data.node[0]".to_owned(), json!({ "id": "f" })),
        ]);
        let machines = machines_in_state(Provider::Sandbox, &resources);
        let expected = [("d-control-plane-1", "b"), ("d-w-1", "a")];
        assert_eq!(machines, expected.map(|(name, id)| (NodeName::from_text(name), id.to_owned())).into());
    }
}
