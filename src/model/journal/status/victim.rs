//! How a node stands that is to go.

use super::super::{Act, PartId, Permit, Proof, Removal};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Victim {
    pub part: PartId,
    pub removal: Removal,
    pub phase: VictimPhase,
    /// What this operation may have changed of the node, and has not put back.
    pub cordon: Option<Cordon>,
    /// Why its machine may go. Void again when a pod came late.
    pub proof: Option<Proof>,
    /// Why it cannot be drained.
    pub reasons: Vec<String>,
}

/// A cordon of ours, and what it has to be put back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cordon {
    pub uid: String,
    pub was_unschedulable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VictimPhase {
    /// Nothing was done to it.
    Chosen,
    /// It may have been marked unschedulable.
    Cordoning,
    Cordoned,
    Draining,
    Blocked,
    /// Its machine may go.
    Proven,
    /// Its part is past the point of no return, with it.
    Permitted,
    MachineGone,
    NodeDeleted,
    /// Its cordon is to be put back.
    Restoring,
    /// It stays, and nothing of ours is left on it.
    Kept,
}

/// A step or fact of one victim.
pub enum VictimStep<'a> {
    Cordon {
        uid: &'a str,
        was_unschedulable: bool,
    },
    Cordoned {
        uid: &'a str,
    },
    Drain,
    Prove {
        uid: Option<&'a str>,
        machine_id: Option<&'a str>,
        proof: &'a Proof,
        accepted: bool,
    },
    Block {
        reasons: &'a [String],
    },
    /// It stays while others go, or its whole part is undone.
    Keep,
    Permit(&'a Permit),
    /// The apply did nothing.
    Stale,
    MachineGone {
        machine_id: &'a str,
    },
    NodeDeleted {
        uid: &'a str,
    },
    Uncordoned,
}

impl Victim {
    pub fn new(part: PartId, removal: Removal) -> Victim {
        Victim { part, removal, phase: VictimPhase::Chosen, cordon: None, proof: None, reasons: Vec::new() }
    }

    /// True if it is past its part's point of no return.
    pub fn is_past(&self) -> bool {
        matches!(self.phase, VictimPhase::Permitted | VictimPhase::MachineGone | VictimPhase::NodeDeleted)
    }

    /// True if nothing of ours is on it and it stays.
    pub fn is_untouched(&self) -> bool {
        !self.is_past() && self.cordon.is_none()
    }

    /// True if its machine and its Node are known to be gone.
    pub fn is_gone(&self) -> bool {
        self.is_past()
            && self.machine_is_gone()
            && (self.phase == VictimPhase::NodeDeleted || self.removal.node_uid.is_none())
    }

    fn machine_is_gone(&self) -> bool {
        let confirmed = matches!(self.phase, VictimPhase::MachineGone | VictimPhase::NodeDeleted);
        confirmed || self.removal.machine_id.is_none() || self.proof.as_ref().is_some_and(Proof::is_death)
    }

    /// The status after a step, or why that may not come.
    pub fn step(&self, step: &VictimStep) -> Result<Victim, String> {
        use VictimPhase::{
            Blocked, Chosen, Cordoned, Cordoning, Draining, Kept, MachineGone, NodeDeleted, Permitted, Proven,
            Restoring,
        };
        let next = |phase| Victim { phase, ..self.clone() };
        match (step, self.phase) {
            (VictimStep::Cordon { uid, was_unschedulable }, Chosen | Cordoning) => {
                self.same_node(Some(uid))?;
                let cordon = Cordon { uid: uid.to_string(), was_unschedulable: *was_unschedulable };
                Ok(Victim { cordon: Some(cordon), ..next(Cordoning) })
            }
            (VictimStep::Cordoned { uid }, phase @ (Cordoning | Cordoned)) => {
                self.same_node(Some(uid))?;
                // A repetition after a death adds nothing.
                Ok(next(if phase == Cordoning { Cordoned } else { phase }))
            }
            (VictimStep::Drain, Cordoned | Draining) => Ok(next(Draining)),
            (VictimStep::Drain, Proven) if self.proof == Some(Proof::Drained) => {
                Ok(Victim { proof: None, ..next(Draining) })
            }
            (VictimStep::Prove { uid, machine_id, proof, accepted }, _) => {
                self.proves(proof, *accepted)?;
                self.same_node(*uid)?;
                self.same_machine(*machine_id)?;
                Ok(Victim { proof: Some((*proof).clone()), ..next(Proven) })
            }
            (VictimStep::Block { reasons }, Chosen | Cordoning | Cordoned | Draining | Proven | Blocked) => {
                Ok(Victim { proof: None, reasons: reasons.to_vec(), ..next(Blocked) })
            }
            (VictimStep::Keep, Chosen | Cordoning | Cordoned | Draining | Proven | Blocked | Restoring | Kept) => {
                Ok(Victim { proof: None, ..next(if self.cordon.is_some() { Restoring } else { Kept }) })
            }
            (VictimStep::Permit(permit), _) => {
                self.same_node(permit.node_uid.as_deref())?;
                self.same_machine(permit.machine_id.as_deref())?;
                match self.phase {
                    Proven | Permitted | MachineGone | NodeDeleted => Ok(next(self.phase.max_permitted())),
                    // `destroy` has a consent of its own, and goes on without evidence.
                    Chosen | Cordoning | Cordoned | Draining | Blocked if self.part.act == Act::Destroy => {
                        Ok(next(Permitted))
                    }
                    _ => Err("there is no evidence that its machine may go".into()),
                }
            }
            (VictimStep::Stale, Permitted) => Ok(next(match (&self.proof, &self.cordon) {
                (Some(_), _) => Proven,
                (None, Some(_)) => Cordoning,
                (None, None) => Chosen,
            })),
            (VictimStep::MachineGone { machine_id }, Permitted | MachineGone) => {
                self.same_machine(Some(machine_id))?;
                Ok(next(MachineGone))
            }
            (VictimStep::NodeDeleted { uid }, Permitted | MachineGone | NodeDeleted) => {
                self.same_node(Some(uid))?;
                if !self.machine_is_gone() {
                    return Err("its machine is not known to be gone".into());
                }
                Ok(next(NodeDeleted))
            }
            // One that was never cordoned is looked at too, and was not ours.
            (VictimStep::Uncordoned, Restoring | Kept) => Ok(Victim { cordon: None, ..next(Kept) }),
            (_, phase) => Err(format!("the node {}", phase.told())),
        }
    }

    /// Whether this proof may come now.
    fn proves(&self, proof: &Proof, accepted: bool) -> Result<(), String> {
        use VictimPhase::{Blocked, Chosen, Cordoned, Cordoning, Draining, Proven};
        let before = matches!(self.phase, Chosen | Cordoning | Cordoned | Draining | Blocked | Proven);
        match proof {
            _ if !before => Err(format!("the node {}", self.phase.told())),
            Proof::Drained if self.phase == Draining => Ok(()),
            Proof::Drained => Err(format!("the node {}, so its drain cannot have ended", self.phase.told())),
            Proof::NeverJoined { .. } if self.removal.node_uid.is_none() => Ok(()),
            Proof::NeverJoined { .. } => Err("the node joined: it has a UID".into()),
            Proof::Gone { .. } => Ok(()),
            Proof::Accepted { .. } if accepted => Ok(()),
            Proof::Accepted { .. } => Err("nobody accepted its loss when the operation began".into()),
        }
    }

    fn same_node(&self, uid: Option<&str>) -> Result<(), String> {
        let ours = self.removal.node_uid.as_deref();
        if ours == uid {
            return Ok(());
        }
        Err(format!("it is about the Node {}, and the operation is about {}", or_none(uid), or_none(ours)))
    }

    fn same_machine(&self, machine_id: Option<&str>) -> Result<(), String> {
        let ours = self.removal.machine_id.as_deref();
        if ours == machine_id {
            return Ok(());
        }
        Err(format!("it is about machine {}, and the operation is about {}", or_none(machine_id), or_none(ours)))
    }
}

fn or_none(id: Option<&str>) -> &str {
    id.unwrap_or("none")
}

impl VictimPhase {
    /// The phase after one more apply was permitted: what is known to be gone stays so.
    fn max_permitted(self) -> VictimPhase {
        match self {
            VictimPhase::MachineGone | VictimPhase::NodeDeleted => self,
            _ => VictimPhase::Permitted,
        }
    }

    /// Ends a sentence that begins with "the node".
    pub fn told(self) -> &'static str {
        match self {
            VictimPhase::Chosen => "was not touched",
            VictimPhase::Cordoning => "may be cordoned",
            VictimPhase::Cordoned => "is cordoned",
            VictimPhase::Draining => "is being drained",
            VictimPhase::Blocked => "is blocked",
            VictimPhase::Proven => "may go",
            VictimPhase::Permitted => "is given up, and its machine not known to be gone",
            VictimPhase::MachineGone => "has lost its machine",
            VictimPhase::NodeDeleted => "is gone",
            VictimPhase::Restoring => "is being given back",
            VictimPhase::Kept => "stays",
        }
    }
}
