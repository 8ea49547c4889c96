//! Addresses: networks, who may come in, and where an API listens.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::model::file::read::{Wrong, wrong};

/// The services' network that kubeadm gives a cluster (its `serviceSubnet` default).
pub const SERVICES: &str = "10.96.0.0/12";

/// Ports that a cluster needs for itself, with what they are: opened to nodes and `adminCidrs` alone.
const OWN_PORTS: [(u16, &str); 8] = [
    (22, "SSH"),
    (2379, "etcd"),
    (2380, "etcd"),
    (6443, "the Kubernetes API"),
    (10250, "the kubelet"),
    (10256, "kube-proxy"),
    (10257, "the controller manager"),
    (10259, "the scheduler"),
];

/// An IPv4 network without bits behind its prefix.
pub fn network(text: &str) -> Result<Ipv4Net, Wrong> {
    let help = "write an address, a slash and the number of its fixed bits: `10.1.0.0/20`";
    if text.contains(':') {
        return Err(wrong("this looks like IPv6", "write an IPv4 network: clusters here have IPv4 addresses"));
    }
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Err(wrong("the prefix length is missing", format!("write `{address}/32` for this address alone")));
    }
    let network: Ipv4Net = text.parse().map_err(|_| wrong("this is not a network", help))?;
    match network.trunc() {
        // Readers differ about leading zeros: some take them for octal.
        plain if plain == network && network.to_string() != text => Err(wrong("its numbers have leading zeros", help)),
        plain if plain == network => Ok(network),
        plain => {
            let label = format!("bits behind the first {} are set", network.prefix_len());
            Err(wrong(label, format!("write `{plain}`")))
        }
    }
}

/// A network that machines or pods can have addresses of.
pub fn inner_network(text: &str, prefixes: std::ops::RangeInclusive<u8>) -> Result<Ipv4Net, Wrong> {
    let network = network(text)?;
    // RFC 6890's blocks that hosts cannot have: this network, loopback, link-local, multicast and what is reserved.
    let unusable = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"];
    let overlaps = |block: &&str| block.parse().is_ok_and(|block: Ipv4Net| overlap(&block, &network));
    if let Some(block) = unusable.iter().find(|block| network.prefix_len() > 0 && overlaps(block)) {
        return Err(wrong(
            format!("it lies in {block}, which no host can use"),
            "write a private network: `10.1.0.0/20`",
        ));
    }
    if !prefixes.contains(&network.prefix_len()) {
        let size = if network.prefix_len() > *prefixes.end() { "small" } else { "large" };
        let help = format!("write a prefix from /{} to /{}", prefixes.start(), prefixes.end());
        return Err(wrong(format!("a /{} is too {size}", network.prefix_len()), help));
    }
    Ok(network)
}

/// From where admins come. SSH and the Kubernetes API must not stand open to the world, in one piece or in a few.
pub fn admin_network(text: &str) -> Result<Ipv4Net, Wrong> {
    let network = network(text)?;
    if network.prefix_len() < 8 {
        return Err(wrong(
            "this would open SSH and the Kubernetes API to the whole internet, or a large part of it",
            "write the addresses that admins come from, such as `203.0.113.7/32`; `curl https://checkip.amazonaws.com` shows yours",
        ));
    }
    Ok(network)
}

/// A port that may be opened on workers.
pub fn open_port(port: u16) -> Result<(), Wrong> {
    match OWN_PORTS.iter().find(|(own, _)| *own == port) {
        Some((_, what @ ("SSH" | "the Kubernetes API"))) => {
            Err(wrong(format!("this is {what}"), "put the addresses that may use it into `adminCidrs`"))
        }
        Some((_, what)) => Err(wrong(format!("this is {what}"), "take it out: only the cluster itself may use it")),
        None => Ok(()),
    }
}

pub fn overlap(one: &Ipv4Net, other: &Ipv4Net) -> bool {
    one.contains(other) || other.contains(one)
}

/// The address of a service: http or https, a host, a port or a path, and no login in it.
pub fn url(text: &str) -> Result<String, Wrong> {
    let help = "write for example `https://ec2.internal:8443` or `http://127.0.0.1:5000`";
    let uri: http::Uri = text.parse().map_err(|_| wrong("this is not a URL", help))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(wrong("it does not begin with `https://` or `http://`", help));
    }
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        return Err(wrong(
            "there is a login in it",
            "take it out: logins come from the environment, never from this file",
        ));
    }
    if uri.host().is_none_or(str::is_empty) || (authority.contains(':') && uri.port_u16().is_none()) {
        return Err(wrong("its host or port cannot be read", help));
    }
    if uri.query().is_some() || text.contains('#') {
        return Err(wrong("there is a query or fragment in it", "take away what follows the `?` or `#`"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help<T: std::fmt::Debug>(result: Result<T, Wrong>) -> String {
        result.unwrap_err().help
    }

    #[test]
    fn networks() {
        assert!(network("10.1.0.0/20").is_ok());
        assert!(network("0.0.0.0/0").is_ok());
        assert_eq!(help(network("10.1.0.5/20")), "write `10.1.0.0/20`");
        assert_eq!(help(network("203.0.113.7")), "write `203.0.113.7/32` for this address alone");
        for bad in ["", "10.1.0.0", "10.1.0.0/33", "::1/128", "10.1/16", "10.1.0.0/ 20", "010.1.0.0/20", "a/8"] {
            assert!(network(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn inner_networks() {
        assert!(inner_network("10.1.0.0/20", 16..=22).is_ok());
        for bad in ["10.1.0.0/23", "10.0.0.0/8", "127.0.0.0/16", "169.254.0.0/16", "240.0.0.0/16", "0.0.0.0/16"] {
            assert!(inner_network(bad, 16..=22).is_err(), "{bad}");
        }
    }

    #[test]
    fn admins_do_not_come_from_everywhere() {
        assert!(admin_network("203.0.113.7/32").is_ok());
        assert!(admin_network("10.0.0.0/8").is_ok());
        for bad in ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "64.0.0.0/7"] {
            assert!(admin_network(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_clusters_own_ports_stay_shut() {
        assert!(open_port(443).is_ok());
        assert!(help(open_port(22)).contains("adminCidrs"));
        assert!(open_port(2379).is_err());
    }

    #[test]
    fn urls() {
        for good in ["http://127.0.0.1:5000", "https://ec2.internal/path", "http://[::1]:9000"] {
            assert!(url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ec2.internal",
            "ftp://x",
            "http://",
            "https://user:secret@host",
            "http://h?x=1",
            "http://h:99999",
            "http://h#f",
        ] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }
}
