//! All changes of resources in a plan, held against all permits.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::entry::Entry;
use super::expected::{Act, Expected, Permit};
use super::judge::Judge;
use super::shape::{Facts, ModuleShape};
use super::summary::Summary;
use super::violation::Violation;

/// Holds every change against the permits, and every permit that must be used against the changes. The summary says what
/// the plan will do, as far as it is allowed.
pub(super) fn check(
    plan: &Map<String, Value>,
    expected: &Expected,
    facts: &Facts,
    module: &ModuleShape,
    violations: &mut Vec<Violation>,
) -> Summary {
    let mut summary = Summary::default();
    drift(plan, &mut summary, violations);
    let drift = summary.drift.clone();
    let judge = Judge { expected, facts, module, drift: &drift };
    let mut seen = BTreeSet::new();
    let mut used = BTreeSet::new();
    for entry in entries(plan, violations).iter().map(Entry) {
        let address = entry.address();
        let actions = entry.actions().join(", ");
        if !seen.insert(address) {
            violations.push(Violation::new(address, &actions, "the plan names this address twice"));
        }
        match judge.verdict(entry) {
            Err(reasons) => {
                violations.extend(reasons.into_iter().map(|reason| Violation::new(address, &actions, reason)));
            }
            Ok(None) => {}
            Ok(Some((permit, attributes))) => {
                used.insert(permit);
                match &expected.permits[permit].act {
                    Act::Create => summary.creates.push(address.to_owned()),
                    Act::Delete { .. } => summary.deletes.push(address.to_owned()),
                    Act::Update { .. } => drop(summary.updates.insert(address.to_owned(), attributes)),
                }
            }
        }
    }
    let unused = expected.permits.iter().enumerate().filter(|(place, permit)| permit.required && !used.contains(place));
    violations.extend(unused.map(|(_, permit)| missing(permit, &summary)));
    if let Some(Value::Object(outputs)) = plan.get("output_changes") {
        summary.outputs = outputs.values().filter(|change| change.get("actions") != Some(&json!(["no-op"]))).count();
    }
    summary
}

/// A stack without any resource, before and after, has no such key.
fn entries<'a>(plan: &'a Map<String, Value>, violations: &mut Vec<Violation>) -> &'a [Value] {
    match plan.get("resource_changes") {
        None => &[],
        Some(Value::Array(entries)) => entries,
        Some(_) => {
            violations.push(Violation::plan("its resource changes are not a list"));
            &[]
        }
    }
}

fn missing(permit: &Permit, summary: &Summary) -> Violation {
    let gone = summary.drift.get(&permit.target.to_string()).is_some_and(|what| what == "delete");
    let reason = if gone {
        "the operation needs this, but Terraform finds that the machine is gone already: it has to be retired first"
    } else {
        "the operation needs this, but the plan does not contain it"
    };
    Violation::new(permit.target.to_string(), permit.act.word(), reason)
}

/// What changed beside Terraform: information only. What Terraform makes of it stands among the changes.
fn drift(plan: &Map<String, Value>, summary: &mut Summary, violations: &mut Vec<Violation>) {
    let entries = match plan.get("resource_drift") {
        None => return,
        Some(Value::Array(entries)) => entries,
        Some(_) => return violations.push(Violation::plan("its drift is not a list")),
    };
    for entry in entries.iter().map(Entry) {
        summary.drift.insert(entry.address().to_owned(), entry.actions().join(", "));
    }
}
