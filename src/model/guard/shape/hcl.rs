//! The shape of a module as its HCL says it, before any Terraform reads it.

use std::collections::BTreeMap;

use ::hcl::expr::{Expression, ObjectKey, Traversal, TraversalOperator};
use ::hcl::structure::{Block, Body, Structure};

use super::files::{Role, role};
use super::{Facts, ModuleShape, Provisioner, Repeat, ResourceShape};
use crate::model::guard::violation::Violation;

/// What a resource's `lifecycle` may say. Not `action_trigger` (Terraform) and not `destroy`, `enabled` (OpenTofu).
const LIFECYCLE: [&str; 6] = [
    "create_before_destroy",
    "ignore_changes",
    "postcondition",
    "precondition",
    "prevent_destroy",
    "replace_triggered_by",
];

/// Reads a module's files, path below the module's folder → content. Everything that could do more than the resources
/// of a shape is refused: other blocks, other providers, logins, connections, and files that Terraform would read beside
/// `*.tf` (JSON syntax, OpenTofu's own syntax, overrides, values, a lock file, a state).
pub fn of_hcl(facts: &Facts, files: &BTreeMap<String, Vec<u8>>) -> Result<ModuleShape, Vec<Violation>> {
    let mut reader = Reader { facts, shape: ModuleShape::default(), violations: Vec::new() };
    for (path, bytes) in files {
        reader.file(path, bytes);
    }
    if reader.violations.is_empty() { Ok(reader.shape) } else { Err(reader.violations) }
}

struct Reader<'a> {
    facts: &'a Facts,
    shape: ModuleShape,
    violations: Vec<Violation>,
}

impl Reader<'_> {
    fn refuse(&mut self, place: impl Into<String>, reason: impl Into<String>) {
        self.violations.push(Violation::configuration(place, reason));
    }

    fn file(&mut self, path: &str, bytes: &[u8]) {
        match role(path) {
            Role::Module => {}
            Role::Other => return,
            Role::Foreign(why) => return self.refuse(path, why),
        }
        let body = std::str::from_utf8(bytes)
            .map_err(|_| "it is not UTF-8".to_owned())
            .and_then(|text| ::hcl::parse(text).map_err(|error| format!("it is not valid HCL: {error}")));
        match body {
            Ok(body) => self.module_body(path, &body),
            Err(why) => self.refuse(path, why),
        }
    }

    fn module_body(&mut self, path: &str, body: &Body) {
        for structure in body.iter() {
            let block = match structure {
                Structure::Block(block) => block,
                Structure::Attribute(attribute) => {
                    self.refuse(path, format!("the attribute `{}` stands outside of any block", attribute.key()));
                    continue;
                }
            };
            match block.identifier() {
                "variable" | "locals" | "output" => {}
                "terraform" => self.terraform(path, block),
                "resource" => self.resource(path, block),
                other => self.refuse(path, format!("a block `{other}` has no place in a module of scaler")),
            }
        }
    }

    /// Only which versions and which providers: no backend, no encryption, no experiments.
    fn terraform(&mut self, path: &str, block: &Block) {
        for structure in block.body().iter() {
            match structure {
                Structure::Attribute(attribute) if attribute.key() == "required_version" => {}
                Structure::Block(inner) if inner.identifier() == "required_providers" => self.providers(path, inner),
                Structure::Attribute(attribute) => {
                    self.refuse(path, format!("`terraform` must not set `{}`", attribute.key()));
                }
                Structure::Block(inner) => {
                    self.refuse(path, format!("`terraform` must not have a block `{}`", inner.identifier()));
                }
            }
        }
    }

    fn providers(&mut self, path: &str, block: &Block) {
        for structure in block.body().iter() {
            let Structure::Attribute(attribute) = structure else {
                self.refuse(path, "`required_providers` must not have blocks");
                continue;
            };
            let name = attribute.key();
            let Expression::Object(object) = attribute.expr() else {
                self.refuse(path, format!("the required provider `{name}` must say its source"));
                continue;
            };
            if name != self.facts.config_key {
                self.refuse(path, format!("the provider `{name}` is not the one of this module"));
            }
            let mut source = None;
            for (key, value) in object {
                match (key_text(key).as_deref(), value) {
                    (Some("source"), Expression::String(value)) => source = Some(value.as_str()),
                    (Some("version"), Expression::String(_)) => {}
                    _ => self.refuse(path, format!("the required provider `{name}` says more than source and version")),
                }
            }
            if !source.is_some_and(|source| self.facts.sources.contains(&source)) {
                self.refuse(
                    path,
                    format!("the provider `{name}` does not come from {}", self.facts.sources.join(" or ")),
                );
            }
        }
    }

    fn resource(&mut self, path: &str, block: &Block) {
        let [kind, name] = block.labels() else {
            return self.refuse(path, "a resource must have a type and a name");
        };
        let address = format!("{}.{}", kind.as_str(), name.as_str());
        let mut shape = ResourceShape { repeat: Repeat::One, provisioners: Vec::new() };
        for structure in block.body().iter() {
            match structure {
                Structure::Attribute(attribute) => match attribute.key() {
                    "count" => shape.repeat = Repeat::Count,
                    "for_each" => shape.repeat = Repeat::ForEach(plain_reference(attribute.expr())),
                    "provider" => self.refuse(&address, "it names a provider configuration of its own"),
                    _ => {}
                },
                Structure::Block(inner) => match inner.identifier() {
                    "connection" => self.refuse(&address, "it has a connection"),
                    "lifecycle" => self.lifecycle(&address, inner),
                    "provisioner" => match provisioner(inner) {
                        Ok(provisioner) => shape.provisioners.push(provisioner),
                        Err(why) => self.refuse(&address, why),
                    },
                    _ => {}
                },
            }
        }
        if self.shape.resources.insert(address.clone(), shape).is_some() {
            self.refuse(address, "it is there twice");
        }
    }

    fn lifecycle(&mut self, address: &str, block: &Block) {
        for structure in block.body().iter() {
            let name = match structure {
                Structure::Attribute(attribute) => attribute.key(),
                Structure::Block(block) => block.identifier(),
            };
            if !LIFECYCLE.contains(&name) {
                self.refuse(address, format!("its lifecycle must not have `{name}`"));
            }
        }
    }
}

fn provisioner(block: &Block) -> Result<Provisioner, String> {
    let [kind] = block.labels() else { return Err("a provisioner must have a type".into()) };
    let mut found = Provisioner {
        kind: kind.as_str().to_owned(),
        on_destroy: false,
        command: String::new(),
        environment: BTreeMap::new(),
    };
    for structure in block.body().iter() {
        let Structure::Attribute(attribute) = structure else { return Err("its provisioner has a block".into()) };
        match (attribute.key(), attribute.expr()) {
            ("command", Expression::String(command)) => found.command.clone_from(command),
            ("command", _) => return Err("its provisioner's command is not constant".into()),
            ("when", Expression::Variable(when)) if when.as_str() == "destroy" => found.on_destroy = true,
            ("environment", Expression::Object(values)) => {
                for (key, value) in values {
                    let name = key_text(key).ok_or("a name in its provisioner's environment is not constant")?;
                    let text = ::hcl::format::to_string(value).map_err(|error| error.to_string())?;
                    found.environment.insert(name, text.split_whitespace().collect::<Vec<_>>().join(" "));
                }
            }
            (other, _) => return Err(format!("its provisioner must not set `{other}` so")),
        }
    }
    Ok(found)
}

fn key_text(key: &ObjectKey) -> Option<String> {
    match key {
        ObjectKey::Identifier(name) => Some(name.to_string()),
        ObjectKey::Expression(Expression::String(name)) => Some(name.clone()),
        _ => None,
    }
}

/// `a.b.c` as text; None for any other expression.
fn plain_reference(expression: &Expression) -> Option<String> {
    let Expression::Traversal(traversal) = expression else { return None };
    let Traversal { expr: Expression::Variable(root), operators } = traversal.as_ref() else { return None };
    let mut text = root.to_string();
    for operator in operators {
        let TraversalOperator::GetAttr(name) = operator else { return None };
        text.push('.');
        text.push_str(name);
    }
    Some(text)
}

#[cfg(test)]
mod tests;
