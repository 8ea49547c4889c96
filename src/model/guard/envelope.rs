//! The plan's document as a whole: whether it is one that we understand, complete, and free of what is not a resource
//! change.

use serde_json::{Map, Value};

use super::violation::Violation;
use crate::model::record::Flavour;

/// The top-level keys of Terraform 1.8 to 1.16 and OpenTofu 1.10 to 1.12, from their package `jsonplan`
/// (internal/command/jsonplan/plan.go): `deferred_changes` came with Terraform 1.9, the two with `action_invocations`
/// with 1.14; OpenTofu has neither these nor `applyable` and `complete`.
const KNOWN: [&str; 18] = [
    "action_invocations",
    "applyable",
    "checks",
    "complete",
    "configuration",
    "deferred_action_invocations",
    "deferred_changes",
    "errored",
    "format_version",
    "output_changes",
    "planned_values",
    "prior_state",
    "relevant_attributes",
    "resource_changes",
    "resource_drift",
    "terraform_version",
    "timestamp",
    "variables",
];

/// Lists that must be empty or absent, with what they would mean.
const MUST_BE_EMPTY: [(&str, &str); 3] = [
    ("deferred_changes", "Terraform put changes off to a later plan"),
    ("deferred_action_invocations", "Terraform put actions off to a later plan"),
    ("action_invocations", "the plan invokes provider actions"),
];

/// Checks everything but changes and configuration.
pub(super) fn check(plan: &Map<String, Value>, flavour: Flavour, violations: &mut Vec<Violation>) {
    for key in plan.keys().filter(|key| !KNOWN.contains(&key.as_str())) {
        violations.push(Violation::plan(format!(
            "it has a part `{key}` that this version of scaler does not know; a newer scaler may"
        )));
    }
    version(plan, violations);
    for (key, meaning) in MUST_BE_EMPTY {
        match plan.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) if list.is_empty() => {}
            Some(_) => violations.push(Violation::plan(format!("{meaning} (`{key}`)"))),
        }
    }
    match plan.get("errored") {
        Some(Value::Bool(false)) => {}
        Some(_) => violations.push(Violation::plan("Terraform met errors while it planned (`errored`)")),
        None => violations.push(Violation::plan("it does not say whether it is free of errors (`errored`)")),
    }
    match (plan.get("complete"), flavour) {
        (Some(Value::Bool(true)), _) | (None, Flavour::Opentofu) => {}
        (None, Flavour::Terraform) => {
            violations.push(Violation::plan("it does not say whether it is complete; Terraform does since 1.8"));
        }
        _ => violations.push(Violation::plan("it is not complete: a part was left out, as with `-target`")),
    }
    checks(plan, violations);
}

/// Whether Terraform itself says that the plan can be applied. Only a plan without changes may say that it cannot.
pub(super) fn check_applyable(
    plan: &Map<String, Value>,
    flavour: Flavour,
    empty: bool,
    violations: &mut Vec<Violation>,
) {
    match (plan.get("applyable"), flavour) {
        (Some(Value::Bool(true)), _) | (None, Flavour::Opentofu) => {}
        (Some(Value::Bool(false)), _) if empty => {}
        (None, Flavour::Terraform) => {
            violations.push(Violation::plan("it does not say whether it can be applied; Terraform does since 1.8"));
        }
        _ => violations.push(Violation::plan("Terraform says that it cannot be applied (`applyable`)")),
    }
}

fn version(plan: &Map<String, Value>, violations: &mut Vec<Violation>) {
    let Some(version) = plan.get("format_version").and_then(Value::as_str) else {
        return violations.push(Violation::plan("it does not say the version of its format"));
    };
    let known = version.split_once('.').is_some_and(|(major, minor)| {
        major == "1" && !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit())
    });
    if !known {
        violations.push(Violation::plan("the version of its format is not 1.x, the only one that scaler understands"));
    }
}

/// Conditions of resources, variables and outputs. `unknown` is decided during the apply, which then stops by itself.
/// A `check` block has no place: none of the modules has one, and it may hide a data source.
fn checks(plan: &Map<String, Value>, violations: &mut Vec<Violation>) {
    let list = match plan.get("checks") {
        None => return,
        Some(Value::Array(list)) => list,
        Some(_) => return violations.push(Violation::plan("its `checks` are not a list")),
    };
    for check in list {
        let text = |value: &Value, key| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let address = check.get("address").unwrap_or(&Value::Null);
        let name = text(address, "to_display").unwrap_or_else(|| "checks".into());
        match text(address, "kind").as_deref() {
            Some("resource" | "var" | "output_value") => {}
            _ => violations.push(Violation::new(&name, "", "the modules have no such check")),
        }
        let instances = check.get("instances").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let statuses = std::iter::once(check).chain(instances).map(|value| text(value, "status"));
        if !statuses.into_iter().all(|status| matches!(status.as_deref(), Some("pass" | "unknown"))) {
            violations.push(Violation::new(&name, "", "a condition of it does not hold"));
        }
    }
}
