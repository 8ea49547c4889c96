//! Terraform's own plan of the foundation, and of a pool: who may talk to whom, which way leads out, and what machines
//! are made like.

use std::collections::BTreeSet;

use scaler_lab::Moto;
use serde_json::json;

use super::folder::{Rendered, starter};
use super::planned::{Open, Planned};
use super::routes;

const ADMIN: &str = "203.0.113.7/32";
const ANYWHERE: &str = "0.0.0.0/0";

/// Resources that AWS gives no tags.
const WITHOUT_TAGS: [&str; 3] = ["aws_lb_target_group_attachment", "aws_route", "aws_route_table_association"];

fn rendered(moto: &Moto, sets: &[&str]) -> Rendered {
    let url = moto.url();
    let services = ["ec2", "elbv2", "sts", "iam", "s3"].map(|service| format!("{service}: \"{url}\""));
    let endpoints = format!("aws.endpoints={{{}}}", services.join(", "));
    let allow = "network.allow=[{port: 443, from: 0.0.0.0/0}, {port: 51820, protocol: udp, from: 198.51.100.0/24}]";
    let everywhere = [&endpoints, allow, "tags={team: platform}", "controlPlane.count=3"];
    Rendered::of(&starter(), &[&everywhere[..], sets].concat())
}

fn rule(name: &str, key: &str, from: &str, protocol: &str, port: Option<u64>) -> Open {
    let direction = if port.is_some() { "ingress" } else { "egress" };
    let address = format!("aws_vpc_security_group_{direction}_rule.{name}[\"{key}\"]");
    (address, from.to_owned(), protocol.to_owned(), port, port)
}

/// What every cluster of these tests has.
fn everywhere() -> BTreeSet<Open> {
    BTreeSet::from([
        rule("allow", "tcp/443/0.0.0.0/0", ANYWHERE, "tcp", Some(443)),
        rule("allow", "udp/51820/198.51.100.0/24", "198.51.100.0/24", "udp", Some(51820)),
        rule("ssh", "control-plane/203.0.113.7/32", ADMIN, "tcp", Some(22)),
        rule("ssh", "node/203.0.113.7/32", ADMIN, "tcp", Some(22)),
    ])
}

/// Addresses of the rules that let somebody in to the API's port.
fn to_the_api(plan: &Planned) -> BTreeSet<&str> {
    let rules = plan.all("aws_vpc_security_group_ingress_rule").into_iter();
    let api = rules.filter(|(_, rule)| {
        let port = |key: &str| rule[key].as_u64().expect("every rule has ports");
        (port("from_port")..=port("to_port")).contains(&6443)
    });
    api.map(|(address, _)| address.strip_prefix("aws_vpc_security_group_ingress_rule.").expect("a rule")).collect()
}

fn assert_everything_is_tagged(plan: &Planned) {
    for (kind, address, after) in plan.everything() {
        let Some(tags) = after.get("tags") else {
            assert!(WITHOUT_TAGS.contains(&kind), "{address} has no tags");
            continue;
        };
        for (tag, value) in [("scaler:cluster", "demo"), ("team", "platform")] {
            assert_eq!(tags[tag], value, "{address}");
        }
        assert!(tags["scaler:cluster-id"].is_string() && tags["Name"].is_string(), "{address}: {tags}");
    }
}

/// `public`: they have an address of their own.
#[track_caller]
fn assert_machines(plan: &Planned, name: &str, count: usize, public: bool) {
    let machines = plan.all("aws_instance");
    assert_eq!(machines.len(), count);
    for (address, machine) in machines {
        assert!(address.starts_with(&format!("aws_instance.{name}[")), "{address}");
        assert_eq!(machine["associate_public_ip_address"], public, "{address}");
        let metadata = &machine["metadata_options"][0];
        assert_eq!(metadata["http_tokens"], "required", "{address}");
        assert_eq!(metadata["http_put_response_hop_limit"], 1, "{address}");
        let disk = &machine["root_block_device"][0];
        assert_eq!((&disk["encrypted"], &disk["volume_type"]), (&true.into(), &"gp3".into()), "{address}");
        assert!(disk["tags"]["scaler:cluster-id"].is_string(), "{address}");
    }
}

#[test]
fn the_api_is_reached_through_load_balancers_that_say_who_gets_in() {
    scaler_lab::needs!(Moto, AwsProvider, AnyTerraform);
    let moto = Moto::start();
    let rendered = rendered(&moto, &[]);
    let plan = Planned::new(rendered.plan("foundation", &moto));

    let mut ingress = everywhere();
    ingress.insert(rule("api_admin", "admins/203.0.113.7/32", ADMIN, "tcp", Some(6443)));
    ingress.insert(rule("api_admin", "nodes/203.0.113.7/32", ADMIN, "tcp", Some(6443)));
    assert_eq!(plan.open("ingress"), ingress);
    let out = ["control-plane", "node"].map(|group| rule("member", group, ANYWHERE, "-1", None));
    assert_eq!(plan.open("egress"), BTreeSet::from(out));
    assert_no_other_rules(&plan);

    let expected = [
        "api_admin[\"admins/203.0.113.7/32\"]",
        "api_admin[\"nodes/203.0.113.7/32\"]",
        "api_member[\"control-plane\"]",
        "api_member[\"node\"]",
        "control_plane_api[\"admins\"]",
        "control_plane_api[\"nodes\"]",
        "member[\"control-plane/api/control-plane\"]",
        "member[\"control-plane/api/node\"]",
    ];
    assert_eq!(to_the_api(&plan), BTreeSet::from(expected));
    let machines = plan.references("aws_vpc_security_group_ingress_rule", "control_plane_api", "security_group_id");
    assert!(machines.contains("aws_security_group.control_plane.id"), "{machines:?}");
    let rule = "aws_vpc_security_group_ingress_rule";
    let from = plan.references(rule, "control_plane_api", "referenced_security_group_id");
    assert!(from.contains("aws_security_group.api"), "{from:?}");
    for name in ["api_admin", "api_member"] {
        let to = plan.references(rule, name, "security_group_id");
        assert!(to.contains("aws_security_group.api"), "{name}: {to:?}");
    }

    let balancers = plan.all("aws_lb");
    assert_eq!(balancers.len(), 2);
    for (address, balancer) in balancers {
        assert_eq!(balancer["load_balancer_type"], "network", "{address}");
        assert_eq!(balancer["internal"], address.contains("nodes"), "{address}");
    }
    let groups = plan.references("aws_lb", "api", "security_groups");
    assert!(groups.contains("aws_security_group.api"), "{groups:?}");
    for (address, group) in plan.all("aws_lb_target_group") {
        assert_eq!(group["preserve_client_ip"], "false", "{address}");
    }

    assert_machines(&plan, "control_plane", 3, true);
    let user_data = plan.references("aws_instance", "control_plane", "user_data");
    assert!(user_data.contains("local.endpoint.host"), "{user_data:?}");
    routes::assert_public(&plan);
    assert_everything_is_tagged(&plan);

    let pool = Planned::new(rendered.plan("pool-workers", &moto));
    assert_machines(&pool, "node", 1, true);
    let (address, machine) = pool.all("aws_instance")[0];
    assert_eq!(machine["instance_market_options"], json!(null), "{address} is paid on demand");
    assert_eq!(machine["instance_initiated_shutdown_behavior"], "stop", "{address}");
    assert_everything_is_tagged(&pool);
}

#[test]
fn in_a_private_network_admins_reach_the_control_planes_by_a_name_of_their_own() {
    scaler_lab::needs!(Moto, AwsProvider, AnyTerraform);
    let moto = Moto::start();
    let sets = ["controlPlane.endpoint={dns: api.example.com}", "network.private=true", "pools.workers.capacity=spot"];
    let rendered = rendered(&moto, &sets);
    let plan = Planned::new(rendered.plan("foundation", &moto));
    let mut ingress = everywhere();
    ingress.insert(rule("control_plane_admin", ADMIN, ADMIN, "tcp", Some(6443)));
    assert_eq!(plan.open("ingress"), ingress);
    assert_no_other_rules(&plan);
    let expected = [
        "control_plane_admin[\"203.0.113.7/32\"]",
        "member[\"control-plane/api/control-plane\"]",
        "member[\"control-plane/api/node\"]",
    ];
    assert_eq!(to_the_api(&plan), BTreeSet::from(expected));
    assert!(plan.all("aws_lb").is_empty());
    assert_machines(&plan, "control_plane", 3, false);
    routes::assert_private(&plan);
    assert_everything_is_tagged(&plan);

    let pool = Planned::new(rendered.plan("pool-workers", &moto));
    assert_machines(&pool, "node", 1, false);
    let (address, machine) = pool.all("aws_instance")[0];
    let options = &machine["instance_market_options"];
    assert_eq!(options[0]["market_type"], "spot", "{address}");
    // A machine that was taken back stays gone, and one that is stopped would still be paid for.
    let spot = &options[0]["spot_options"][0];
    assert_eq!(spot["spot_instance_type"], "one-time", "{address}");
    assert_eq!(spot["instance_interruption_behavior"], "terminate", "{address}");
    assert_eq!(machine["instance_initiated_shutdown_behavior"], json!(null), "EC2 refuses it: {address}");
    assert_everything_is_tagged(&pool);
}

/// No group has rules of its own beside those that are resources.
fn assert_no_other_rules(plan: &Planned) {
    for kind in ["aws_security_group_rule", "aws_default_security_group", "aws_network_acl", "aws_network_acl_rule"] {
        assert!(plan.all(kind).is_empty(), "{kind}");
    }
    for (address, group) in plan.all("aws_security_group") {
        // What is not in a plan's values is for AWS to say: nothing was written there.
        assert!(group.get("ingress").is_none() && group.get("egress").is_none(), "{address}: {group}");
    }
}
