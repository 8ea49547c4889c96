//! What is done to the world, as the watch sees it.

use crate::model::journal::Document;
use crate::model::kubernetes::Node;
use crate::model::lock::Lock;
use crate::model::machine::Machine;
use crate::model::names::StackId;
use crate::ops::testing::kubernetes::Done;

/// A change of the outside that took effect.
pub enum Deed<'a> {
    Locked(&'a Lock),
    Journalled {
        key: &'a str,
        document: &'a Document,
    },
    Wrote {
        key: &'a str,
    },
    Deleted {
        key: &'a str,
        /// What was there.
        text: Option<&'a str>,
    },
    /// All versions are gone.
    Purged {
        key: &'a str,
    },
    Kubernetes {
        done: &'a Done,
        /// The UID of the pod that was meant, of an eviction.
        meant: Option<&'a str>,
    },
    DeletesNode {
        node: &'a Node,
    },
    /// Terraform has its lock on a state, and works.
    Began {
        stack: &'a StackId,
        work: Work,
    },
    Ended {
        stack: &'a StackId,
    },
    /// Terraform wrote a state.
    Saved {
        stack: &'a StackId,
    },
    Made(&'a Machine),
    /// About to reset a machine, of which nothing is of use from then on.
    Resets(&'a Machine),
    /// About to end a machine.
    Ends(&'a Machine),
}

/// What Terraform does under its lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Plan,
    Apply,
    /// The state alone: imports, taints taken back.
    Edit,
}

impl Deed<'_> {
    pub fn told(&self) -> String {
        match self {
            Deed::Journalled { document, .. } => format!("journal {}: {}", document.seq, document.entry.told()),
            Deed::Locked(lock) => format!("lock {:?} {} fence {}", lock.state, lock.operation, lock.fence),
            Deed::Wrote { key } => format!("wrote {key}"),
            Deed::Deleted { key, .. } => format!("deleted {key}"),
            Deed::Purged { key } => format!("purged {key}"),
            Deed::Kubernetes { done, .. } => format!("{done:?}"),
            Deed::DeletesNode { node } => format!("deletes Node {}", node.name),
            Deed::Began { stack, work } => format!("Terraform begins on {stack} ({work:?})"),
            Deed::Ended { stack } => format!("Terraform ends on {stack}"),
            Deed::Saved { stack } => format!("Terraform saves {stack}"),
            Deed::Made(machine) => format!("makes {:?} as {}", machine.node, machine.id),
            Deed::Resets(machine) => format!("resets {:?}, {}", machine.node, machine.id),
            Deed::Ends(machine) => format!("ends {:?}, {}", machine.node, machine.id),
        }
    }

    /// Whether it may be done by whoever likes: nothing goes by it.
    pub fn is_free(&self) -> bool {
        match self {
            Deed::Wrote { key } => {
                ["inputs/", "history/", "probe/", "logs/", "join/"].iter().any(|folder| key.starts_with(folder))
            }
            Deed::Deleted { key, .. } => key.starts_with("probe/"),
            // Of a join file that comes late its token has ended; its writer takes it away.
            Deed::Purged { .. } | Deed::Ended { .. } => true,
            _ => false,
        }
    }
}
