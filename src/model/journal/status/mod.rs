//! How an operation stands: a fold over its entries. An entry that may not follow those before it is an error.

mod apply;
mod check;
mod ending;
mod part;
mod settling;
mod told;
mod victim;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use part::{PartPhase, PartStatus};
pub use settling::{Fate, Settling};
pub use victim::{Cordon, Victim, VictimPhase};

use super::{Document, Entry, JoinOffer, Outcome, PartId, Start};
use crate::model::lock::Holder;
use crate::model::names::{NodeName, OperationId};

/// What an operation's entries come to so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    operation: OperationId,
    start: Arc<Start>,
    /// Who is at work on it, or was last.
    holder: Holder,
    fence: u64,
    seq: u64,
    last: Last,
    parts: BTreeMap<PartId, PartStatus>,
    victims: BTreeMap<NodeName, Victim>,
    newcomers: BTreeMap<NodeName, Newcomer>,
    /// The last time that Terraform was started for a part, and by whom.
    runs: BTreeMap<PartId, TerraformRun>,
    /// The ids of bootstrap tokens that may be valid still.
    tokens: BTreeSet<String>,
    /// What machines may join by at their first boot, still.
    offers: BTreeMap<NodeName, JoinOffer>,
    /// Nodes whose labels and taints are about to be changed, or may have been.
    labelling: BTreeSet<NodeName>,
    /// Labels and taints of nodes were changed.
    labelled: bool,
    /// The UID of `kube-system` in the cluster that became known.
    cluster: Option<String>,
    generation: Option<u64>,
    /// Something was done that the record does not say yet.
    uncommitted: bool,
    outcome: Option<Outcome>,
}

/// The last entry, for people.
#[derive(Debug, Clone, PartialEq)]
struct Last {
    told: String,
    at: jiff::Timestamp,
}

/// A start of Terraform that the journal announced.
#[derive(Debug, Clone, PartialEq)]
pub struct TerraformRun {
    pub holder: Holder,
    /// By the holder's clock, which is Terraform's too.
    pub at: jiff::Timestamp,
    /// The entry by which the operation was first taken over after it.
    pub taken_over: Option<u64>,
}

/// A node that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    pub part: PartId,
    /// Once its machine stands.
    pub machine_id: Option<String>,
    /// Its machine was imported, or is about to be.
    pub adopted: bool,
    /// The UID of its Node, once that was Ready.
    pub ready: Option<String>,
    /// Why its Node is not Ready, where that was waited for in vain.
    pub not_ready: Option<String>,
}

/// An entry that may not follow those before it: a fault of the program that wrote it, or a journal that was tampered with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{entry}` may not come here: {why}")]
pub struct IllegalTransition {
    pub entry: String,
    pub why: String,
}

impl Status {
    /// The status after the first entry.
    pub fn begin(first: &Document) -> Result<Status, IllegalTransition> {
        let illegal = |why: String| IllegalTransition { entry: first.entry.told(), why };
        let Entry::Started(start) = &first.entry else {
            return Err(illegal("a journal begins with `started`".into()));
        };
        if first.seq != 1 {
            return Err(illegal(format!("it is entry {} and should be entry 1", first.seq)));
        }
        check::start(start).map_err(illegal)?;
        Ok(Status {
            operation: first.operation.clone(),
            holder: start.holder.clone(),
            fence: first.fence,
            seq: 1,
            last: Last { told: first.entry.told(), at: first.at },
            parts: start.parts.iter().map(|part| (part.id.clone(), PartStatus::open())).collect(),
            victims: victims(start),
            newcomers: newcomers(start),
            runs: BTreeMap::new(),
            tokens: BTreeSet::new(),
            offers: BTreeMap::new(),
            labelling: BTreeSet::new(),
            labelled: false,
            cluster: None,
            generation: None,
            uncommitted: false,
            outcome: None,
            start: Arc::new((**start).clone()),
        })
    }

    /// The status after all of these. None if there are none.
    pub fn fold(documents: &[Document]) -> Result<Option<Status>, IllegalTransition> {
        let Some((first, rest)) = documents.split_first() else { return Ok(None) };
        let mut status = Status::begin(first)?;
        for document in rest {
            status.follow(document)?;
        }
        Ok(Some(status))
    }

    /// Takes the next entry in. After an error nothing has changed.
    pub fn follow(&mut self, next: &Document) -> Result<(), IllegalTransition> {
        let illegal = |why: String| IllegalTransition { entry: next.entry.told(), why };
        if next.operation != self.operation {
            return Err(illegal(format!("it is of operation {}, and this is {}", next.operation, self.operation)));
        }
        if next.seq != self.seq + 1 {
            return Err(illegal(format!("it is entry {}, and entry {} comes next", next.seq, self.seq + 1)));
        }
        let taken_over = matches!(next.entry, Entry::TakenOver { .. });
        if taken_over != (next.fence > self.fence) || next.fence < self.fence {
            return Err(illegal(format!("it has fencing number {}, and {} holds", next.fence, self.fence)));
        }
        self.apply(&next.entry)?;
        if let Entry::PlanStarted { part }
        | Entry::PointOfNoReturn { part, .. }
        | Entry::Adopting { part, .. }
        | Entry::Untainting { part, .. } = &next.entry
        {
            let run = TerraformRun { holder: self.holder.clone(), at: next.at, taken_over: None };
            self.runs.insert(part.clone(), run);
        }
        if taken_over {
            self.runs.values_mut().for_each(|run| run.taken_over = run.taken_over.or(Some(next.seq)));
        }
        self.seq = next.seq;
        self.fence = next.fence;
        self.last = Last { told: next.entry.told(), at: next.at };
        Ok(())
    }

    pub fn operation(&self) -> &OperationId {
        &self.operation
    }

    pub fn start(&self) -> &Start {
        &self.start
    }

    /// Who is at work on it, or was last.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// The fencing number of its last entry.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// The number of its last entry.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    pub fn parts(&self) -> &BTreeMap<PartId, PartStatus> {
        &self.parts
    }

    pub fn victims(&self) -> &BTreeMap<NodeName, Victim> {
        &self.victims
    }

    pub fn newcomers(&self) -> &BTreeMap<NodeName, Newcomer> {
        &self.newcomers
    }

    /// Nodes whose labels and taints are about to be changed, or may have been.
    pub fn labelling(&self) -> &BTreeSet<NodeName> {
        &self.labelling
    }

    /// The UID of `kube-system` in the cluster, where this operation came to know it.
    pub fn cluster(&self) -> Option<&str> {
        self.cluster.as_deref()
    }

    /// The parts that can be undone: before their point of no return, and not undone to the end yet.
    pub fn undoable(&self) -> Vec<PartId> {
        let open = self.parts.iter().filter(|(id, part)| {
            let settled = part.phase == PartPhase::Undoing && self.victims_of(id).all(|(_, it)| it.is_untouched());
            !part.past && !settled
        });
        open.map(|(id, _)| id.clone()).collect()
    }

    /// The parts that are past their point of no return.
    pub fn past(&self) -> Vec<PartId> {
        self.parts.iter().filter(|(_, part)| part.past).map(|(id, _)| id.clone()).collect()
    }

    /// The victims of a part that may carry this operation's cordon.
    pub fn cordoned<'a>(&'a self, part: &'a PartId) -> impl Iterator<Item = (&'a NodeName, &'a Cordon)> {
        self.victims_of(part).filter_map(|(node, victim)| Some((node, victim.cordon.as_ref()?)))
    }

    /// Terraform's last start for a part that did not come to its end: it may have left its own lock behind.
    pub fn cut_off(&self, part: &PartId) -> Option<&TerraformRun> {
        let phase = self.parts.get(part)?.phase;
        (phase != PartPhase::Applied).then(|| self.runs.get(part))?
    }

    /// The victims of a part, in their order.
    pub fn victims_of<'a>(&'a self, part: &'a PartId) -> impl Iterator<Item = (&'a NodeName, &'a Victim)> {
        self.victims.iter().filter(move |(_, victim)| victim.part == *part)
    }

    /// The ids of the bootstrap tokens that were issued and, by the journal, not revoked.
    pub fn tokens(&self) -> &BTreeSet<String> {
        &self.tokens
    }

    /// What machines may join by at their first boot: was about to be made and, by the journal, not taken back.
    pub fn offers(&self) -> &BTreeMap<NodeName, JoinOffer> {
        &self.offers
    }

    /// The generation of the record that it committed last.
    pub fn generation(&self) -> Option<u64> {
        self.generation
    }

    /// How it ended; None if it has not.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }
}

fn victims(start: &Start) -> BTreeMap<NodeName, Victim> {
    let of_part = |part: &super::Part| {
        let id = part.id.clone();
        part.removals.clone().into_iter().map(move |(node, removal)| (node, Victim::new(id.clone(), removal)))
    };
    start.parts.iter().flat_map(of_part).collect()
}

fn newcomers(start: &Start) -> BTreeMap<NodeName, Newcomer> {
    let new =
        |part: &PartId| Newcomer { part: part.clone(), machine_id: None, adopted: false, ready: None, not_ready: None };
    let of_part = |part: &super::Part| {
        let new = new(&part.id);
        part.additions.keys().cloned().map(move |node| (node, new.clone())).collect::<Vec<_>>()
    };
    start.parts.iter().flat_map(of_part).collect()
}

#[cfg(test)]
mod tests;
