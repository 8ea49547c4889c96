//! Names: of clusters, pools, images and hosts.

use crate::model::file::read::{Wrong, wrong};
use crate::model::file::text::shown;

/// Pool names that would be taken for something else: node names and stacks are made of them.
const RESERVED: [&str; 4] = ["control-plane", "controlplane", "master", "foundation"];

/// The longest label of a host name (RFC 1123, section 2.1), and so of a node's name and of a label's value.
pub const LABEL: usize = 63;

/// A DNS label (RFC 1123): lower-case letters, digits and hyphens, no hyphen at either end.
pub fn dns_label(text: &str, least: usize, most: usize) -> Result<String, Wrong> {
    let bad = text.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-'));
    if let Some(bad) = bad {
        let lower = text.to_lowercase().replace(['_', '.', ' '], "-");
        let help = match lower != text && dns_label(&lower, least, most).is_ok() {
            true => format!("write `{lower}`"),
            false => "use lower-case letters, digits and hyphens".into(),
        };
        return Err(wrong(format!("{} cannot stand in it", shown(&bad.to_string())), help));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Err(wrong("a hyphen stands at its end", "begin and end with a letter or digit"));
    }
    match text.len() {
        length if length < least => {
            Err(wrong(format!("this has {length} characters"), format!("use {least} characters or more")))
        }
        length if length > most => {
            Err(wrong(format!("this has {length} characters"), format!("use {most} characters or fewer")))
        }
        _ => Ok(text.to_owned()),
    }
}

/// Short enough that node names, load balancers and tags made of it fit everywhere.
pub fn cluster_name(text: &str) -> Result<String, Wrong> {
    dns_label(text, 3, 20)
}

/// How long a pool's name may be beside this cluster's, so that `<cluster>-<pool>-<number>` is a DNS label with seven
/// digits of number: a pool's counter never goes back, and ten million machines are more than it will see.
pub fn longest_pool_name(cluster: &str) -> usize {
    LABEL - 2 - 7 - cluster.len().min(20)
}

/// Two different pools can never name two nodes alike, whatever their names are: the number behind the last hyphen is
/// the node's, and what stands before it is `<cluster>-<pool>`. So a pool `w` and a pool `w-1` may live side by side.
pub fn pool_name(text: &str, cluster: Option<&str>) -> Result<String, Wrong> {
    if RESERVED.contains(&text) {
        return Err(wrong("this name has a meaning of its own", "name it after what runs there: `workers`"));
    }
    dns_label(text, 1, longest_pool_name(cluster.unwrap_or("abc")))
}

/// A host name with a domain (RFC 1123), as certificates and name servers take it.
pub fn dns_name(text: &str) -> Result<String, Wrong> {
    let help = "write a full name such as `api.demo.example.com`";
    let labels: Vec<&str> = text.split('.').collect();
    if labels.len() < 2 || text.len() > 253 {
        return Err(wrong("this is not a full host name", help));
    }
    if labels.iter().all(|label| label.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(wrong("this is an address", help));
    }
    for label in labels {
        dns_label(label, 1, LABEL).map_err(|error| wrong(error.label, help))?;
    }
    Ok(text.to_owned())
}

/// A user of the machine, as useradd takes it.
pub fn login(text: &str) -> Result<String, Wrong> {
    let mut characters = text.chars();
    let first = characters.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_');
    let rest = characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'));
    match first && rest && text.len() <= 32 {
        true => Ok(text.to_owned()),
        false => Err(wrong(
            "this is not a user name",
            "use lower-case letters, digits, `_` and `-`, at most 32, a letter first: `ubuntu`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cluster_names() {
        for good in ["abc", "demo", "a-1", "0ab", "x1234567890123456789"] {
            assert!(cluster_name(good).is_ok(), "{good}");
        }
        for bad in
            ["", "ab", "Demo", "demo_1", "-ab", "ab-", "../etc", "a b c", "dé-mo", "x12345678901234567890", "a\nbc"]
        {
            assert!(cluster_name(bad).is_err(), "{bad}");
        }
        assert_eq!(cluster_name("My_Cluster").unwrap_err().help, "write `my-cluster`");
    }

    #[test]
    fn a_nodes_name_fits_a_label_whatever_its_pool_and_number() {
        for cluster in ["abc", "x1234567890123456789"] {
            let pool = "p".repeat(longest_pool_name(cluster));
            assert!(pool_name(&pool, Some(cluster)).is_ok());
            assert!(pool_name(&format!("{pool}p"), Some(cluster)).is_err());
            assert_eq!(format!("{cluster}-{pool}-9999999").len(), LABEL);
        }
    }

    #[test]
    fn dns_names() {
        for bad in ["localhost", "10.0.0.1", "a..b", "-a.b", "UPPER.example.com", ""] {
            assert!(dns_name(bad).is_err(), "{bad}");
        }
        assert!(dns_name("api.demo.example.com").is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Why no two pools need to be kept apart: their nodes' names are.
        #[test]
        fn nodes_of_two_pools_never_share_a_name(
            a in "[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?", b in "[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?", x in 0u64..200, y in 0u64..200,
        ) {
            use crate::model::names::{NodeName, StackId};
            prop_assume!(a != b);
            prop_assert_ne!(NodeName::new("demo", &a, x), NodeName::new("demo", &b, y));
            prop_assert_ne!(StackId::Pool(a).to_string(), StackId::Pool(b).to_string());
        }
    }
}
