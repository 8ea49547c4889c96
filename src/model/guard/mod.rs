//! The guard: whether Terraform may apply a saved plan.
//!
//! It is an allow-list. An operation says what Terraform may do in a stack ([`Expected`]); [`check`] holds the JSON of
//! the very plan file that would be applied against it, and refuses everything else, also what it does not understand.
//!
//! **What is checked.** That the document is one we know in whole (major version 1 of the format, no unknown part at the
//! top, in a change, or in the configuration); that the plan is free of errors and, where Terraform says so, complete
//! and applyable; that nothing is put off and no provider action is invoked; that every change of a resource is covered
//! by exactly one permit, with the machine's id and the attributes that may differ; that nothing is replaced, forgotten,
//! imported, moved or deposed; that what the operation needs is there; and that the configuration which Terraform read
//! has the module's resources, its provider and its programs, and nothing besides.
//!
//! **What is trusted.** That Terraform writes into the JSON what it will do with the plan file, and then does it; that
//! the provider does with a machine what its plan says. That the JSON is of the file which is applied (the adapter's
//! part). That the facts behind a permit hold (the journal's part).
//!
//! **What a plan does not show,** and what is therefore held in the HCL ([`shape::hcl`]): when a provisioner runs, the
//! names in its environment, connections, `lifecycle`, and blocks that left no trace in this plan. An OpenTofu plan
//! does not say whether it is complete, so a `-target` shows only as what the operation misses; no argument of ours is
//! a target, and none is inherited. Values of attributes of new machines are the renderer's part; the guard neither
//! judges nor prints them.

mod changes;
mod configuration;
mod diff;
mod entry;
mod envelope;
mod expected;
mod judge;
mod permits;
pub mod shape;
mod summary;
mod violation;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub use expected::{Act, AttributePath, Expected, Mode, Permit, Target};
pub use permits::{
    Machine, PoolChange, machine_address, permits_for_destroy, permits_for_foundation, permits_for_new_foundation,
    permits_for_pool,
};
pub use summary::Summary;
pub use violation::{Violation, module_refusal, refusal};

use crate::model::names::StackId;
use crate::model::provider::Provider;

/// Whether Terraform may apply this plan (`terraform show -json` of the saved file). All violations are told at once.
pub fn check(plan: &Value, expected: &Expected) -> Result<Summary, Vec<Violation>> {
    let known = shape::facts(expected.provider).zip(shape::expected(expected.provider, &expected.stack));
    let (Some((facts, module)), Value::Object(plan)) = (known, plan) else {
        return Err(vec![Violation::plan(
            "scaler cannot judge it: it is no plan, or scaler has no module for this provider",
        )]);
    };
    let mut violations = contradictions(expected);
    envelope::check(plan, expected.flavour, &mut violations);
    configuration::check(plan, facts, &module, &mut violations);
    let summary = changes::check(plan, expected, facts, &module, &mut violations);
    envelope::check_applyable(plan, expected.flavour, summary.is_empty(), &mut violations);
    if violations.is_empty() { Ok(summary) } else { Err(violations) }
}

/// Whether these files are a module that the guard would let through: the embedded ones are, by a test; those of
/// `--assets` are asked before Terraform starts. Path below the module's folder → content.
pub fn check_module(
    provider: Provider,
    stack: &StackId,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<(), Vec<Violation>> {
    let (Some(facts), Some(expected)) = (shape::facts(provider), shape::expected(provider, stack)) else {
        return Err(vec![Violation::configuration("module", format!("scaler has no module for {provider}"))]);
    };
    let found = shape::hcl::of_hcl(facts, files)?;
    let names: BTreeSet<&String> = found.resources.keys().chain(expected.resources.keys()).collect();
    let mut violations = Vec::new();
    for name in names {
        let reason = match (found.resources.get(name), expected.resources.get(name)) {
            (Some(_), None) => "scaler's module has no such resource",
            (None, Some(_)) => "scaler's module has this resource, this one does not",
            (Some(found), Some(expected)) if found.provisioners != expected.provisioners => {
                "it runs programs (provisioners) that are not those of scaler's module"
            }
            (Some(found), Some(expected)) if found.repeat != expected.repeat => {
                "its instances are not made as in scaler's module (`count`, `for_each`)"
            }
            _ => continue,
        };
        violations.push(Violation::configuration(name, reason));
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

/// Permits that name the same instance twice: an operation that contradicts itself.
fn contradictions(expected: &Expected) -> Vec<Violation> {
    let mut seen = BTreeSet::new();
    expected
        .permits
        .iter()
        .filter(|permit| !seen.insert(permit.target.to_string()))
        .map(|permit| {
            Violation::new(
                permit.target.to_string(),
                permit.act.word(),
                "the operation names it twice, which is a fault in scaler",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests;
