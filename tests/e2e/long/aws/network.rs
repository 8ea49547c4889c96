//! Who may talk to whom in the network that was really made, and what its control plane was told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::cluster::{Aws, REGION};

/// To whom, from whom, protocol, first and last port.
type Rule = (String, String, String, i64, i64);

fn rule(to: &str, from: &str, protocol: &str, first: i64, last: i64) -> Rule {
    (to.to_owned(), from.to_owned(), protocol.to_owned(), first, last)
}

impl Aws {
    /// The rules of terraform/README.md, chapter "Ports", and no other.
    #[track_caller]
    pub fn assert_network_is_closed(&self) {
        let admin = "203.0.113.7/32";
        let (plane, node) = ("control-plane", "node");
        let mut expected = BTreeSet::new();
        for group in [plane, node] {
            expected.insert(rule(plane, group, "tcp", 6443, 6443));
            expected.insert(rule("api-nodes", group, "tcp", 6443, 6443));
            expected.insert(rule(group, admin, "tcp", 22, 22));
            for from in [plane, node] {
                expected.insert(rule(group, from, "tcp", 10250, 10250));
                expected.insert(rule(group, from, "udp", 8472, 8472));
                expected.insert(rule(group, from, "udp", 4789, 4789));
            }
        }
        for balancer in ["api-nodes", "api-admins"] {
            expected.insert(rule(balancer, admin, "tcp", 6443, 6443));
            expected.insert(rule(plane, balancer, "tcp", 6443, 6443));
        }
        expected.insert(rule(plane, plane, "tcp", 2379, 2380));
        expected.insert(rule(node, node, "tcp", 30000, 32767));
        expected.insert(rule(node, node, "udp", 30000, 32767));
        assert_eq!(self.ingress(), expected);
    }

    /// From the state of the foundation, where every group has its id.
    fn ingress(&self) -> BTreeSet<Rule> {
        let state = self.object("terraform/foundation.tfstate").expect("a state");
        let state: Value = serde_json::from_str(&state).expect("a state is JSON");
        let of = |kind: &str| -> Vec<Value> {
            let resources = state["resources"].as_array().expect("resources").iter();
            let mine = resources.filter(|resource| resource["type"] == kind);
            mine.flat_map(|resource| resource["instances"].as_array().expect("instances"))
                .map(|instance| instance["attributes"].clone())
                .collect()
        };
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let prefix = format!("scaler-{}-", self.cluster);
        let name = |group: &Value| text(&group["name"]).strip_prefix(&prefix).expect("a group of ours").to_owned();
        let groups: BTreeMap<String, String> =
            of("aws_security_group").iter().map(|group| (text(&group["id"]), name(group))).collect();
        let rules = of("aws_vpc_security_group_ingress_rule");
        rules
            .iter()
            .map(|rule| {
                let from = match &rule["referenced_security_group_id"] {
                    Value::Null => text(&rule["cidr_ipv4"]),
                    group => groups[group.as_str().expect("an id")].clone(),
                };
                let port = |key: &str| rule[key].as_i64().expect("a port");
                let to = groups[rule["security_group_id"].as_str().expect("an id")].clone();
                (to, from, text(&rule["ip_protocol"]), port("from_port"), port("to_port"))
            })
            .collect()
    }

    /// The control plane resolves the name that the nodes use for the API to itself.
    #[track_caller]
    pub fn assert_endpoint_leads_home(&self, control_plane: &str) {
        let params =
            [("Action", "DescribeInstanceAttribute"), ("InstanceId", control_plane), ("Attribute", "userData")];
        let answer = self.moto.call(REGION, "ec2", &params);
        let encoded = answer.split("<value>").nth(1).and_then(|rest| rest.split("</value>").next());
        let user_data = decoded(encoded.expect("it has user-data"));
        let config = user_data.strip_prefix("#cloud-config\n").expect("cloud-init's form");
        let config: Value = serde_json::from_str(config).expect("JSON, which is YAML");
        let balancers = self.moto.call(REGION, "elasticloadbalancing", &[("Action", "DescribeLoadBalancers")]);
        let inner = balancers.split("<DNSName>").skip(1).filter_map(|rest| rest.split("</DNSName>").next());
        let inner = inner.filter(|name| name.starts_with("internal-") || name.contains("-n-")).collect::<Vec<_>>();
        let command = &config["bootcmd"][0];
        assert!(command[2].as_str().is_some_and(|script| script.contains("'127.0.0.1 %s")), "{command}");
        assert!(inner.iter().any(|name| command[4] == **name), "{command} names none of {inner:?}");
    }
}

/// From base64 (RFC 4648).
fn decoded(text: &str) -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut bytes) = (0u32, 0, Vec::new());
    for letter in text.bytes().filter(|letter| *letter != b'=' && !letter.is_ascii_whitespace()) {
        let digit = digits.iter().position(|known| *known == letter).expect("base64");
        bits = bits << 6 | u32::try_from(digit).expect("six bits");
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).expect("eight bits"));
        }
    }
    String::from_utf8(bytes).expect("text")
}
