//! The shape of a module as its HCL says it, before any Terraform reads it.

use std::collections::BTreeMap;

use ::hcl::expr::{Expression, ObjectKey, Traversal, TraversalOperator};
use ::hcl::structure::{Block, Body, Structure};

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

/// What a file in a module's folder is to Terraform.
enum Role {
    Module,
    Other,
    Foreign(&'static str),
}

fn role(path: &str) -> Role {
    let name = path.rsplit('/').next().unwrap_or(path);
    if path.split('/').any(|part| part.starts_with(".terraform")) {
        Role::Foreign("it is Terraform's own working file: the recorded one is used")
    } else if path.contains('/') {
        // Terraform reads no folder below a module's own, except for a module call, which is refused.
        Role::Other
    } else if name.ends_with(".tf.json") || name.ends_with(".tofu") || name.ends_with(".tofu.json") {
        Role::Foreign(
            "modules are written in the native syntax, in files `*.tf`: this one is not read against the list",
        )
    } else if name == "override.tf" || name.ends_with("_override.tf") {
        Role::Foreign("an override changes what other files say")
    } else if name.ends_with(".tfvars") || name.ends_with(".tfvars.json") {
        Role::Foreign("values come from scaler alone")
    } else if name.ends_with(".tfstate") {
        Role::Foreign("a state has no place beside a module")
    } else if name.ends_with(".tf") {
        Role::Module
    } else {
        Role::Other
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
mod tests {
    use super::super::{facts, sandbox};
    use super::*;
    use crate::model::guard::check_module;
    use crate::model::names::StackId;
    use crate::model::provider::Provider;

    const SANDBOX: &str = include_str!("../../../../terraform/sandbox/pool/main.tf");

    fn files(list: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        list.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    /// The sandbox's pool with one file more, or with its main file changed.
    fn verdict(list: &[(&str, &str)]) -> String {
        let mut module = files(&[("main.tf", SANDBOX)]);
        module.extend(files(list));
        let pool = StackId::Pool("w".into());
        match check_module(Provider::Sandbox, &pool, &module) {
            Ok(()) => "allowed".into(),
            Err(violations) => violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        }
    }

    #[test]
    fn reads_repetition_and_provisioners() {
        let facts = facts(Provider::Sandbox).unwrap();
        assert_eq!(of_hcl(facts, &files(&[("main.tf", SANDBOX)])), Ok(sandbox::pool()));
        let text = "resource \"a\" \"b\" {\n count = 2\n}\nresource \"a\" \"c\" {\n for_each = toset(var.x)\n}\nresource \"a\" \"d\" {}\n";
        let shape = of_hcl(facts, &files(&[("x.tf", text)])).unwrap();
        let repeats: Vec<_> = shape.resources.values().map(|resource| &resource.repeat).collect();
        assert_eq!(repeats, [&Repeat::Count, &Repeat::ForEach(None), &Repeat::One]);
    }

    #[test]
    fn what_a_module_may_not_have_is_refused() {
        let cases = [
            ("x.tf", "data \"http\" \"x\" {}", "a block `data`"),
            ("x.tf", "module \"x\" { source = \"./x\" }", "a block `module`"),
            ("x.tf", "provider \"aws\" {}", "a block `provider`"),
            ("x.tf", "import { to = terraform_data.node[\"a\"] }", "a block `import`"),
            ("x.tf", "moved { from = a.b }", "a block `moved`"),
            ("x.tf", "removed { from = a.b }", "a block `removed`"),
            ("x.tf", "check \"x\" {}", "a block `check`"),
            ("x.tf", "ephemeral \"x\" \"y\" {}", "a block `ephemeral`"),
            ("x.tf", "action \"x\" \"y\" {}", "a block `action`"),
            ("x.tf", "terraform {\n backend \"s3\" {}\n}", "a block `backend`"),
            ("x.tf", "terraform {\n encryption {}\n}", "a block `encryption`"),
            ("x.tf", "terraform {\n cloud {}\n}", "a block `cloud`"),
            (
                "x.tf",
                "terraform {\n required_providers {\n http = { source = \"hashicorp/http\" }\n }\n}",
                "provider `http` is not",
            ),
            (
                "x.tf",
                "terraform {\n required_providers {\n terraform = { source = \"evil/terraform\" }\n }\n}",
                "does not come from",
            ),
            ("x.tf", "resource \"terraform_data\" \"x\" {}", "terraform_data.x: scaler's module has no such resource"),
            ("x.tf", "resource \"terraform_data\" \"node\" {}", "terraform_data.node: it is there twice"),
            ("x.tf", "a = 1", "stands outside of any block"),
            ("x.tf", "resource {", "not valid HCL"),
            ("x.tf.json", "{}", "native syntax"),
            ("x.tofu", "", "native syntax"),
            ("override.tf", "", "an override"),
            ("main_override.tf", "", "an override"),
            ("x.auto.tfvars", "", "values come from scaler"),
            (".terraform.lock.hcl", "", "working file"),
            (".terraform/modules/x/main.tf", "", "working file"),
            ("terraform.tfstate", "", "a state"),
        ];
        for (path, text, reason) in cases {
            let verdict = verdict(&[(path, text)]);
            assert!(verdict.contains(reason), "{path} {text}: {verdict}");
        }
        assert_eq!(
            verdict(&[("README.md", "# x"), ("files/x.tf", "data \"a\" \"b\" {}"), ("x.tf", "locals {\n a = 1\n}")]),
            "allowed"
        );
    }

    #[test]
    fn a_changed_machine_of_the_sandbox_is_refused() {
        let cases = [
            ("for_each = var.nodes", "for_each = var.pool", "are not made as"),
            ("for_each = var.nodes", "count = 1", "are not made as"),
            ("when    = destroy", "when    = create", "must not set `when`"),
            ("when    = destroy", "", "runs programs"),
            ("command = \": >", "command = \"rm -rf / ; : >", "runs programs"),
            ("command = \": >", "command = \"${self.id}", "command is not constant"),
            ("SCALER_ID       = self.id", "PATH = self.id", "runs programs"),
            ("SCALER_ID       = self.id", "SCALER_ID = var.pool", "runs programs"),
            (
                "    when    = destroy",
                "    interpreter = [\"sh\"]\n    when    = destroy",
                "must not set `interpreter`",
            ),
            ("    when    = destroy", "    connection {}\n    when    = destroy", "has a block"),
            ("  lifecycle {", "  connection {}\n  lifecycle {", "a connection"),
            ("  lifecycle {", "  provider = aws.x\n  lifecycle {", "configuration of its own"),
            ("  lifecycle {", "  lifecycle {\n    action_trigger {}\n", "must not have `action_trigger`"),
            ("provisioner \"local-exec\"", "provisioner \"remote-exec\"", "runs programs"),
        ];
        for (from, to, reason) in cases {
            assert!(SANDBOX.contains(from), "{from}");
            let verdict = verdict(&[("main.tf", &SANDBOX.replace(from, to))]);
            assert!(verdict.contains(reason), "{from} -> {to}: {verdict}");
        }
    }
}
