//! What becomes of each part of an operation that was cut off.

use std::fmt;

use super::super::{Act, PartId};
use super::{PartPhase, Status};
use crate::model::names::NodeName;

/// What settling an operation means for one part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settling {
    pub part: PartId,
    pub fate: Fate,
    /// The nodes that it is about: those that go or come, or are given back.
    pub nodes: Vec<NodeName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It did not reach its point of no return.
    Undone,
    /// It is past its point of no return.
    Finished,
    /// It came to its end, and only the record may not say so.
    Recorded,
    /// A stack that was being destroyed. The next `destroy` goes on with it.
    Left,
}

impl Status {
    /// What settling it means, part by part, in the order in which they were to be applied.
    pub fn settling(&self) -> Vec<Settling> {
        self.start.parts.iter().filter_map(|part| self.settling_of(&part.id)).collect()
    }

    fn settling_of(&self, id: &PartId) -> Option<Settling> {
        let part = self.parts.get(id)?;
        let settling = |fate, nodes| Some(Settling { part: id.clone(), fate, nodes });
        if !part.past {
            let held = self.cordoned(id).map(|(node, _)| node.clone()).collect();
            return if self.undoable().contains(id) { settling(Fate::Undone, held) } else { None };
        }
        let applied = part.phase == PartPhase::Applied;
        match id.act {
            Act::Destroy if !applied => settling(Fate::Left, Vec::new()),
            Act::Destroy => settling(Fate::Recorded, Vec::new()),
            Act::Make => {
                let waits = |newcomer: &super::Newcomer| newcomer.ready.is_none() && newcomer.not_ready.is_none();
                let of_part = self.newcomers.iter().filter(|(_, newcomer)| newcomer.part == *id);
                let open: Vec<NodeName> =
                    of_part.filter(|(_, newcomer)| !applied || waits(newcomer)).map(|(node, _)| node.clone()).collect();
                settling(if applied && open.is_empty() { Fate::Recorded } else { Fate::Finished }, open)
            }
            Act::Remove | Act::Retire => {
                let lingers = |victim: &super::Victim| victim.is_past() && !victim.is_gone();
                let open: Vec<NodeName> = self
                    .victims_of(id)
                    .filter(|(_, victim)| victim.is_past() && !applied || lingers(victim))
                    .map(|(node, _)| node.clone())
                    .collect();
                settling(if applied && open.is_empty() { Fate::Recorded } else { Fate::Finished }, open)
            }
        }
    }
}

impl fmt::Display for Settling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = &self.part;
        let names = self.nodes.iter().map(NodeName::as_str).collect::<Vec<_>>().join(", ");
        match (self.fate, self.part.act) {
            (Fate::Undone, _) if names.is_empty() => write!(f, "{part} is dropped: nothing of it was begun that stays"),
            (Fate::Undone, _) => write!(f, "{part} is undone, and given back as before: {names}"),
            (Fate::Finished, Act::Make) if names.is_empty() => write!(f, "{part} is finished"),
            (Fate::Finished, Act::Make) => write!(f, "{part} is finished, and made or taken in: {names}"),
            (Fate::Finished, Act::Retire) => {
                write!(f, "{part} is finished, and forgotten, for its machine is gone: {names}")
            }
            (Fate::Finished, _) => write!(f, "{part} is finished, and removed with its machine: {names}"),
            (Fate::Recorded, _) => write!(f, "{part} was done, and is written down"),
            (Fate::Left, _) => write!(f, "{part} stays as it is; `scaler destroy` goes on with it"),
        }
    }
}
