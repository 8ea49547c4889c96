//! The parts of an operation: each is one apply of one stack, with a point of no return of its own.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::names::{NodeName, StackId};
use crate::model::record::NodeRecord;

/// What a part does to its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Takes machines that vanished out of the state, before anything else is planned.
    Retire,
    /// Makes machines and the stack's other resources, and changes tags.
    Make,
    /// Removes victims.
    Remove,
    /// Removes the whole stack, as `destroy` does: under its own consent, not by evidence.
    Destroy,
}

impl Act {
    pub const ALL: [Act; 4] = [Act::Retire, Act::Make, Act::Remove, Act::Destroy];

    fn as_str(self) -> &'static str {
        match self {
            Act::Retire => "retire",
            Act::Make => "make",
            Act::Remove => "remove",
            Act::Destroy => "destroy",
        }
    }
}

/// Names a part within its operation; written `<stack>:<act>`, such as `pool-workers:remove`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PartId {
    pub stack: StackId,
    pub act: Act,
}

impl PartId {
    pub fn new(stack: StackId, act: Act) -> PartId {
        PartId { stack, act }
    }
}

impl fmt::Display for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.stack, self.act.as_str())
    }
}

impl From<PartId> for String {
    fn from(part: PartId) -> String {
        part.to_string()
    }
}

impl TryFrom<String> for PartId {
    type Error = String;

    fn try_from(text: String) -> Result<PartId, String> {
        let (stack, act) = text.rsplit_once(':').ok_or_else(|| format!("`{text}` is not `<stack>:<act>`"))?;
        let act = Act::ALL
            .into_iter()
            .find(|known| known.as_str() == act)
            .ok_or_else(|| format!("`{act}` is not an act: `retire`, `make`, `remove` or `destroy`"))?;
        Ok(PartId { stack: StackId::try_from(stack.to_owned())?, act })
    }
}

/// A part as it was decided, before anything was touched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    pub id: PartId,
    /// Only a [`Act::Make`] has any. The names are taken from the pool's counter for good, also if the part is undone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub additions: BTreeMap<NodeName, NodeRecord>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub removals: BTreeMap<NodeName, Removal>,
}

/// A node that is to go, and which machine and Node object that name meant when it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Removal {
    /// None: the record knows of no machine, because none was ever seen.
    pub machine_id: Option<String>,
    /// None: the cluster had no such Node.
    pub node_uid: Option<String>,
    pub reason: Reason,
    /// The reason in words, as it was shown.
    pub note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The operator named it.
    Named,
    /// It was chosen for least disruption.
    Chosen,
    /// Its pool is no longer in the cluster file.
    PoolRemoved,
    /// Its machine is gone already.
    Vanished,
    /// The whole cluster goes.
    Destroyed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_ids_survive_their_text_form() {
        for stack in [StackId::Foundation, StackId::Pool("w:x".into())] {
            for act in Act::ALL {
                let part = PartId::new(stack.clone(), act);
                assert_eq!(PartId::try_from(part.to_string()), Ok(part));
            }
        }
        for wrong in ["foundation", "foundation:", "foundation:shrink", "other:make", ":make"] {
            assert!(PartId::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
