//! How one part stands.

use super::super::ApplyEnd;
use crate::model::record::StackSerial;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartStatus {
    pub phase: PartPhase,
    /// An apply was begun that may have done something. Never undone from then on.
    pub past: bool,
    /// An apply before the one under way may have done something, or its nodes were reset: it can never be undone.
    touched: bool,
    /// Nodes were reset since the point of no return that the apply under way was begun by.
    pub left: bool,
    /// The state after its last apply, where that is known.
    pub serial: Option<StackSerial>,
    /// The text of `.terraform.lock.hcl` that it was planned with, where its plan told it.
    pub lock_file: Option<String>,
    /// The one thing that must be fixed before it can be finished.
    pub stuck: Option<String>,
    /// Why it was blocked or undone, or why its apply failed.
    pub reasons: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartPhase {
    /// Terraform was not asked yet, or its last plan went stale.
    Open,
    /// Terraform's plan was begun.
    Planning,
    /// A plan passed the guard.
    Planned,
    /// Terraform's apply was begun, and how it ended is not known.
    Applying,
    Applied,
    /// Some of it may be done.
    Failed,
    /// It cannot go on.
    Blocked,
    /// What it had changed is being put back, or was.
    Undoing,
}

/// A step of a part.
pub enum PartStep<'a> {
    Plan,
    Planned { lock_file: Option<&'a String> },
    Block { reasons: &'a [String] },
    Pass,
    Leave,
    End(&'a ApplyEnd),
    Undo { why: &'a str },
    Stick { thing: &'a str },
}

impl PartStatus {
    /// Nothing of it was begun.
    pub fn open() -> PartStatus {
        PartStatus {
            phase: PartPhase::Open,
            past: false,
            touched: false,
            left: false,
            serial: None,
            lock_file: None,
            stuck: None,
            reasons: Vec::new(),
        }
    }

    /// The status after a step, or why that may not come.
    pub fn step(&self, step: &PartStep) -> Result<PartStatus, String> {
        use PartPhase::{Applying, Blocked, Failed, Open, Planned, Planning, Undoing};
        let next = |phase| PartStatus { phase, stuck: None, ..self.clone() };
        match (step, self.phase) {
            (PartStep::Plan, Open | Planning | Planned | Failed) => Ok(next(Planning)),
            // An apply whose end is not known was cut off; whoever goes on plans anew.
            (PartStep::Plan, Applying) => Ok(PartStatus { touched: true, ..next(Planning) }),
            (PartStep::Plan, Blocked) if self.past => Ok(next(Planning)),
            (PartStep::Planned { lock_file }, Planning) => {
                let lock_file = lock_file.cloned().or_else(|| self.lock_file.clone());
                Ok(PartStatus { lock_file, ..next(Planned) })
            }
            (PartStep::Block { reasons }, Open | Planning | Planned | Failed | Blocked) => {
                Ok(PartStatus { reasons: reasons.to_vec(), ..next(Blocked) })
            }
            (PartStep::Pass, Planned) => Ok(PartStatus { past: true, left: false, ..next(Applying) }),
            (PartStep::Leave, Applying) => Ok(PartStatus { touched: true, left: true, ..next(Applying) }),
            (PartStep::End(ApplyEnd::Stale), Applying) if self.left => {
                Err("its nodes were reset: it cannot be as if nothing had been done".into())
            }
            (PartStep::End(end), Applying) => Ok(self.ended(end)),
            (PartStep::Undo { .. }, _) if self.past => Err("the part is past its point of no return".into()),
            (PartStep::Undo { why }, _) => Ok(PartStatus { reasons: vec![why.to_string()], ..next(Undoing) }),
            (PartStep::Stick { .. }, _) if !self.past => {
                Err("the part is before its point of no return: it is undone, not stuck".into())
            }
            (PartStep::Stick { thing }, phase) => Ok(PartStatus { stuck: Some(thing.to_string()), ..next(phase) }),
            (_, phase) => Err(format!("the part {}", phase.told())),
        }
    }

    fn ended(&self, end: &ApplyEnd) -> PartStatus {
        let after = |phase| PartStatus { phase, stuck: None, ..self.clone() };
        match end {
            ApplyEnd::Done { serial, .. } => PartStatus { serial: Some(serial.clone()), ..after(PartPhase::Applied) },
            ApplyEnd::Stale => PartStatus { past: self.touched, ..after(PartPhase::Open) },
            ApplyEnd::Failed { why, serial } => PartStatus {
                serial: serial.clone().or_else(|| self.serial.clone()),
                reasons: vec![why.clone()],
                touched: true,
                ..after(PartPhase::Failed)
            },
        }
    }
}

impl PartPhase {
    /// Ends a sentence that begins with "the part".
    pub fn told(self) -> &'static str {
        match self {
            PartPhase::Open => "was not planned yet",
            PartPhase::Planning => "is being planned",
            PartPhase::Planned => "is planned, and not applied",
            PartPhase::Applying => "is being applied",
            PartPhase::Applied => "is applied",
            PartPhase::Failed => "failed while it was applied",
            PartPhase::Blocked => "is blocked",
            PartPhase::Undoing => "is undone",
        }
    }
}
