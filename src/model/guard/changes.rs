//! Each change of a resource in the plan, held against the permits.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::diff::{Path, differing};
use super::expected::{Act, Expected, Mode, Permit};
use super::shape::{Facts, ModuleShape};
use super::summary::Summary;
use super::violation::Violation;

/// Of a resource change, from `jsonplan` of Terraform 1.8 to 1.16 and OpenTofu 1.12.
const ENTRY_KEYS: [&str; 12] = [
    "action_reason",
    "address",
    "change",
    "deposed",
    "index",
    "index_unknown",
    "mode",
    "module_address",
    "name",
    "previous_address",
    "provider_name",
    "type",
];

const CHANGE_KEYS: [&str; 11] = [
    "actions",
    "after",
    "after_identity",
    "after_sensitive",
    "after_unknown",
    "before",
    "before_identity",
    "before_sensitive",
    "generated_config",
    "importing",
    "replace_paths",
];

/// What would be moved, imported or left behind, whatever the action is.
const REFUSED_MARKS: [(&str, &str); 4] = [
    ("previous_address", "Terraform would move it here from another address"),
    ("module_address", "it lies in another module"),
    ("deposed", "it is the left-over of a replacement (a deposed object)"),
    ("index_unknown", "Terraform does not know yet which instance this is"),
];

/// Holds all changes against the permits, and says what an allowed plan will do.
pub(super) fn check(
    plan: &Map<String, Value>,
    expected: &Expected,
    facts: &Facts,
    module: &ModuleShape,
    violations: &mut Vec<Violation>,
) -> Summary {
    let mut summary = Summary::default();
    drift(plan, &mut summary, violations);
    // A stack without any resource, before and after, has no such key.
    let entries = match plan.get("resource_changes") {
        None => &[],
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(_) => {
            violations.push(Violation::plan("its resource changes are not a list"));
            &[]
        }
    };
    let mut seen = BTreeSet::new();
    let mut used = vec![false; expected.permits.len()];
    for entry in entries {
        let address = entry.get("address").and_then(Value::as_str).unwrap_or("a change without address");
        let actions = actions(entry).unwrap_or_default().join(", ");
        if !seen.insert(address) {
            violations.push(Violation::new(address, &actions, "the plan names this address twice"));
        }
        match judge(entry, address, expected, facts, module) {
            Err(reasons) => {
                violations.extend(reasons.into_iter().map(|reason| Violation::new(address, &actions, reason)));
            }
            Ok(None) => {}
            Ok(Some((permit, changed))) => {
                used[permit] = true;
                match &expected.permits[permit].act {
                    Act::Create => summary.creates.push(address.to_owned()),
                    Act::Delete { .. } => summary.deletes.push(address.to_owned()),
                    Act::Update { .. } => drop(summary.updates.insert(address.to_owned(), changed)),
                }
            }
        }
    }
    for permit in
        expected.permits.iter().zip(&used).filter(|(permit, used)| permit.required && !**used).map(|pair| pair.0)
    {
        violations.push(missing(permit, &summary));
    }
    if let Some(Value::Object(outputs)) = plan.get("output_changes") {
        let changes = |change: &&Value| change.get("actions") != Some(&serde_json::json!(["no-op"]));
        summary.outputs = outputs.values().filter(changes).count();
    }
    summary
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
    for entry in entries {
        if let (Some(address), Some(actions)) = (entry.get("address").and_then(Value::as_str), actions(entry)) {
            summary.drift.insert(address.to_owned(), actions.join(", "));
        } else {
            violations.push(Violation::plan("its drift has an entry without address or action"));
        }
    }
}

fn actions(entry: &Value) -> Option<Vec<&str>> {
    entry.get("change")?.get("actions")?.as_array()?.iter().map(Value::as_str).collect()
}

/// The permit that covers a change, with the attributes it changes; nothing for a no-op; or all reasons against it.
fn judge(
    entry: &Value,
    address: &str,
    expected: &Expected,
    facts: &Facts,
    module: &ModuleShape,
) -> Result<Option<(usize, Vec<String>)>, Vec<String>> {
    let mut reasons = form(entry, address, facts, module);
    let change = entry.get("change").unwrap_or(&Value::Null);
    let value = |key| change.get(key).unwrap_or(&Value::Null);
    let (before, after) = (value("before"), value("after"));
    let verdict = match actions(entry).unwrap_or_default().as_slice() {
        ["no-op"] => {
            if !differing(before, after, value("after_unknown")).is_empty() {
                reasons.push("it is said to stay as it is, yet it would not".into());
            }
            None
        }
        ["create"] => {
            if !before.is_null() || !after.is_object() {
                reasons.push("it is not the creation of something new".into());
            }
            find(entry, address, expected, &mut reasons, |act| matches!(act, Act::Create))
                .map(|permit| (permit, vec![]))
        }
        ["delete"] => {
            if !before.is_object() || !after.is_null() {
                reasons.push("it is not the removal of something that is there".into());
            }
            let permit = find(entry, address, expected, &mut reasons, |act| matches!(act, Act::Delete { .. }));
            permit
                .inspect(|permit| {
                    if let Act::Delete { id } = &expected.permits[*permit].act {
                        reasons.extend(other_machine(id.as_deref(), before));
                    }
                })
                .map(|permit| (permit, vec![]))
        }
        ["update"] if expected.mode == Mode::Normal => {
            let permit = find(entry, address, expected, &mut reasons, |act| matches!(act, Act::Update { .. }));
            let changed = differing(before, after, value("after_unknown"));
            if let Some(permit) = permit
                && let Act::Update { id, attributes } = &expected.permits[permit].act
            {
                reasons.extend(other_machine(id.as_deref(), before));
                let foreign: Vec<String> = changed
                    .iter()
                    .filter(|path| !attributes.iter().any(|allowed| allowed.covers(path)))
                    .map(ToString::to_string)
                    .collect();
                if !foreign.is_empty() {
                    reasons.push(format!("it would change {}, which the operation does not allow", foreign.join(", ")));
                }
            } else if !changed.is_empty() {
                let paths: Vec<String> = changed.iter().map(ToString::to_string).collect();
                reasons.push(format!("it would change {}", paths.join(", ")));
            }
            permit.map(|permit| (permit, tops(&changed)))
        }
        ["update"] => {
            reasons.push("it would change in place what is to be destroyed".into());
            None
        }
        other => {
            reasons.push(action_reason(other).into());
            None
        }
    };
    if reasons.is_empty() { Ok(verdict) } else { Err(reasons) }
}

/// The top-level attributes of some paths, each once.
fn tops(paths: &[Path]) -> Vec<String> {
    let tops: BTreeSet<String> =
        paths.iter().map(|path| Path(path.0.iter().take(1).cloned().collect()).to_string()).collect();
    tops.into_iter().collect()
}

/// The one permit for a change.
fn find(
    entry: &Value,
    address: &str,
    expected: &Expected,
    reasons: &mut Vec<String>,
    act: impl Fn(&Act) -> bool,
) -> Option<usize> {
    let resource = resource_of(entry);
    let mut covering = expected
        .permits
        .iter()
        .enumerate()
        .filter(|(_, permit)| permit.target.covers(address, &resource) && act(&permit.act));
    match (covering.next(), covering.next()) {
        (Some((permit, _)), None) => Some(permit),
        (Some(_), Some(_)) => {
            reasons.push("the operation allows it twice, which is a fault in scaler".into());
            None
        }
        (None, _) => {
            reasons.push(match actions(entry).unwrap_or_default().as_slice() {
                ["create"] => {
                    "the operation does not make this. If the record knows it, Terraform's state has lost it, and \
                               this would make a second one"
                        .into()
                }
                ["delete"] => "the operation does not remove this: nothing proves that it may go".into(),
                _ => "the operation does not change this".into(),
            });
            None
        }
    }
}

fn resource_of(entry: &Value) -> String {
    let text = |key| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    format!("{}.{}", text("type"), text("name"))
}

/// Refuses a change of another machine than the one a permit names. Ids are not shown: they are attribute values.
fn other_machine(id: Option<&str>, before: &Value) -> Option<String> {
    let id = id?;
    match before.get("id").and_then(Value::as_str) {
        Some(found) if found == id => None,
        Some(_) => {
            Some(format!("Terraform's state has another machine at this address than {id}, which the operation means"))
        }
        None => Some(format!("it does not say which machine it is; the operation means {id}")),
    }
}

fn action_reason(actions: &[&str]) -> &'static str {
    match actions {
        ["delete", "create"] | ["create", "delete"] => "it would be destroyed and made anew; no operation replaces",
        ["create", "forget"] | ["forget"] => "Terraform would forget it and leave it running",
        ["read"] => "it would be read; the modules have no data sources",
        [] => "it does not say what would be done",
        _ => "scaler does not know this action",
    }
}

/// What is wrong with an entry whatever its action is.
fn form(entry: &Value, address: &str, facts: &Facts, module: &ModuleShape) -> Vec<String> {
    let mut reasons = Vec::new();
    let (Some(keys), Some(Value::Object(change))) = (entry.as_object(), entry.get("change")) else {
        return vec!["the plan's entry cannot be read".into()];
    };
    for key in keys.keys().filter(|key| !ENTRY_KEYS.contains(&key.as_str())) {
        reasons.push(format!("its entry has an unknown part `{key}`"));
    }
    for key in change.keys().filter(|key| !CHANGE_KEYS.contains(&key.as_str())) {
        reasons.push(format!("its change has an unknown part `{key}`"));
    }
    for (mark, reason) in REFUSED_MARKS {
        if keys.get(mark).is_some_and(|value| !value.is_null()) {
            reasons.push(reason.into());
        }
    }
    if ["importing", "generated_config"].iter().any(|key| change.get(*key).is_some_and(|value| !value.is_null())) {
        reasons.push("Terraform would import it from outside of its state".into());
    }
    if keys.get("mode").and_then(Value::as_str) != Some("managed") {
        reasons.push("it is not a managed resource".into());
    }
    let resource = resource_of(entry);
    if !module.resources.contains_key(&resource) {
        reasons.push("the module has no such resource".into());
    }
    if !keys.get("provider_name").and_then(Value::as_str).is_some_and(|name| facts.full_names.contains(&name)) {
        reasons.push("it belongs to another provider".into());
    }
    if address_of(&resource, keys.get("index")).as_deref() != Some(address) {
        reasons.push("its type, name and key do not make its address".into());
    }
    reasons
}

/// The address that type, name and key make; None for a key that Terraform would have to escape, which no name of
/// scaler's needs.
fn address_of(resource: &str, index: Option<&Value>) -> Option<String> {
    match index {
        None => Some(resource.to_owned()),
        Some(Value::String(key)) if !key.contains(['"', '\\', '$', '%']) && !key.contains(char::is_control) => {
            Some(format!("{resource}[\"{key}\"]"))
        }
        Some(Value::Number(number)) => Some(format!("{resource}[{number}]")),
        Some(_) => None,
    }
}
