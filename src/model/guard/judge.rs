//! One change of a resource, held against the permits.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::diff::{Path, differing};
use super::entry::Entry;
use super::expected::{Act, Expected, Mode};
use super::shape::{Facts, ModuleShape};

/// What a change is judged by.
pub(super) struct Judge<'a> {
    pub expected: &'a Expected,
    pub facts: &'a Facts,
    pub module: &'a ModuleShape,
    /// Address → what happened to it beside Terraform.
    pub drift: &'a BTreeMap<String, String>,
}

/// The permit that covers a change, as its place in the list, and the top-level attributes that change.
pub(super) type Covered = (usize, Vec<String>);

impl Judge<'_> {
    /// Nothing for what stays as it is; or all reasons against the change.
    pub fn verdict(&self, entry: Entry<'_>) -> Result<Option<Covered>, Vec<String>> {
        let mut reasons = entry.faults(self.facts, self.module);
        let (before, after) = (entry.change("before"), entry.change("after"));
        let changed = || differing(before, after, entry.change("after_unknown"));
        let covered = match entry.actions().as_slice() {
            ["no-op"] => {
                if !changed().is_empty() {
                    reasons.push("it is said to stay as it is, yet it would not".into());
                }
                None
            }
            ["create"] => {
                if !before.is_null() || !after.is_object() {
                    reasons.push("it is not the creation of something new".into());
                }
                self.creation(entry, &mut reasons)
            }
            ["delete"] => {
                if !before.is_object() || !after.is_null() {
                    reasons.push("it is not the removal of something that is there".into());
                }
                self.removal(entry, &mut reasons)
            }
            ["update"] => self.update(entry, &changed(), &mut reasons),
            other => {
                reasons.push(never_allowed(other).into());
                None
            }
        };
        if reasons.is_empty() { Ok(covered) } else { Err(reasons) }
    }

    fn creation(&self, entry: Entry<'_>, reasons: &mut Vec<String>) -> Option<Covered> {
        let vanished = self.drift.get(entry.address()).is_some_and(|what| what == "delete");
        let refusal = if vanished {
            "the operation does not make this: Terraform finds that the machine is gone, and would make it anew under the \
             same name. The node has to be retired first"
        } else {
            "the operation does not make this. If the record knows it, Terraform's state has lost it, and this would make \
             a second one"
        };
        Some((self.permit(entry, reasons, refusal, |act| matches!(act, Act::Create))?, Vec::new()))
    }

    fn removal(&self, entry: Entry<'_>, reasons: &mut Vec<String>) -> Option<Covered> {
        let refusal = "the operation does not remove this: nothing proves that it may go";
        let permit = self.permit(entry, reasons, refusal, |act| matches!(act, Act::Delete { .. }))?;
        if let Act::Delete { id } = &self.expected.permits[permit].act {
            reasons.extend(another_machine(id.as_deref(), entry.change("before")));
        }
        Some((permit, Vec::new()))
    }

    fn update(&self, entry: Entry<'_>, changed: &[Path], reasons: &mut Vec<String>) -> Option<Covered> {
        if self.expected.mode == Mode::Destroy {
            reasons.push("it would change in place what is to be destroyed".into());
            return None;
        }
        let all: Vec<String> = changed.iter().map(ToString::to_string).collect();
        let refusal = format!("the operation does not change this; Terraform would change {}", all.join(", "));
        let permit = self.permit(entry, reasons, &refusal, |act| matches!(act, Act::Update { .. }))?;
        let Act::Update { id, attributes } = &self.expected.permits[permit].act else { return None };
        reasons.extend(another_machine(id.as_deref(), entry.change("before")));
        let foreign: Vec<String> = changed
            .iter()
            .filter(|path| !attributes.iter().any(|allowed| allowed.covers(path)))
            .map(ToString::to_string)
            .collect();
        if !foreign.is_empty() {
            reasons.push(format!("it would change {}, which the operation does not allow", foreign.join(", ")));
        }
        Some((permit, tops(changed)))
    }

    /// The one permit for a change, or a reason more.
    fn permit(
        &self,
        entry: Entry<'_>,
        reasons: &mut Vec<String>,
        refusal: &str,
        act: impl Fn(&Act) -> bool,
    ) -> Option<usize> {
        let resource = entry.resource();
        let permits = self.expected.permits.iter().enumerate();
        let mut covering =
            permits.filter(|(_, permit)| permit.target.covers(entry.address(), &resource) && act(&permit.act));
        match (covering.next(), covering.next()) {
            (Some((permit, _)), None) => return Some(permit),
            (Some(_), Some(_)) => reasons.push("the operation allows it twice, which is a fault in scaler".into()),
            (None, _) => reasons.push(refusal.to_owned()),
        }
        None
    }
}

/// The top-level attributes of some paths, each once.
fn tops(paths: &[Path]) -> Vec<String> {
    let tops: BTreeSet<String> =
        paths.iter().map(|path| Path(path.0.iter().take(1).cloned().collect()).to_string()).collect();
    tops.into_iter().collect()
}

/// Refuses a change of another machine than the one a permit names. The id found is not shown: it is an attribute's value.
fn another_machine(id: Option<&str>, before: &Value) -> Option<String> {
    let id = id?;
    match before.get("id").and_then(Value::as_str) {
        Some(found) if found == id => None,
        Some(_) => {
            Some(format!("Terraform's state has another machine at this address than {id}, which the operation means"))
        }
        None => Some(format!("it does not say which machine it is; the operation means {id}")),
    }
}

fn never_allowed(actions: &[&str]) -> &'static str {
    match actions {
        ["delete", "create"] | ["create", "delete"] => "it would be destroyed and made anew; no operation replaces",
        ["create", "forget"] | ["forget"] => "Terraform would forget it and leave it running",
        ["read"] => "it would be read; the modules have no data sources",
        [] => "it does not say what would be done",
        _ => "scaler does not know this action",
    }
}
