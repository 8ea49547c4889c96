//! The status of an operation in words.

use super::super::{Entry, Outcome, UncordonFound};
use super::Status;
use crate::model::names::NodeName;

impl Status {
    /// Who ran it, what it last did, and what is left of it, in a few sentences.
    pub fn told(&self) -> String {
        let holder = &self.holder;
        let mut text = format!(
            "{} on {} (pid {}) ran `{}`; its last step, number {} at {}, was \"{}\".",
            holder.user, holder.host, holder.pid, holder.command, self.seq, self.last.at, self.last.told
        );
        if let Some(outcome) = self.outcome {
            text.push_str(&format!(" It ended, {}.", outcome.told()));
            return text;
        }
        let left = match self.ending() {
            Ok(_) => "Nothing is left of it but to say that it ended".to_owned(),
            Err(left) => format!("Left: {}", left.join("; ")),
        };
        text.push_str(&format!(" {left}."));
        text
    }
}

impl Outcome {
    /// Ends a sentence such as "it ended".
    pub fn told(self) -> &'static str {
        match self {
            Outcome::Done => "with all of it done",
            Outcome::Undone => "with nothing changed",
            Outcome::Partial => "with a part of it done",
        }
    }
}

impl Entry {
    /// What the entry says, in a few words.
    pub fn told(&self) -> String {
        match self {
            Entry::Started(_) => "started".into(),
            Entry::TakenOver { holder } => format!("taken over by {} on {}", holder.user, holder.host),
            Entry::Cordoning { node, .. } => format!("cordoning {node}"),
            Entry::Cordoned { node, .. } => format!("cordoned {node}"),
            Entry::DrainStarted { node } => format!("draining {node}"),
            Entry::Evidence { node, proof, .. } => format!("{node} {}", proof.told()),
            Entry::NodeBlocked { node, .. } => format!("blocked at {node}"),
            Entry::Spared { node } => format!("sparing {node}"),
            Entry::PlanStarted { part } => format!("planning {part}"),
            Entry::Planned { part, .. } => format!("planned {part}"),
            Entry::PartBlocked { part, .. } => format!("blocked at {part}"),
            Entry::PointOfNoReturn { part, .. } => format!("point of no return of {part}"),
            Entry::Leaving { nodes, .. } => format!("resetting {}", names(nodes.iter())),
            Entry::ApplyEnded { part, .. } => format!("apply of {part} ended"),
            Entry::Adopting { node, machine_id, .. } => format!("adopting machine {machine_id} as {node}"),
            Entry::Untainting { node, machine_id, .. } => format!("keeping machine {machine_id} as {node}"),
            Entry::TokenIssuing { token } => format!("issuing the bootstrap token {token}"),
            Entry::TokenRevoked { token } => format!("revoked the bootstrap token {token}"),
            Entry::JoinOffering { joins } => format!("letting join at boot: {}", names(joins.keys())),
            Entry::JoinWithdrawn { nodes } => format!("took back what they join by: {}", names(nodes.iter())),
            Entry::Provisioning { nodes } => format!("provisioning {}", names(nodes.iter())),
            Entry::Labelling { nodes } => format!("labelling {}", names(nodes.keys())),
            Entry::Labelled => "labelled".into(),
            Entry::ClusterKnown { uid } => format!("the cluster is known as {uid}"),
            Entry::NodeReady { node, .. } => format!("{node} is Ready"),
            Entry::NodeNotReady { node, .. } => format!("{node} is not Ready"),
            Entry::MachineGone { node, machine_id } => format!("machine {machine_id} of {node} is gone"),
            Entry::NodeDeleted { node, .. } => format!("Node {node} is deleted"),
            Entry::UndoBegan { part, .. } => format!("undoing {part}"),
            Entry::Uncordoned { node, found: UncordonFound::Ours } => format!("uncordoned {node}"),
            Entry::Uncordoned { node, .. } => format!("left {node} as it was found"),
            Entry::Stuck { part, .. } => format!("stuck at {part}"),
            Entry::Committed { generation } => format!("committed generation {generation}"),
            Entry::Superseded { why } => format!("given up: {why}"),
            Entry::Finished { outcome } => format!("finished {}", outcome.told()),
        }
    }
}

fn names<'a>(nodes: impl Iterator<Item = &'a NodeName>) -> String {
    nodes.map(NodeName::as_str).collect::<Vec<_>>().join(", ")
}
