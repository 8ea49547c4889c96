//! Labels and taints of nodes, by Kubernetes' rules (apimachinery's `validation` package) and what a kubelet may set of
//! them itself (the admission plugin NodeRestriction, and kubelet's own check of `--node-labels`).

use super::names::{LABEL, dns_label};
use crate::model::file::read::{Wrong, wrong};
use crate::model::file::text::shown;

/// Labels that each node gets from `scaler`, from kubelet, or from the cloud.
const OWN: [&str; 11] = [
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
];

/// `[prefix/]name`: the prefix a DNS subdomain, the name 63 letters, digits, `-_.` with a letter or digit at both ends.
pub fn key(text: &str) -> Result<(), Wrong> {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    let help =
        "write a name of letters, digits and `-_.`, with a domain before it or not: `tier` or `example.com/tier`";
    let domain = |prefix: &str| prefix.len() <= 253 && prefix.split('.').all(|part| dns_label(part, 1, LABEL).is_ok());
    match prefix.is_none_or(domain) && !name.is_empty() && is_value(name) {
        true => Ok(()),
        false => Err(wrong("this is not a key as Kubernetes has them", help)),
    }
}

/// At most 63 letters, digits and `-_.`, with a letter or digit at both ends; or nothing at all.
pub fn value(text: &str) -> Result<String, Wrong> {
    match is_value(text) {
        true => Ok(text.to_owned()),
        false => Err(wrong(
            format!("{} is not a value as Kubernetes has them", shown(text)),
            "use at most 63 letters, digits and `-_.`, with a letter or digit at both ends",
        )),
    }
}

fn is_value(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let end = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= LABEL && bytes.iter().all(|byte| inner(*byte)) && end(bytes.first()) && end(bytes.last())
}

/// A label that a pool's nodes may carry: their kubelets set it when they register.
pub fn node_label(text: &str) -> Result<(), Wrong> {
    key(text)?;
    if OWN.contains(&text) {
        return Err(wrong("this label is set on every node by itself", "take it out"));
    }
    let Some((domain, _)) = text.split_once('/') else { return Ok(()) };
    let is = |of: &str| domain == of || domain.ends_with(&format!(".{of}"));
    if is("scaler") {
        return Err(wrong("labels that begin with `scaler/` are the program's own", "choose another name"));
    }
    if domain == "node-role.kubernetes.io" {
        let help =
            "use a label of your own, such as `tier: web`; after the node joined, an admin can set this one by kubectl";
        return Err(wrong("a kubelet may not give its own node a role", help));
    }
    let kubernetes = is("kubernetes.io") || is("k8s.io");
    if kubernetes && !is("node.kubernetes.io") && !is("kubelet.kubernetes.io") {
        let help = "use a domain of your own, or `node.kubernetes.io/…`";
        return Err(wrong("a kubelet may not set this label on its own node (NodeRestriction)", help));
    }
    Ok(())
}

/// A taint that a pool's nodes may register with.
pub fn taint_key(text: &str) -> Result<String, Wrong> {
    key(text)?;
    let domain = text.split_once('/').map_or("", |(domain, _)| domain);
    if matches!(domain, "node.kubernetes.io" | "node.cloudprovider.kubernetes.io" | "scaler") {
        let label = "taints of this domain come and go with the node's state";
        return Err(wrong(label, "use a key of your own, such as `dedicated`"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values() {
        for good in ["tier", "example.com/tier", "a.b_c-D", "x"] {
            assert!(key(good).is_ok(), "{good}");
        }
        for bad in ["", "/", "/a", "a/", "a/b/c", "-a", "a-", "a b", "Example.com/x", "${x}", "a\n", &"a".repeat(64)] {
            assert!(key(bad).is_err(), "{bad}");
        }
        for good in ["", "web", "a.b_c-D", "1"] {
            assert!(value(good).is_ok(), "{good}");
        }
        for bad in ["-a", "a-", "a b", "a/b", "é", "$(id)", "a\n", &"a".repeat(64)] {
            assert!(value(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_kubelet_sets_only_what_it_may() {
        for good in [
            "tier",
            "example.com/tier",
            "node.kubernetes.io/purpose",
            "x.kubelet.kubernetes.io/a",
            "notkubernetes.io/a",
        ] {
            assert!(node_label(good).is_ok(), "{good}");
        }
        for bad in [
            "node-role.kubernetes.io/worker",
            "node-restriction.kubernetes.io/x",
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
            "foo.k8s.io/x",
            "k8s.io/x",
            "scaler/operation",
        ] {
            assert!(node_label(bad).is_err(), "{bad}");
        }
        assert!(taint_key("dedicated").is_ok());
        assert!(taint_key("node.kubernetes.io/unreachable").is_err());
    }
}
