use std::fmt;

use crate::model::drain::{Deadline, Hold, Victim};
use crate::model::failure::Failure;
use crate::model::names::NodeName;

/// How many things that hold one node are told; the rest is counted.
const TOLD: usize = 8;

/// A victim that was emptied: evidence, as long as it stays cordoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drained(pub Victim);

/// Why a victim is not empty, or not ours to empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    pub victim: Victim,
    /// Never none.
    pub holds: Vec<Hold>,
    /// Which time ran out, if one did.
    pub deadline: Option<Deadline>,
}

impl Obstacle {
    pub(super) fn new(victim: &Victim, holds: Vec<Hold>) -> Obstacle {
        Obstacle { victim: victim.clone(), holds, deadline: None }
    }

    pub fn node(&self) -> NodeName {
        NodeName::from_text(self.victim.node.clone())
    }

    /// Each thing that holds the node as a sentence, after the time that ran out.
    pub fn reasons(&self) -> Vec<String> {
        let deadline = self.deadline.iter().map(ToString::to_string);
        let holds = self.holds.iter().take(TOLD).map(ToString::to_string);
        let more = self.holds.len().saturating_sub(TOLD);
        let more = (more > 0).then(|| format!("and {more} more like these"));
        deadline.chain(holds).chain(more).collect()
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.victim.node, self.reasons().join("; "))
    }
}

/// One error of all that stands in the way, with the smallest changes that would help as hints.
pub fn refusal(obstacles: &[Obstacle]) -> Failure {
    let names: Vec<&str> = obstacles.iter().map(|obstacle| obstacle.victim.node.as_str()).collect();
    let mut failure = Failure::refused(format!("{} could not be emptied", names.join(", ")));
    let mut helps: Vec<String> = Vec::new();
    for obstacle in obstacles {
        failure = failure.because(obstacle);
        for help in obstacle.holds.iter().take(TOLD).filter_map(Hold::help) {
            if !helps.contains(&help) {
                helps.push(help);
            }
        }
    }
    helps.into_iter().fold(failure, Failure::hint)
}
