//! `kubernetes`.

use crate::model::file::read::{Kind, object, text};
use crate::model::file::rules::networks::{SERVICES, inner_network, overlap, url};
use crate::model::file::rules::versions;
use crate::model::file::types::{KubernetesSpec, PodNetwork};

/// The pods' network that flannel's manifest has, and that kubeadm's guide shows.
pub const POD_NETWORK: &str = "10.244.0.0/16";

/// Each node gets a part of it, a /24 unless told otherwise (kube-controller-manager's `--node-cidr-mask-size`).
const PREFIXES: std::ops::RangeInclusive<u8> = 8..=22;

pub fn kubernetes() -> impl Kind<Out = KubernetesSpec> {
    object("{ version: 1.36.3 }", |fields| {
        let version = text("a full Kubernetes version", "1.36.3", versions::kubernetes)
            .pattern(r"^1\.(29|[3-9]\d|[1-9]\d{2,})\.(0|[1-9]\d*)$");
        let version = fields.required("version", "Major, minor and patch, 1.29.0 or newer.", &version);
        let network = fields.optional("podNetwork", "The pods' addresses.", &pod_network()).maybe()?;
        let network = network.or_else(default_pod_network);
        let packages = text("a URL", "https://mirror.example.com/kubernetes", url).pattern("^https?://");
        let doc =
            "A mirror of the community's package repository, https://pkgs.k8s.io/core:/stable:, with its folders.";
        let packages = fields.optional("packages", doc, &packages);
        Some(KubernetesSpec { version: version?, pod_network: network?, packages: packages.maybe()? })
    })
}

fn pod_network() -> impl Kind<Out = PodNetwork> {
    object("{ cidr: 10.244.0.0/16 }", |fields| {
        let doc = "The pods' network. It must not overlap the machines' nor the services' (10.96.0.0/12).";
        let cidr = fields.defaulted("cidr", doc, &pod_cidr(), POD_NETWORK);
        let doc = "A manifest that makes the pod network, such as flannel's. Its text is kept in the record.";
        let manifest = fields.optional("manifest", doc, &super::a_path("./flannel.yml"));
        Some(PodNetwork { cidr: cidr?, manifest: manifest.maybe()? })
    })
}

pub fn pod_cidr() -> impl Kind<Out = ipnet::Ipv4Net> {
    text("an IPv4 network for pods", POD_NETWORK, |text| {
        let network = inner_network(text, PREFIXES)?;
        match SERVICES.parse().is_ok_and(|services| overlap(&services, &network)) {
            true => Err(crate::model::file::read::wrong(
                format!("it overlaps {SERVICES}, which the cluster's services have"),
                format!("write for example `{POD_NETWORK}`"),
            )),
            false => Ok(network),
        }
    })
    .pattern(super::network::CIDR_PATTERN)
}

fn default_pod_network() -> Option<PodNetwork> {
    Some(PodNetwork { cidr: POD_NETWORK.parse().ok()?, manifest: None })
}
