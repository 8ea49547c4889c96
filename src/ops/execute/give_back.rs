//! Putting back what a part changed that did not reach its point of no return.

use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::{Entry, PartId, UncordonFound};
use crate::model::names::NodeName;
use crate::ops::drain::Victim;

use super::session::Session;
use super::witness::Drains;

/// What came of an uncordon.
#[derive(Default)]
pub struct Given {
    /// The nodes that carried our mark, and are as they were before.
    pub back: Vec<String>,
    /// Why others could not be given back.
    pub left: Vec<String>,
    /// Why the journal does not say so.
    pub unwritten: Option<Failure>,
}

impl Session<'_> {
    /// See [`give_back`]; the journal is the session's.
    pub async fn give_back(&self, drains: &Drains, victims: &[Victim]) -> Given {
        give_back(drains, victims, async |entry| self.note(entry).await).await
    }

    /// Undoes one part, for this reason. Returns the reason with what came of it.
    pub async fn undo_part(&self, drains: &Drains, part: PartId, victims: &[Victim], why: Failure) -> Failure {
        let began = self.note(Entry::UndoBegan { part: part.clone(), why: why.to_string() }).await;
        if let Err(unwritten) = &began
            && self.journal.lock().await.may_be_past(&part)
        {
            // The store took the point of no return, or may have, and lost the answer: it is the next run's to see which.
            return why.because(unwritten.clone()).with_kind(Kind::Partial);
        }
        let given = self.give_back(drains, victims).await;
        let unwritten = began.err().or(given.unwritten);
        let mut ended = if given.left.is_empty() { why } else { still_cordoned(given.left).because(why) };
        if matches!(ended.kind, Kind::Interrupted | Kind::Partial) && !given.back.is_empty() {
            ended = ended.hint(format!("given back as they were before: {}", given.back.join(", ")));
        }
        match unwritten {
            None => ended,
            // The journal says less than was done: the operation stays open, and every later command names it.
            Some(unwritten) => ended.because(unwritten).with_kind(Kind::Partial),
        }
    }
}

/// Uncordons as long as the lease holds, and tells the journal through `note`. That the journal cannot be written does not
/// leave a node cordoned: it says already that the node may be.
pub async fn give_back(drains: &Drains, victims: &[Victim], note: impl AsyncFn(Entry) -> Result<()>) -> Given {
    let mut given = Given::default();
    for (victim, answer) in drains.drainer().uncordon(victims).await {
        match answer {
            Ok(found) => {
                if found == UncordonFound::Ours {
                    given.back.push(victim.node.clone());
                }
                let entry = Entry::Uncordoned { node: NodeName::from_text(victim.node), found };
                if let Err(unwritten) = note(entry).await {
                    given.unwritten.get_or_insert(unwritten);
                }
            }
            Err(failure) => given.left.push(failure.to_string()),
        }
    }
    given
}

pub fn still_cordoned(left: Vec<String>) -> Failure {
    let mut failure = Failure::new(Kind::Partial, "nodes were left cordoned, because undoing it failed");
    failure.causes = left;
    failure
}
