//! `network`.

use ipnet::Ipv4Net;

use super::{Facts, by_cloud, kubernetes};
use crate::model::file::read::{At, Fields, Flag, Kind, Port, choice, list, object, text, twice, wrong};
use crate::model::file::rules::networks::{SERVICES, admin_network, inner_network, network, open_port, overlap};
use crate::model::file::types::{Allow, Network, Protocol};

/// The machines' network when the file names none.
pub const NETWORK: &str = "10.1.0.0/20";

pub const CIDR_PATTERN: &str = r"^(\d{1,3}\.){3}\d{1,3}/\d{1,2}$";

/// AWS takes 60 rules a security group, and a few are the cluster's own.
const MOST_RULES: usize = 40;

const PROTOCOLS: &[(&str, Protocol)] = &[("tcp", Protocol::Tcp), ("udp", Protocol::Udp)];

/// The field `network`. It need not be there where its zones have a default.
pub fn network_field(fields: &mut Fields<'_>, facts: &Facts) -> Option<Network> {
    let doc = "The machines' network, and who may reach them.";
    let kind = network_kind(facts);
    let defaults = facts.cloud().and_then(|cloud| cloud.default_zones);
    match defaults {
        Some(zones) => match fields.optional("network", doc, &kind).maybe()? {
            Some(network) => Some(network),
            None => Some(Network {
                cidr: NETWORK.parse().ok()?,
                zones: zones.iter().map(|zone| (*zone).to_owned()).collect(),
                private: false,
                admin_cidrs: Vec::new(),
                allow: Vec::new(),
            }),
        },
        None if facts.cloud().is_some() => fields.required("network", doc, &kind),
        None => fields.optional("network", doc, &kind).maybe()?,
    }
}

fn network_kind(facts: &Facts) -> impl Kind<Out = Network> + use<'_> {
    object("{ zones: [eu-west-1a, eu-west-1b] }", move |fields| {
        let cidr = fields.defaulted(
            "cidr",
            "The machines' network. Zones get equal parts of it.",
            &machines_cidr(facts),
            NETWORK,
        );
        let zones = zones(fields, facts);
        let doc = "Machines have no public address, and go out through a NAT gateway in each zone.";
        let private = fields.defaulted("private", doc, &Flag, "false");
        let admins = list(
            text("a network that admins come from", "203.0.113.7/32", admin_network).pattern(CIDR_PATTERN),
            MOST_RULES,
        );
        let doc = "From where SSH and the Kubernetes API may be reached. Default: from nowhere.";
        let admins = fields.optional("adminCidrs", doc, &admins).or_default();
        let admins = admins.map(|admins| apart(fields, "adminCidrs", admins));
        let doc = "What else may reach the workers: their services' ports, not the cluster's own.";
        let rules = fields.optional("allow", doc, &list(allow(), MOST_RULES)).or_default();
        let rules = rules.map(|rules| apart(fields, "allow", rules));
        Some(Network { cidr: cidr?, zones: zones?, private: private?, admin_cidrs: admins?, allow: rules? })
    })
}

fn machines_cidr(facts: &Facts) -> impl Kind<Out = Ipv4Net> + use<> {
    let prefixes = facts.cloud().map_or(8..=28, |cloud| cloud.network.clone());
    text("an IPv4 network for machines", NETWORK, move |text| inner_network(text, prefixes.clone()))
        .pattern(CIDR_PATTERN)
}

fn zones(fields: &mut Fields<'_>, facts: &Facts) -> Option<Vec<String>> {
    let cloud = facts.cloud();
    let region = facts.region.clone();
    let zone = text("a zone of the region", "eu-west-1a", |text| match cloud {
        Some(cloud) => (cloud.zone)(text, region.as_deref()).map(|()| text.to_owned()),
        None => by_cloud(None)(text),
    });
    let most = cloud.map_or(7, |cloud| cloud.most_zones);
    let doc = "The zones that machines are spread over. Add new ones at the end: a zone's place decides its addresses.";
    let kind = list(zone.length(1, 63), most);
    let written = fields.optional("zones", doc, &kind).maybe()?;
    let zones = match (written, cloud.map(|cloud| cloud.default_zones)) {
        (Some(zones), Some(None | Some([_, ..]))) if zones.is_empty() => {
            if fields.node("zones").and_then(|node| node.items()).is_some_and(<[_]>::is_empty) {
                let example = cloud.map_or("", |cloud| cloud.zones_example);
                fields.wrong(
                    "zones",
                    "must name one zone at least",
                    wrong("there is none", format!("write for example `{example}`")),
                );
            }
            return None;
        }
        (Some(zones), _) => apart(fields, "zones", zones),
        (None, Some(Some(zones))) => zones.iter().map(|zone| (*zone).to_owned()).collect(),
        (None, Some(None)) => {
            fields.missing("zones", cloud.map_or("", |cloud| cloud.zones_example));
            return None;
        }
        (None, None) => return None,
    };
    Some(zones)
}

/// Each once.
fn apart<T: PartialEq>(fields: &mut Fields<'_>, name: &str, values: Vec<At<T>>) -> Vec<T> {
    let mut apart: Vec<At<T>> = Vec::new();
    for value in values {
        if let Some(first) = apart.iter().find(|other| other.value == value.value) {
            fields.tell(twice(format!("an entry of `{}`", fields.path(name)), value.span, first.span));
        } else {
            apart.push(value);
        }
    }
    apart.into_iter().map(|at| at.value).collect()
}

fn allow() -> impl Kind<Out = Allow> {
    object("{ port: 443, from: 0.0.0.0/0 }", |fields| {
        let port = fields.required("port", "The port on the workers.", &Port);
        if let Some(Err(error)) = port.map(open_port) {
            fields.wrong("port", "must be a port of your own", error);
        }
        let protocol = fields.defaulted("protocol", "TCP or UDP.", &choice(PROTOCOLS), "tcp");
        let from = text("an IPv4 network", "0.0.0.0/0", network).pattern(CIDR_PATTERN);
        let from = fields.required("from", "From where; 0.0.0.0/0 is everywhere.", &from);
        Some(Allow { port: port?, protocol: protocol?, from: from? })
    })
}

/// What the networks of the file must be to each other, and to the machines.
pub fn rules(fields: &mut Fields<'_>, facts: &Facts) {
    let Some(machines) = fields.peek("network.cidr", &machines_cidr(facts), NETWORK) else { return };
    let services: Option<Ipv4Net> = SERVICES.parse().ok();
    if services.is_some_and(|services| overlap(&services, &machines.value)) {
        let label = format!("it overlaps {SERVICES}, which the cluster's services have");
        fields.wrong_at(
            machines.span,
            "network.cidr",
            "must be apart from the services",
            wrong(label, format!("write for example `{NETWORK}`")),
        );
    }
    if let Some(pods) = fields.peek("kubernetes.podNetwork.cidr", &kubernetes::pod_cidr(), kubernetes::POD_NETWORK)
        && overlap(&pods.value, &machines.value)
    {
        // Whichever is written can be changed.
        let written = fields.node("network").is_some_and(|network| network.get("cidr").is_some());
        let (at, path, other) = match written {
            true => (machines.span, "network.cidr", format!("the pods have {}", pods.value)),
            false => (pods.span, "kubernetes.podNetwork.cidr", format!("the machines have {}", machines.value)),
        };
        let help = format!(
            "write two networks apart, such as `{NETWORK}` for machines and `{}` for pods",
            kubernetes::POD_NETWORK
        );
        fields.wrong_at(at, path, "must not overlap", wrong(other, help));
    }
    room(fields, facts, &machines);
}

/// Whether all pools at their largest find addresses.
fn room(fields: &mut Fields<'_>, facts: &Facts, machines: &At<Ipv4Net>) {
    let Some(subnets) = facts.cloud().and_then(|cloud| cloud.subnets.as_ref()) else { return };
    let zones = fields.node("network").and_then(|network| network.get("zones")).and_then(|zones| zones.items());
    let zones = zones.map_or(0, <[_]>::len) as u64;
    let part = (1u64 << (32 - machines.value.prefix_len())) / u64::from(subnets.parts);
    let room = zones * part.saturating_sub(u64::from(subnets.taken));
    let wanted = super::pool::most_machines(fields);
    if zones > 0 && wanted > room {
        let label = format!("its {zones} zones have room for {room} machines, and the pools may grow to {wanted}");
        let help = "write a larger network (a smaller number behind the slash), more zones, or smaller pools";
        fields.wrong_at(machines.span, "network.cidr", "must have room for all machines", wrong(label, help));
    }
}
