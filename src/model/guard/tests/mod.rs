//! The guard as a whole, on plans that Terraform made.

mod departures;
mod properties;

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;
use crate::model::names::NodeName;
use crate::model::record::Flavour;

static SANDBOX: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../testdata/sandbox-pool.json")).unwrap());
static AWS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../testdata/aws-pool.json")).unwrap());

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

#[test]
fn a_machine_that_vanished_is_not_made_anew_under_its_name() {
    let (mut plan, expected) = sandbox();
    change(&mut plan, 3)["actions"] = json!(["create"]);
    change(&mut plan, 3)["before"] = json!(null);
    let address = "terraform_data.node[\"demo-workers-3\"]";
    plan["resource_drift"] = json!([{"address": address, "change": {"actions": ["delete"]}}]);
    assert!(
        refused(&plan, &expected).contains("workers-3\"] (create): the operation does not make this: Terraform finds")
    );
}
