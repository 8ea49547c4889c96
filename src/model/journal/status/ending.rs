//! Whether an operation has come to its end, and to which.

use super::super::{Act, Outcome, PartId};
use super::part::{PartPhase, PartStatus};
use super::{Status, Victim};

/// What one part came to.
enum PartEnd {
    Done,
    Undone,
    Partial,
}

impl Status {
    /// How the operation ends if it ends now, or what is left to do before it may. `finished` is written with this
    /// outcome and no other.
    pub fn ending(&self) -> Result<Outcome, Vec<String>> {
        let mut left = Vec::new();
        let (mut done, mut undone, mut partial) = (0, 0, 0);
        for (id, part) in &self.parts {
            match self.part_end(id, part) {
                Ok(PartEnd::Done) => done += 1,
                Ok(PartEnd::Undone) => undone += 1,
                Ok(PartEnd::Partial) => partial += 1,
                Err(unsettled) => left.extend(unsettled),
            }
        }
        if self.uncommitted {
            left.push("what was done is not in the record yet".into());
        }
        if !left.is_empty() {
            return Err(left);
        }
        Ok(match (done, undone, partial) {
            // Some labels may be the new ones, and others not.
            _ if !self.labelling.is_empty() => Outcome::Partial,
            (_, 0, 0) => Outcome::Done,
            (0, _, 0) if !self.labelled => Outcome::Undone,
            _ => Outcome::Partial,
        })
    }

    fn part_end(&self, id: &PartId, part: &PartStatus) -> Result<PartEnd, Vec<String>> {
        if let Some(thing) = &part.stuck {
            return Err(vec![format!("part {id} is stuck: {thing}")]);
        }
        if part.phase == PartPhase::Applying {
            return Err(vec![format!("nobody knows how the apply of part {id} ended")]);
        }
        let held = self.victims_of(id).filter(|(_, victim)| !victim.is_past() && victim.cordon.is_some());
        let held: Vec<String> = held.map(|(node, victim)| format!("{node} {}", victim.phase.told())).collect();
        // `destroy` takes cordoned nodes along.
        if !held.is_empty() && (!part.past || id.act != Act::Destroy) {
            return Err(held);
        }
        if !part.past {
            return Ok(PartEnd::Undone);
        }
        // What is drained is given up for good. Everything else can be asked for again in another operation.
        let must_finish = id.act == Act::Remove;
        if must_finish && part.phase != PartPhase::Applied {
            return Err(vec![format!("part {id} is past its point of no return, and {}", part.phase.told())]);
        }
        // A Node that is left over is in no record: nobody would ever look for it again.
        let to_bury = must_finish || (id.act == Act::Retire && part.phase == PartPhase::Applied);
        let lingering = self.victims_of(id).filter(|(_, victim)| to_bury && victim.is_past() && !victim.is_gone());
        let lingering: Vec<String> =
            lingering.map(|(node, victim)| format!("{node} {}", victim.phase.told())).collect();
        if !lingering.is_empty() {
            return Err(lingering);
        }
        let whole = part.phase == PartPhase::Applied
            && self.victims_of(id).all(|(_, victim)| id.act == Act::Destroy || Victim::is_past(victim))
            && self.newcomers.values().all(|newcomer| newcomer.part != *id || newcomer.not_ready.is_none());
        Ok(if whole { PartEnd::Done } else { PartEnd::Partial })
    }
}
