//! The guard as a whole, on plans that Terraform made.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::*;
use crate::model::names::NodeName;
use crate::model::record::Flavour;

static SANDBOX: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("testdata/sandbox-pool.json")).unwrap());
static AWS: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("testdata/aws-pool.json")).unwrap());

fn node(number: u64) -> NodeName {
    NodeName::new("demo", "workers", number)
}

/// The machine's id in the plan, as the record would have it.
fn machine(plan: &Value, number: u64) -> Machine {
    let name = node(number);
    let change = plan["resource_changes"].as_array().unwrap().iter().find(|change| change["index"] == name.as_str());
    (name, change.unwrap()["change"]["before"]["id"].as_str().unwrap().to_owned())
}

/// What the operation behind a plan of `testdata` allows: one goes, one comes, and the tags of the others change.
fn operation(provider: Provider, plan: &Value) -> Expected {
    let (new, kept): (u64, &[u64]) = if provider == Provider::Aws { (3, &[1]) } else { (4, &[1, 3]) };
    let change = PoolChange {
        additions: &[node(new)],
        removals: &[machine(plan, 2)],
        retagged: &kept.iter().map(|number| machine(plan, *number)).collect::<Vec<_>>(),
        ..PoolChange::default()
    };
    permits_for_pool(provider, Flavour::Terraform, "workers", &change)
}

fn sandbox() -> (Value, Expected) {
    (SANDBOX.clone(), operation(Provider::Sandbox, &SANDBOX))
}

/// All that is wrong, a line each.
fn refused(plan: &Value, expected: &Expected) -> String {
    let violations = check(plan, expected).expect_err("the guard let it through");
    violations.iter().map(Violation::to_string).collect::<Vec<_>>().join("\n")
}

/// The entry of a node's machine.
fn entry(plan: &mut Value, number: u64) -> &mut Value {
    let name = node(number);
    plan["resource_changes"].as_array_mut().unwrap().iter_mut().find(|change| change["index"] == name.as_str()).unwrap()
}

fn change(plan: &mut Value, number: u64) -> &mut Value {
    &mut entry(plan, number)["change"]
}

#[test]
fn what_the_operation_asked_for_is_let_through() {
    let (plan, expected) = sandbox();
    let summary = check(&plan, &expected).unwrap();
    assert_eq!(summary.to_string(), "create 1, destroy 1, change 2");
    assert_eq!(summary.creates, ["terraform_data.node[\"demo-workers-4\"]"]);
    assert_eq!(summary.deletes, ["terraform_data.node[\"demo-workers-2\"]"]);
    assert_eq!(summary.updates["terraform_data.node[\"demo-workers-1\"]"], ["input", "output"]);

    let summary = check(&AWS, &operation(Provider::Aws, &AWS)).unwrap();
    assert_eq!(summary.updates["aws_instance.node[\"demo-workers-1\"]"], ["root_block_device", "tags", "tags_all"]);
    assert_eq!(summary.drift["aws_instance.node[\"demo-workers-1\"]"], "update");
}

#[test]
fn an_opentofu_plan_needs_not_say_what_opentofu_does_not_say() {
    let (mut plan, mut expected) = sandbox();
    for key in ["applyable", "complete"] {
        plan.as_object_mut().unwrap().remove(key);
    }
    assert!(refused(&plan, &expected).contains("whether it is complete"));
    expected.flavour = Flavour::Opentofu;
    check(&plan, &expected).unwrap();
}

/// One change of an accepted plan, and what the refusal must say.
type Tampering = (&'static str, fn(&mut Value), &'static str);

#[test]
fn every_departure_is_refused_with_its_address_and_reason() {
    let cases: [Tampering; 33] = [
        (
            "machine type in place",
            |p| change(p, 1)["after"]["input"]["machine"]["machine"] = json!("big"),
            "workers-1\"] (update): it would change input.machine.machine,",
        ),
        (
            "unknown after apply",
            |p| change(p, 1)["after_unknown"]["input"]["disk"] = json!(true),
            "would change input.disk,",
        ),
        (
            "replace",
            |p| change(p, 1)["actions"] = json!(["delete", "create"]),
            "workers-1\"] (delete, create): it would be destroyed and made anew",
        ),
        (
            "replace, the other order",
            |p| change(p, 1)["actions"] = json!(["create", "delete"]),
            "no operation replaces",
        ),
        ("forget", |p| change(p, 2)["actions"] = json!(["forget"]), "would forget it"),
        ("replace by forgetting", |p| change(p, 2)["actions"] = json!(["create", "forget"]), "would forget it"),
        ("read", |p| change(p, 2)["actions"] = json!(["read"]), "no data sources"),
        ("new action", |p| change(p, 2)["actions"] = json!(["evaporate"]), "does not know this action"),
        ("no action", |p| change(p, 2)["actions"] = json!([]), "does not say what"),
        ("import", |p| change(p, 4)["importing"] = json!({"id": "x"}), "would import it"),
        ("move", |p| entry(p, 1)["previous_address"] = json!("terraform_data.node[\"x\"]"), "would move it"),
        ("deposed", |p| entry(p, 2)["deposed"] = json!("0123abcd"), "deposed"),
        ("other module", |p| entry(p, 2)["module_address"] = json!("module.x"), "another module"),
        ("data source", |p| entry(p, 2)["mode"] = json!("data"), "not a managed resource"),
        ("other provider", |p| entry(p, 2)["provider_name"] = json!("example.org/evil/terraform"), "another provider"),
        (
            "other machine goes",
            |p| change(p, 2)["before"]["id"] = json!("another"),
            "workers-2\"] (delete): Terraform's state has another machine",
        ),
        (
            "machine without id",
            |p| drop(change(p, 2)["before"].as_object_mut().unwrap().remove("id")),
            "does not say which machine",
        ),
        (
            "neighbour goes",
            |p| {
                let c = change(p, 1);
                c["actions"] = json!(["delete"]);
                c["after"] = json!(null)
            },
            "workers-1\"] (delete): the operation does not remove this",
        ),
        (
            "lost from the state",
            |p| {
                let c = change(p, 3);
                c["actions"] = json!(["create"]);
                c["before"] = json!(null)
            },
            "workers-3\"] (create): the operation does not make this. If the record knows it",
        ),
        (
            "the removal is missing",
            |p| p["resource_changes"].as_array_mut().unwrap().retain(|c| c["index"] != "demo-workers-2"),
            "workers-2\"] (delete): the operation needs this",
        ),
        (
            "twice",
            |p| {
                let e = entry(p, 2).clone();
                p["resource_changes"].as_array_mut().unwrap().push(e)
            },
            "names this address twice",
        ),
        (
            "address of another",
            |p| entry(p, 2)["address"] = json!("terraform_data.node[\"demo-workers-9\"]"),
            "do not make its address",
        ),
        ("a no-op that changes", |p| change(p, 1)["actions"] = json!(["no-op"]), "yet it would not"),
        ("errored", |p| p["errored"] = json!(true), "plan: Terraform met errors"),
        ("incomplete", |p| p["complete"] = json!(false), "not complete"),
        ("not applyable", |p| p["applyable"] = json!(false), "cannot be applied"),
        ("deferred", |p| p["deferred_changes"] = json!([{}]), "later plan"),
        ("action", |p| p["action_invocations"] = json!([{}]), "invokes provider actions"),
        ("format", |p| p["format_version"] = json!("2.0"), "not 1.x"),
        ("check", |p| p["checks"][0]["status"] = json!("fail"), "terraform_data.node: a condition"),
        ("check block", |p| p["checks"][0]["address"]["kind"] = json!("check"), "no such check"),
        ("unknown part", |p| p["surprises"] = json!([]), "a part `surprises`"),
        ("unknown part of a change", |p| change(p, 1)["surprise"] = json!(1), "unknown part `surprise`"),
    ];
    for (name, tamper, expected_text) in cases {
        let (mut plan, expected) = sandbox();
        tamper(&mut plan);
        let text = refused(&plan, &expected);
        assert!(text.contains(expected_text), "{name}: {text}");
    }
}

#[test]
fn a_configuration_that_is_not_the_modules_is_refused() {
    fn resource(plan: &mut Value) -> &mut Value {
        &mut plan["configuration"]["root_module"]["resources"][0]
    }
    let cases: [Tampering; 16] = [
        ("none", |p| drop(p.as_object_mut().unwrap().remove("configuration")), "does not show its configuration"),
        (
            "module call",
            |p| p["configuration"]["root_module"]["module_calls"] = json!({"evil": {}}),
            "`module_calls`, of which the module has none: evil",
        ),
        ("actions", |p| p["configuration"]["root_module"]["actions"] = json!([{}]), "`actions`"),
        (
            "data source",
            |p| {
                let mut data = json!({"address": "data.http.x", "mode": "data", "type": "http", "name": "x"});
                p["configuration"]["root_module"]["resources"].as_array_mut().unwrap().push(data.take())
            },
            "data.http.x: the module has no such resource",
        ),
        (
            "missing resource",
            |p| p["configuration"]["root_module"]["resources"] = json!([]),
            "terraform_data.node: the module has this resource",
        ),
        (
            "twice",
            |p| {
                let r = resource(p).clone();
                p["configuration"]["root_module"]["resources"].as_array_mut().unwrap().push(r)
            },
            "twice",
        ),
        (
            "provisioner added",
            |p| {
                let r = resource(p)["provisioners"][0].clone();
                resource(p)["provisioners"].as_array_mut().unwrap().push(r)
            },
            "runs programs",
        ),
        ("provisioners swapped", |p| resource(p)["provisioners"].as_array_mut().unwrap().reverse(), "runs programs"),
        (
            "command",
            |p| resource(p)["provisioners"][0]["expressions"]["command"]["constant_value"] = json!("rm -rf /"),
            "runs programs",
        ),
        (
            "command from a value",
            |p| resource(p)["provisioners"][0]["expressions"]["command"] = json!({"references": ["self.input"]}),
            "runs programs",
        ),
        (
            "interpreter",
            |p| resource(p)["provisioners"][0]["expressions"]["interpreter"] = json!({"constant_value": ["sh"]}),
            "runs programs",
        ),
        (
            "environment",
            |p| resource(p)["provisioners"][0]["expressions"]["environment"]["references"][0] = json!("var.x"),
            "runs programs",
        ),
        (
            "repetition",
            |p| resource(p)["for_each_expression"]["references"] = json!(["var.other"]),
            "instances are not made",
        ),
        (
            "provider of its own",
            |p| resource(p)["provider_config_key"] = json!("terraform.x"),
            "another provider configuration",
        ),
        (
            "second provider",
            |p| p["configuration"]["provider_config"]["http"] = json!({"name": "http"}),
            "provider http: this provider is not",
        ),
        (
            "provider from elsewhere",
            |p| p["configuration"]["provider_config"]["terraform"]["full_name"] = json!("example.org/x/terraform"),
            "come from",
        ),
    ];
    for (name, tamper, expected_text) in cases {
        let (mut plan, expected) = sandbox();
        tamper(&mut plan);
        let text = refused(&plan, &expected);
        assert!(text.contains(expected_text), "{name}: {text}");
    }
    let mut plan = AWS.clone();
    plan["configuration"]["provider_config"]["aws"]["expressions"]["assume_role"] = json!([{}]);
    assert!(refused(&plan, &operation(Provider::Aws, &AWS)).contains("sets `assume_role`"));
}

#[test]
fn a_refusal_shows_no_value() {
    let (mut plan, expected) = sandbox();
    change(&mut plan, 1)["after"]["input"]["user_data_sha256"] = json!("hunter2");
    change(&mut plan, 2)["before"]["id"] = json!("hunter3");
    let text = refused(&plan, &expected);
    assert!(text.contains("input.user_data_sha256") && !text.contains("hunter"), "{text}");
}

#[test]
fn a_machine_that_terraform_finds_gone_is_named_as_such() {
    let (mut plan, expected) = sandbox();
    plan["resource_changes"].as_array_mut().unwrap().retain(|change| change["index"] != "demo-workers-2");
    let gone = json!({"address": "terraform_data.node[\"demo-workers-2\"]", "change": {"actions": ["delete"]}});
    plan["resource_drift"] = json!([gone]);
    assert!(refused(&plan, &expected).contains("gone already"));

    // Where the operation knows it, the plan may contain the removal or not.
    let machine = machine(&SANDBOX, 2);
    let change = PoolChange {
        additions: &[node(4)],
        gone: &[machine],
        retagged: &[super::tests::machine(&SANDBOX, 1), super::tests::machine(&SANDBOX, 3)],
        ..PoolChange::default()
    };
    let expected = permits_for_pool(Provider::Sandbox, Flavour::Terraform, "workers", &change);
    check(&plan, &expected).unwrap();
    check(&SANDBOX, &expected).unwrap();
}

#[test]
fn an_adopted_machine_may_be_filled_in_and_not_changed() {
    let (mut plan, _) = sandbox();
    plan["resource_changes"].as_array_mut().unwrap().retain(|change| change["index"] == "demo-workers-1");
    let adopted = [machine(&plan, 1)];
    let change_of_pool = PoolChange { adopted: &adopted, ..PoolChange::default() };
    let expected = permits_for_pool(Provider::Sandbox, Flavour::Terraform, "workers", &change_of_pool);
    change(&mut plan, 1)["before"]["input"] = json!(null);
    change(&mut plan, 1)["before"]["output"] = json!(null);
    check(&plan, &expected).unwrap();
    change(&mut plan, 1)["before"]["input"] = change(&mut plan, 1)["after"]["input"].clone();
    change(&mut plan, 1)["before"]["input"]["machine"]["machine"] = json!("other");
    assert!(refused(&plan, &expected).contains("input.machine.machine"));
}

#[test]
fn a_plan_without_changes_is_allowed_where_nothing_is_required() {
    let (mut plan, _) = sandbox();
    for number in [1, 3] {
        let change = change(&mut plan, number);
        *change = json!({"actions": ["no-op"], "before": {"id": "x"}, "after": {"id": "x"}, "after_unknown": {}});
    }
    plan["resource_changes"].as_array_mut().unwrap().retain(|change| change["change"]["actions"] == json!(["no-op"]));
    plan["output_changes"] = json!({"machines": {"actions": ["no-op"]}});
    plan["applyable"] = json!(false);
    let nothing = permits_for_pool(Provider::Sandbox, Flavour::Terraform, "workers", &PoolChange::default());
    assert!(check(&plan, &nothing).unwrap().is_empty());
    assert!(refused(&plan, &operation(Provider::Sandbox, &SANDBOX)).contains("the operation needs this"));
}

#[test]
fn destroy_takes_owned_machines_and_nothing_else() {
    let (mut plan, _) = sandbox();
    plan["resource_changes"].as_array_mut().unwrap().retain(|change| !change["change"]["before"].is_null());
    for number in [1, 3] {
        change(&mut plan, number)["actions"] = json!(["delete"]);
        change(&mut plan, number)["after"] = json!(null);
    }
    let owned = [machine(&plan, 1), machine(&plan, 2), machine(&plan, 3)];
    let stack = StackId::Pool("workers".into());
    let destroy =
        |machines: &[Machine]| permits_for_destroy(Provider::Sandbox, Flavour::Terraform, stack.clone(), machines);
    assert_eq!(check(&plan, &destroy(&owned)).unwrap().deletes.len(), 3);
    assert!(
        refused(&plan, &destroy(&owned[..2])).contains("workers-3\"] (delete): the operation does not remove this")
    );
    assert!(refused(&SANDBOX, &destroy(&owned)).contains("(create): the operation does not make this"));
    assert!(refused(&SANDBOX, &destroy(&owned)).contains("change in place what is to be destroyed"));
}

#[test]
fn an_operation_that_contradicts_itself_is_refused() {
    let machine = machine(&SANDBOX, 2);
    let change =
        PoolChange { additions: &[node(2)], removals: std::slice::from_ref(&machine), ..PoolChange::default() };
    let expected = permits_for_pool(Provider::Sandbox, Flavour::Terraform, "workers", &change);
    assert!(refused(&SANDBOX, &expected).contains("a fault in scaler"));
}

#[test]
fn a_provider_without_modules_is_refused() {
    let expected = permits_for_pool(Provider::Azure, Flavour::Terraform, "workers", &PoolChange::default());
    assert!(refused(&SANDBOX, &expected).contains("no module for this provider"));
}

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
