//! Accepted plans, each changed in one place.

use serde_json::{Value, json};

use super::{AWS, change, entry, operation, refused, sandbox};
use crate::model::provider::Provider;

/// One change of an accepted plan, and what the refusal must say.
type Tampering = (&'static str, fn(&mut Value), &'static str);

#[test]
fn every_departure_is_refused_with_its_address_and_reason() {
    let cases: [Tampering; 35] = [
        (
            "machine type in place",
            |p| change(p, 1)["after"]["input"]["machine"]["machine"] = json!("big"),
            "workers-1\"] (update): it would change input.machine.machine,",
        ),
        (
            "unknown after apply",
            |p| change(p, 1)["after_unknown"]["input"]["disk"] = json!(true),
            "would change input.disk,",
        ),
        (
            "replace",
            |p| change(p, 1)["actions"] = json!(["delete", "create"]),
            "workers-1\"] (delete, create): it would be destroyed and made anew",
        ),
        (
            "replace, the other order",
            |p| change(p, 1)["actions"] = json!(["create", "delete"]),
            "no operation replaces",
        ),
        ("forget", |p| change(p, 2)["actions"] = json!(["forget"]), "would forget it"),
        ("replace by forgetting", |p| change(p, 2)["actions"] = json!(["create", "forget"]), "would forget it"),
        ("read", |p| change(p, 2)["actions"] = json!(["read"]), "no data sources"),
        ("new action", |p| change(p, 2)["actions"] = json!(["evaporate"]), "does not know this action"),
        ("no action", |p| change(p, 2)["actions"] = json!([]), "does not say what"),
        (
            "a create of what is there",
            |p| change(p, 4)["before"] = json!({"id": "x"}),
            "workers-4\"] (create): it is not the creation of something new",
        ),
        (
            "a delete of what stays",
            |p| change(p, 2)["after"] = json!({"id": "x"}),
            "workers-2\"] (delete): it is not the removal of something that is there",
        ),
        ("import", |p| change(p, 4)["importing"] = json!({"id": "x"}), "would import it"),
        ("move", |p| entry(p, 1)["previous_address"] = json!("terraform_data.node[\"x\"]"), "would move it"),
        ("deposed", |p| entry(p, 2)["deposed"] = json!("0123abcd"), "deposed"),
        ("other module", |p| entry(p, 2)["module_address"] = json!("module.x"), "another module"),
        ("data source", |p| entry(p, 2)["mode"] = json!("data"), "not a managed resource"),
        ("other provider", |p| entry(p, 2)["provider_name"] = json!("example.org/evil/terraform"), "another provider"),
        (
            "other machine goes",
            |p| change(p, 2)["before"]["id"] = json!("another"),
            "workers-2\"] (delete): Terraform's state has another machine",
        ),
        (
            "machine without id",
            |p| drop(change(p, 2)["before"].as_object_mut().unwrap().remove("id")),
            "does not say which machine",
        ),
        (
            "neighbour goes",
            |p| {
                let c = change(p, 1);
                c["actions"] = json!(["delete"]);
                c["after"] = json!(null)
            },
            "workers-1\"] (delete): the operation does not remove this",
        ),
        (
            "lost from the state",
            |p| {
                let c = change(p, 3);
                c["actions"] = json!(["create"]);
                c["before"] = json!(null)
            },
            "workers-3\"] (create): the operation does not make this. If the record knows it",
        ),
        (
            "the removal is missing",
            |p| p["resource_changes"].as_array_mut().unwrap().retain(|c| c["index"] != "demo-workers-2"),
            "workers-2\"] (delete): the operation needs this",
        ),
        (
            "twice",
            |p| {
                let e = entry(p, 2).clone();
                p["resource_changes"].as_array_mut().unwrap().push(e)
            },
            "names this address twice",
        ),
        (
            "address of another",
            |p| entry(p, 2)["address"] = json!("terraform_data.node[\"demo-workers-9\"]"),
            "do not make its address",
        ),
        ("a no-op that changes", |p| change(p, 1)["actions"] = json!(["no-op"]), "yet it would not"),
        ("errored", |p| p["errored"] = json!(true), "plan: Terraform met errors"),
        ("incomplete", |p| p["complete"] = json!(false), "not complete"),
        ("not applyable", |p| p["applyable"] = json!(false), "cannot be applied"),
        ("deferred", |p| p["deferred_changes"] = json!([{}]), "later plan"),
        ("action", |p| p["action_invocations"] = json!([{}]), "invokes provider actions"),
        ("format", |p| p["format_version"] = json!("2.0"), "not 1.x"),
        ("check", |p| p["checks"][0]["status"] = json!("fail"), "terraform_data.node: a condition"),
        ("check block", |p| p["checks"][0]["address"]["kind"] = json!("check"), "no such check"),
        ("unknown part", |p| p["surprises"] = json!([]), "a part `surprises`"),
        ("unknown part of a change", |p| change(p, 1)["surprise"] = json!(1), "unknown part `surprise`"),
    ];
    for (name, tamper, expected_text) in cases {
        let (mut plan, expected) = sandbox();
        tamper(&mut plan);
        let text = refused(&plan, &expected);
        assert!(text.contains(expected_text), "{name}: {text}");
    }
}

#[test]
fn a_configuration_that_is_not_the_modules_is_refused() {
    fn resource(plan: &mut Value) -> &mut Value {
        &mut plan["configuration"]["root_module"]["resources"][0]
    }
    let cases: [Tampering; 16] = [
        ("none", |p| drop(p.as_object_mut().unwrap().remove("configuration")), "does not show its configuration"),
        (
            "module call",
            |p| p["configuration"]["root_module"]["module_calls"] = json!({"evil": {}}),
            "`module_calls`, of which the module has none: evil",
        ),
        ("actions", |p| p["configuration"]["root_module"]["actions"] = json!([{}]), "`actions`"),
        (
            "data source",
            |p| {
                let mut data = json!({"address": "data.http.x", "mode": "data", "type": "http", "name": "x"});
                p["configuration"]["root_module"]["resources"].as_array_mut().unwrap().push(data.take())
            },
            "data.http.x: the module has no such resource",
        ),
        (
            "missing resource",
            |p| p["configuration"]["root_module"]["resources"] = json!([]),
            "terraform_data.node: the module has this resource",
        ),
        (
            "twice",
            |p| {
                let r = resource(p).clone();
                p["configuration"]["root_module"]["resources"].as_array_mut().unwrap().push(r)
            },
            "twice",
        ),
        (
            "provisioner added",
            |p| {
                let r = resource(p)["provisioners"][0].clone();
                resource(p)["provisioners"].as_array_mut().unwrap().push(r)
            },
            "runs programs",
        ),
        ("provisioners swapped", |p| resource(p)["provisioners"].as_array_mut().unwrap().reverse(), "runs programs"),
        (
            "command",
            |p| resource(p)["provisioners"][0]["expressions"]["command"]["constant_value"] = json!("rm -rf /"),
            "runs programs",
        ),
        (
            "command from a value",
            |p| resource(p)["provisioners"][0]["expressions"]["command"] = json!({"references": ["self.input"]}),
            "runs programs",
        ),
        (
            "interpreter",
            |p| resource(p)["provisioners"][0]["expressions"]["interpreter"] = json!({"constant_value": ["sh"]}),
            "runs programs",
        ),
        (
            "environment",
            |p| resource(p)["provisioners"][0]["expressions"]["environment"]["references"][0] = json!("var.x"),
            "runs programs",
        ),
        (
            "repetition",
            |p| resource(p)["for_each_expression"]["references"] = json!(["var.other"]),
            "instances are not made",
        ),
        (
            "provider of its own",
            |p| resource(p)["provider_config_key"] = json!("terraform.x"),
            "another provider configuration",
        ),
        (
            "second provider",
            |p| p["configuration"]["provider_config"]["http"] = json!({"name": "http"}),
            "provider http: this provider is not",
        ),
        (
            "provider from elsewhere",
            |p| p["configuration"]["provider_config"]["terraform"]["full_name"] = json!("example.org/x/terraform"),
            "come from",
        ),
    ];
    for (name, tamper, expected_text) in cases {
        let (mut plan, expected) = sandbox();
        tamper(&mut plan);
        let text = refused(&plan, &expected);
        assert!(text.contains(expected_text), "{name}: {text}");
    }
    let mut plan = AWS.clone();
    plan["configuration"]["provider_config"]["aws"]["expressions"]["assume_role"] = json!([{}]);
    assert!(refused(&plan, &operation(Provider::Aws, &AWS)).contains("sets `assume_role`"));
}
