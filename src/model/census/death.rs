//! The proof that a machine is gone (invariant 1).
//!
//! A value of [`Death`] can only be had from what the cloud answered for this very id: once `terminated`, or twice,
//! apart in time, that it does not know it, while its Node was not renewed. Who has none has no proof.

use std::fmt;
use std::time::Duration;

use super::matching::{Roll, Tie};
use crate::model::journal::Deathbed;
use crate::model::machine::{MachineState, Sighting};
use crate::model::names::NodeName;

/// How far apart two answers must be. A kubelet that lives renews its Lease every ten seconds
/// (<https://kubernetes.io/docs/reference/node/node-status/#heartbeats>), so it would have done so six times; and an
/// answer that was stale because the cloud's API is eventually consistent
/// (<https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html>) has been corrected.
pub const APART: Duration = Duration::from_secs(60);

/// A machine that is known and that the cloud does not list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    pub node: NodeName,
    pub machine_id: String,
}

/// An instant: on the clock that never stands still or jumps, since the machine booted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Duration);

/// What the first question came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum First {
    Dead(Death),
    /// To be asked again, not before [`APART`] has passed.
    Unknown(UnknownOnce),
    Doubt(Doubt),
}

/// The cloud said once that it does not know the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownOnce {
    suspect: Suspect,
    at: Moment,
    heartbeat: Option<jiff::Timestamp>,
}

/// The proof that a machine is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    suspect: Suspect,
    seen: Deathbed,
}

/// Why a machine is not proven to be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// The cloud knows it, in a state that is not `terminated`.
    Lives(MachineState),
    /// The two questions were too close.
    TooSoon,
    /// Its Node's kubelet was heard between the questions.
    Renewed,
    /// The cluster's API cannot be asked whether its Node is being renewed.
    NobodyToAsk,
    /// A Node has something of the machine's, and is not plainly that machine.
    Mismatch(String),
}

impl Suspect {
    /// The first answer. `roll` is a complete list of the cluster's Nodes from about the same time.
    pub fn first(&self, answer: Sighting, roll: Option<&Roll>, at: Moment) -> First {
        match answer {
            Sighting::Found(MachineState::Terminated) => First::Dead(self.dead(Deathbed::Terminated)),
            Sighting::Found(state) => First::Doubt(Doubt::Lives(state)),
            Sighting::Unknown => match self.heartbeat(roll) {
                Ok(heartbeat) => First::Unknown(UnknownOnce { suspect: self.clone(), at, heartbeat }),
                Err(doubt) => First::Doubt(doubt),
            },
        }
    }

    fn dead(&self, seen: Deathbed) -> Death {
        Death { suspect: self.clone(), seen }
    }

    /// When its Node's kubelet was last heard; None if there is no such Node, or it was never heard.
    fn heartbeat(&self, roll: Option<&Roll>) -> Result<Option<jiff::Timestamp>, Doubt> {
        match roll.ok_or(Doubt::NobodyToAsk)?.tie(&self.node, Some(&self.machine_id), &[]) {
            Tie::None => Ok(None),
            Tie::Node(node) => Ok(node.last_heartbeat),
            Tie::Conflict { why, .. } => Err(Doubt::Mismatch(why)),
        }
    }
}

impl UnknownOnce {
    /// The second answer.
    pub fn again(self, answer: Sighting, roll: Option<&Roll>, at: Moment) -> Result<Death, Doubt> {
        match answer {
            Sighting::Found(MachineState::Terminated) => Ok(self.suspect.dead(Deathbed::Terminated)),
            Sighting::Found(state) => Err(Doubt::Lives(state)),
            Sighting::Unknown if at.0 < self.at.0 + APART => Err(Doubt::TooSoon),
            Sighting::Unknown if self.suspect.heartbeat(roll)? != self.heartbeat => Err(Doubt::Renewed),
            Sighting::Unknown => Ok(self.suspect.dead(Deathbed::UnknownTwice)),
        }
    }

    pub fn suspect(&self) -> &Suspect {
        &self.suspect
    }
}

impl Death {
    pub fn node(&self) -> &NodeName {
        &self.suspect.node
    }

    pub fn machine_id(&self) -> &str {
        &self.suspect.machine_id
    }

    /// For the journal.
    pub fn seen(&self) -> Deathbed {
        self.seen
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Doubt::Lives(state) => write!(f, "asked for its machine by id, the cloud says that it is {state}"),
            Doubt::TooSoon => write!(f, "the cloud said only once that it does not know its machine"),
            Doubt::Renewed => {
                write!(f, "the cloud does not know its machine, and yet its kubelet goes on renewing its Node")
            }
            Doubt::NobodyToAsk => write!(
                f,
                "the cloud does not know its machine, and the cluster cannot be asked whether its Node is renewed"
            ),
            Doubt::Mismatch(why) => write!(f, "the cloud does not know its machine, and {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::census::tests::samples::node;
    use crate::model::kubernetes::Node;
    use crate::model::provider::Provider;
    use Sighting::{Found, Unknown};

    const LATER: Moment = Moment(Duration::from_secs(1060));

    fn suspect() -> Suspect {
        Suspect { node: NodeName::from_text("d-w-1"), machine_id: "i-1".into() }
    }

    fn heard(time: &str) -> Node {
        Node { last_heartbeat: Some(time.parse().unwrap()), ..node("d-w-1", "i-1", false) }
    }

    fn ask(
        first: (Sighting, Option<&[Node]>),
        second: (Sighting, Option<&[Node]>),
        at: Moment,
    ) -> Result<Deathbed, Doubt> {
        let roll = |nodes: Option<&'_ [Node]>| nodes.map(|nodes| nodes.to_vec());
        let (before, after) = (roll(first.1), roll(second.1));
        let before = before.as_deref().map(|nodes| Roll::of(Provider::Aws, nodes));
        let after = after.as_deref().map(|nodes| Roll::of(Provider::Aws, nodes));
        match suspect().first(first.0, before.as_ref(), Moment(Duration::from_secs(1000))) {
            First::Dead(death) => Ok(death.seen()),
            First::Doubt(doubt) => Err(doubt),
            First::Unknown(once) => once.again(second.0, after.as_ref(), at).map(|death| death.seen()),
        }
    }

    #[test]
    fn only_the_state_terminated_proves_a_death_at_once() {
        use MachineState::*;
        for state in [Pending, Running, Stopping, Stopped, ShuttingDown] {
            assert_eq!(ask((Found(state), Some(&[])), (Unknown, Some(&[])), LATER), Err(Doubt::Lives(state)));
            assert_eq!(ask((Unknown, Some(&[])), (Found(state), Some(&[])), LATER), Err(Doubt::Lives(state)));
        }
        assert_eq!(ask((Found(Terminated), None), (Unknown, None), LATER), Ok(Deathbed::Terminated));
        assert_eq!(ask((Unknown, Some(&[])), (Found(Terminated), None), LATER), Ok(Deathbed::Terminated));
    }

    #[test]
    fn an_unknown_id_proves_it_only_twice_apart_and_with_a_silent_node() {
        let old = [heard("2026-01-01T00:00:00Z")];
        let new = [heard("2026-01-01T00:00:10Z")];
        let soon = Moment(LATER.0 - Duration::from_millis(1));
        for (before, after, at, expected) in [
            (Some(&old[..]), Some(&old[..]), LATER, Ok(Deathbed::UnknownTwice)),
            (Some(&[][..]), Some(&[][..]), LATER, Ok(Deathbed::UnknownTwice)),
            (Some(&old[..]), Some(&old[..]), soon, Err(Doubt::TooSoon)),
            (Some(&old[..]), Some(&new[..]), LATER, Err(Doubt::Renewed)),
            (Some(&[][..]), Some(&new[..]), LATER, Err(Doubt::Renewed)),
            (None, Some(&old[..]), LATER, Err(Doubt::NobodyToAsk)),
            (Some(&old[..]), None, LATER, Err(Doubt::NobodyToAsk)),
        ] {
            assert_eq!(ask((Unknown, before), (Unknown, after), at), expected);
        }
    }

    #[test]
    fn a_node_that_may_be_another_machine_leaves_a_doubt() {
        let other = [node("d-w-1", "i-2", true)];
        assert!(matches!(ask((Unknown, Some(&other)), (Unknown, Some(&other)), LATER), Err(Doubt::Mismatch(_))));
    }
}
