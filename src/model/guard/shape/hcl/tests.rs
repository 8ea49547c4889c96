//! Modules as text, let through and refused.

use super::super::{facts, sandbox};
use super::*;
use crate::model::guard::check_module;
use crate::model::names::StackId;
use crate::model::provider::Provider;

const SANDBOX: &str = include_str!("../../../../../terraform/sandbox/pool/main.tf");

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
        ("    when    = destroy", "    interpreter = [\"sh\"]\n    when    = destroy", "must not set `interpreter`"),
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
