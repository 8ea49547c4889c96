//! Terraform's plan of a stack, for questions about it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

pub struct Planned(Value);

/// Who may come in or go out by addresses: the rule's resource address, the addresses, protocol, first and last port.
pub type Open = (String, String, String, Option<u64>, Option<u64>);

impl Planned {
    pub fn new(plan: Value) -> Planned {
        assert_eq!(plan["errored"], false, "{plan}");
        Planned(plan)
    }

    /// Address and planned values of every resource of a type.
    pub fn all(&self, kind: &str) -> Vec<(&str, &Value)> {
        let changes = self.0["resource_changes"].as_array().expect("changes");
        let mine = changes.iter().filter(|change| change["type"] == kind);
        mine.map(|change| (change["address"].as_str().expect("an address"), &change["change"]["after"])).collect()
    }

    /// Every resource that is made, with its type.
    pub fn everything(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.0["resource_changes"].as_array().expect("changes").iter().map(|change| {
            assert_eq!(change["change"]["actions"], serde_json::json!(["create"]), "{change}");
            let text = |key: &str| change[key].as_str().expect("a text");
            (text("type"), text("address"), &change["change"]["after"])
        })
    }

    /// The key of every resource `kind.name[key]`, with those of its arguments that will have a value.
    pub fn set(&self, kind: &str, name: &str) -> Vec<(&str, BTreeSet<&str>)> {
        let changes = self.0["resource_changes"].as_array().expect("changes");
        let mine = changes.iter().filter(|change| change["type"] == kind && change["name"] == name);
        mine.map(|change| {
            let (after, unknown) = (&change["change"]["after"], &change["change"]["after_unknown"]);
            let arguments = self.expressions(kind, name).keys().map(String::as_str);
            let set = arguments.filter(|argument| !after[argument].is_null() || unknown[argument] == true);
            (change["index"].as_str().expect("a key"), set.collect())
        })
        .collect()
    }

    /// What an argument of a resource refers to: values that are known only once it is made.
    pub fn references(&self, kind: &str, name: &str, argument: &str) -> BTreeSet<&str> {
        let references = self.expressions(kind, name)[argument]["references"].as_array();
        let references = references.unwrap_or_else(|| panic!("{kind}.{name}: {argument} refers to nothing"));
        references.iter().map(|reference| reference.as_str().expect("a reference")).collect()
    }

    /// Argument → how the module writes it.
    fn expressions(&self, kind: &str, name: &str) -> &Map<String, Value> {
        let resources = self.0["configuration"]["root_module"]["resources"].as_array().expect("resources");
        let found = resources.iter().find(|one| one["type"] == kind && one["name"] == name);
        let found = found.unwrap_or_else(|| panic!("there is no {kind}.{name}"));
        found["expressions"].as_object().expect("arguments")
    }

    /// Every rule that names addresses, in one direction.
    pub fn open(&self, direction: &str) -> BTreeSet<Open> {
        let rules = self.all(&format!("aws_vpc_security_group_{direction}_rule"));
        let named = rules.into_iter().filter(|(_, rule)| {
            assert!(rule["cidr_ipv6"].is_null() && rule["prefix_list_id"].is_null(), "{rule}");
            !rule["cidr_ipv4"].is_null()
        });
        let port = |value: &Value| value.as_u64();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        named
            .map(|(address, rule)| {
                let (first, last) = (port(&rule["from_port"]), port(&rule["to_port"]));
                (address.to_owned(), text(&rule["cidr_ipv4"]), text(&rule["ip_protocol"]), first, last)
            })
            .collect()
    }
}
