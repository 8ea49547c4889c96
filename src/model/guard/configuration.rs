//! The plan's `configuration`: what Terraform read must be the module's own.

use serde_json::{Map, Value};

use super::shape::{Facts, ModuleShape, Provisioner, Repeat, ResourceShape};
use super::violation::Violation;

const ROOT_KEYS: [&str; 3] = ["outputs", "resources", "variables"];

/// Of a resource, from `jsonconfig` of Terraform 1.8 to 1.16 and OpenTofu 1.12.
const RESOURCE_KEYS: [&str; 11] = [
    "address",
    "count_expression",
    "depends_on",
    "expressions",
    "for_each_expression",
    "mode",
    "name",
    "provider_config_key",
    "provisioners",
    "schema_version",
    "type",
];

pub(super) fn check(plan: &Map<String, Value>, facts: &Facts, module: &ModuleShape, violations: &mut Vec<Violation>) {
    let Some(Value::Object(configuration)) = plan.get("configuration") else {
        return violations.push(Violation::configuration("configuration", "the plan does not show its configuration"));
    };
    for key in configuration.keys().filter(|key| !["provider_config", "root_module"].contains(&key.as_str())) {
        violations.push(Violation::configuration("configuration", format!("it has an unknown part `{key}`")));
    }
    providers(configuration.get("provider_config"), facts, violations);
    match configuration.get("root_module") {
        Some(Value::Object(root)) => root_module(root, facts, module, violations),
        _ => violations.push(Violation::configuration("configuration", "it has no root module")),
    }
}

fn providers(value: Option<&Value>, facts: &Facts, violations: &mut Vec<Violation>) {
    let Some(Value::Object(providers)) = value else {
        return violations.push(Violation::configuration("configuration", "it names no provider"));
    };
    if !providers.contains_key(facts.config_key) {
        violations
            .push(Violation::configuration("configuration", format!("the provider {} is missing", facts.config_key)));
    }
    for (key, provider) in providers {
        let place = format!("provider {key}");
        if key != facts.config_key {
            violations.push(Violation::configuration(place, "this provider is not the module's"));
            continue;
        }
        let text = |name| provider.get(name).and_then(Value::as_str);
        if !text("full_name").is_some_and(|name| facts.full_names.contains(&name)) {
            violations
                .push(Violation::configuration(&place, "it does not come from where the module's provider comes from"));
        }
        let known = ["name", "full_name", "version_constraint", "expressions"];
        for key in provider.as_object().into_iter().flat_map(Map::keys).filter(|key| !known.contains(&key.as_str())) {
            violations.push(Violation::configuration(&place, format!("its configuration has `{key}`")));
        }
        match provider.get("expressions") {
            None => {}
            Some(Value::Object(expressions)) => {
                for key in expressions.keys().filter(|key| !facts.configuration.contains(&key.as_str())) {
                    violations.push(Violation::configuration(&place, format!("its configuration sets `{key}`")));
                }
            }
            Some(_) => violations.push(Violation::configuration(&place, "its configuration cannot be read")),
        }
    }
}

fn root_module(root: &Map<String, Value>, facts: &Facts, module: &ModuleShape, violations: &mut Vec<Violation>) {
    for (key, value) in root.iter().filter(|(key, _)| !ROOT_KEYS.contains(&key.as_str())) {
        let names = match value {
            Value::Object(map) => map.keys().cloned().collect::<Vec<_>>().join(", "),
            _ => String::new(),
        };
        violations.push(Violation::configuration(
            "configuration",
            format!("it has `{key}`, of which the module has none{}{names}", if names.is_empty() { "" } else { ": " }),
        ));
    }
    let resources = match root.get("resources") {
        Some(Value::Array(resources)) => resources.as_slice(),
        None => &[],
        Some(_) => return violations.push(Violation::configuration("configuration", "its resources are not a list")),
    };
    let mut missing: Vec<&String> = module.resources.keys().collect();
    for resource in resources {
        let address = resource.get("address").and_then(Value::as_str).unwrap_or("a resource without address");
        let Some(shape) = module.resources.get(address) else {
            violations.push(Violation::configuration(address, "the module has no such resource"));
            continue;
        };
        let before = missing.len();
        missing.retain(|name| *name != address);
        if missing.len() == before {
            violations.push(Violation::configuration(address, "it is in the configuration twice"));
        }
        for reason in resource_reasons(resource, address, facts, shape) {
            violations.push(Violation::configuration(address, reason));
        }
    }
    for name in missing {
        violations
            .push(Violation::configuration(name, "the module has this resource, the plan's configuration does not"));
    }
}

fn resource_reasons(resource: &Value, address: &str, facts: &Facts, shape: &ResourceShape) -> Vec<String> {
    let mut reasons = Vec::new();
    let text = |name| resource.get(name).and_then(Value::as_str).unwrap_or_default();
    for key in resource.as_object().into_iter().flat_map(Map::keys).filter(|key| !RESOURCE_KEYS.contains(&key.as_str()))
    {
        reasons.push(format!("its configuration has an unknown part `{key}`"));
    }
    if text("mode") != "managed" {
        reasons.push("it is not a managed resource".into());
    }
    if format!("{}.{}", text("type"), text("name")) != address {
        reasons.push("its type and name do not make its address".into());
    }
    if text("provider_config_key") != facts.config_key {
        reasons.push("it uses another provider configuration".into());
    }
    let (count, each) = (resource.get("count_expression"), resource.get("for_each_expression"));
    let repeats_so = match &shape.repeat {
        Repeat::One => count.is_none() && each.is_none(),
        Repeat::Count => count.is_some() && each.is_none(),
        Repeat::ForEach(over) => {
            count.is_none() && each.is_some_and(|each| over.as_ref().is_none_or(|over| refers_to(each, over)))
        }
    };
    if !repeats_so {
        reasons.push("its instances are not made as in the module (`count`, `for_each`)".into());
    }
    let provisioners = match resource.get("provisioners") {
        None => &[],
        Some(Value::Array(list)) => list.as_slice(),
        Some(_) => return vec!["its provisioners cannot be read".into()],
    };
    let same = provisioners.len() == shape.provisioners.len()
        && provisioners.iter().zip(&shape.provisioners).all(|(found, wanted)| same_provisioner(found, wanted));
    if !same {
        reasons.push("it runs programs (provisioners) that are not the module's".into());
    }
    reasons
}

/// Whether an expression is nothing but the reference `wanted`: Terraform lists it, then what it is a part of.
fn refers_to(expression: &Value, wanted: &str) -> bool {
    let Some(references) = expression.get("references").and_then(Value::as_array) else { return false };
    references.first().and_then(Value::as_str) == Some(wanted)
        && references.iter().all(|reference| {
            reference.as_str().is_some_and(|text| {
                wanted.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        })
}

/// A plan shows a provisioner's constant command and what its environment refers to, not when it runs.
fn same_provisioner(found: &Value, wanted: &Provisioner) -> bool {
    let Some(expressions) = found.get("expressions").and_then(Value::as_object) else { return false };
    found.as_object().is_some_and(|found| found.keys().all(|key| key == "type" || key == "expressions"))
        && found.get("type").and_then(Value::as_str) == Some(wanted.kind.as_str())
        && expressions.keys().all(|key| key == "command" || key == "environment")
        && expressions.get("command") == Some(&serde_json::json!({ "constant_value": wanted.command }))
        && expressions.get("environment").and_then(Value::as_object).is_some_and(|environment| {
            environment.len() == 1
                && environment.get("references").and_then(Value::as_array).is_some_and(|references| {
                    references
                        .iter()
                        .all(|name| name.as_str().is_some_and(|name| name == "self" || name.starts_with("self.")))
                })
        })
}
