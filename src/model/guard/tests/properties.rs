//! Accepted plans, changed at random.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::{AWS, SANDBOX, check, operation, sandbox};
use crate::model::guard::Expected;
use crate::model::provider::Provider;

/// Which of the two plans, and what the operation behind it allows.
fn either() -> impl Strategy<Value = (Value, Expected)> {
    prop_oneof![
        Just((SANDBOX.clone(), operation(Provider::Sandbox, &SANDBOX))),
        Just((AWS.clone(), operation(Provider::Aws, &AWS))),
    ]
}

/// The attributes of a change, any depth, as pointers.
fn leaves(value: &Value, here: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                leaves(value, &format!("{here}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (index, value) in list.iter().enumerate() {
                leaves(value, &format!("{here}/{index}"), found);
            }
        }
        _ => found.push(here.to_owned()),
    }
}

proptest! {
    #[test]
    fn another_action_is_always_refused((mut plan, expected) in either(), which: Index, action: Index) {
        let actions = [
            json!(["no-op"]), json!(["create"]), json!(["read"]), json!(["update"]), json!(["delete"]),
            json!(["delete", "create"]), json!(["create", "delete"]), json!(["forget"]), json!(["create", "forget"]),
            json!([]), json!(["Delete"]), json!("delete"), json!(null),
        ];
        let changes = plan["resource_changes"].as_array_mut().unwrap();
        let change = &mut which.get_mut(changes)["change"]["actions"];
        let action = action.get(&actions);
        prop_assume!(change != action);
        *change = action.clone();
        prop_assert!(check(&plan, &expected).is_err());
    }

    #[test]
    fn another_address_is_always_refused((mut plan, expected) in either(), which: Index, name in "[a-z]{1,4}-[0-9]{1,3}") {
        let changes = plan["resource_changes"].as_array_mut().unwrap();
        let entry = which.get_mut(changes);
        let address = format!("{}.{}[\"{name}\"]", entry["type"].as_str().unwrap(), entry["name"].as_str().unwrap());
        entry["address"] = json!(address);
        entry["index"] = json!(name);
        prop_assert!(check(&plan, &expected).is_err());
    }

    #[test]
    fn another_machine_is_always_refused((mut plan, expected) in either(), which: Index, id in "[a-z0-9-]{0,20}") {
        let changes = plan["resource_changes"].as_array_mut().unwrap();
        let change = &mut which.get_mut(changes)["change"];
        prop_assume!(change["before"].is_object() && change["before"]["id"] != id.as_str());
        change["before"]["id"] = json!(id);
        change["after"]["id"] = json!(id);
        prop_assert!(check(&plan, &expected).is_err());
    }

    #[test]
    fn an_attribute_besides_tags_is_always_refused((mut plan, expected) in either(), which: Index, leaf: Index) {
        let changes = plan["resource_changes"].as_array_mut().unwrap();
        let updates: Vec<usize> = (0..changes.len()).filter(|at| changes[*at]["change"]["actions"] == json!(["update"])).collect();
        let change = &mut changes[*which.get(&updates)]["change"];
        let mut pointers = Vec::new();
        leaves(&change["after"], "", &mut pointers);
        let pointer = leaf.get(&pointers).clone();
        prop_assume!(!pointer.contains("/tags") && !pointer.starts_with("/output"));
        *change["after"].pointer_mut(&pointer).unwrap() = json!("something else");
        prop_assert!(check(&plan, &expected).is_err(), "{pointer}");
    }

    #[test]
    fn an_unknown_part_is_always_refused((mut plan, expected) in either(), key in "[a-z]{1,3}_[a-z]{1,12}", depth in 0..4_usize) {
        let place = match depth {
            0 => &mut plan,
            1 => &mut plan["resource_changes"][0],
            2 => &mut plan["resource_changes"][0]["change"],
            _ => &mut plan["configuration"],
        };
        prop_assume!(place.get(&key).is_none());
        place[key.as_str()] = json!({"new": "thing"});
        prop_assert!(check(&plan, &expected).is_err());
    }

    #[test]
    fn a_missing_change_or_key_is_always_refused((mut plan, expected) in either(), which in 0..8_usize) {
        let keys = ["format_version", "configuration", "errored", "complete", "applyable", "resource_changes"];
        match keys.get(which) {
            Some(key) => drop(plan.as_object_mut().unwrap().remove(*key)),
            None => {
                let required = ["create", "delete"][which - keys.len()];
                plan["resource_changes"].as_array_mut().unwrap().retain(|change| change["change"]["actions"] != json!([required]));
            }
        }
        prop_assert!(check(&plan, &expected).is_err());
    }

    #[test]
    fn no_document_is_ever_let_through_by_chance(text in "[ -~]{0,40}", number: i64) {
        let (_, expected) = sandbox();
        for document in [json!(text), json!(number), json!({ "errored": false, text: number }), json!([SANDBOX.clone()]), json!(null)] {
            prop_assert!(check(&document, &expected).is_err());
        }
    }
}
