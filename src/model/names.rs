//! Names: clusters, pools, nodes, stacks and operations.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a node, `<cluster>-<pool>-<number>`. Sorts by its number, so `w-2` comes before `w-10`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct NodeName(String);

impl NodeName {
    pub fn new(cluster: &str, pool: &str, number: u64) -> NodeName {
        NodeName(format!("{cluster}-{pool}-{number}"))
    }

    /// Any text as a node name; that such a node exists is for the caller to find out.
    pub fn from_text(text: impl Into<String>) -> NodeName {
        NodeName(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// None for a name that is none of ours.
    pub fn number(&self) -> Option<u64> {
        self.split().1
    }

    /// The part before the number, and the number.
    fn split(&self) -> (&str, Option<u64>) {
        match self.0.rsplit_once('-') {
            Some((prefix, number)) => match number.parse() {
                Ok(number) => (prefix, Some(number)),
                Err(_) => (&self.0, None),
            },
            None => (&self.0, None),
        }
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ord for NodeName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.split().cmp(&other.split()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for NodeName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One Terraform root module with a state of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum StackId {
    /// Network, security groups, keys, control plane and its endpoint.
    Foundation,
    /// The machines of one pool.
    Pool(String),
}

impl StackId {
    /// The pool, where it is a pool's stack.
    pub fn pool(&self) -> Option<&str> {
        match self {
            StackId::Foundation => None,
            StackId::Pool(pool) => Some(pool),
        }
    }

    /// Where its state lies, below the store's prefix.
    pub fn state_key(&self) -> String {
        format!("terraform/{self}.tfstate")
    }
}

impl fmt::Display for StackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StackId::Foundation => f.write_str("foundation"),
            StackId::Pool(pool) => write!(f, "pool-{pool}"),
        }
    }
}

impl From<StackId> for String {
    fn from(stack: StackId) -> String {
        stack.to_string()
    }
}

impl TryFrom<String> for StackId {
    type Error = String;

    fn try_from(text: String) -> Result<StackId, String> {
        match text.as_str() {
            "foundation" => Ok(StackId::Foundation),
            other => match other.strip_prefix("pool-") {
                Some(pool) if !pool.is_empty() => Ok(StackId::Pool(pool.to_owned())),
                _ => Err(format!("`{other}` is not a stack: `foundation` or `pool-<name>`")),
            },
        }
    }
}

/// One run that changes things, `<UTC time>-<random>`: names sort by time and fit a Kubernetes annotation and a tag.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(String);

impl OperationId {
    pub fn new(at: jiff::Timestamp, random: u64) -> OperationId {
        OperationId(format!("{}-{random:016x}", at.strftime("%Y%m%dt%H%M%Sz")))
    }

    pub fn from_text(text: impl Into<String>) -> OperationId {
        OperationId(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// When it began, by the clock of the machine that began it; None for a name that is none of ours.
    pub fn began(&self) -> Option<jiff::Timestamp> {
        let (time, _) = self.0.split_once('-')?;
        let time = jiff::civil::DateTime::strptime("%Y%m%dt%H%M%Sz", time).ok()?;
        time.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|time| time.timestamp())
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_names_sort_by_number() {
        let mut names: Vec<NodeName> = ["d-w-10", "d-w-2", "d-a-3", "d-w-1"].map(NodeName::from_text).into();
        names.sort();
        let names: Vec<&str> = names.iter().map(NodeName::as_str).collect();
        assert_eq!(names, ["d-a-3", "d-w-1", "d-w-2", "d-w-10"]);
    }

    #[test]
    fn order_agrees_with_equality() {
        let plain = NodeName::from_text("d-w-1");
        let padded = NodeName::from_text("d-w-01");
        assert_ne!(plain.cmp(&padded), Ordering::Equal);
    }

    #[test]
    fn stacks_survive_their_text_form() {
        for stack in [StackId::Foundation, StackId::Pool("workers".into())] {
            assert_eq!(StackId::try_from(stack.to_string()), Ok(stack));
        }
        assert!(StackId::try_from("pool-".to_owned()).is_err());
    }

    #[test]
    fn operations_sort_by_time() {
        let first = OperationId::new("2026-01-02T03:04:05Z".parse().unwrap(), u64::MAX);
        let second = OperationId::new("2026-01-02T03:04:06Z".parse().unwrap(), 0);
        assert_eq!(first.as_str(), "20260102t030405z-ffffffffffffffff");
        assert!(first < second);
        assert_eq!(first.began(), Some("2026-01-02T03:04:05Z".parse().unwrap()));
        assert_eq!(OperationId::from_text("op-1").began(), None);
    }
}
