//! One part: plan, guard, point of no return, apply.

use jiff::Timestamp;

use crate::model::failure::{Failure, Kind, Result};
use crate::model::guard::{self, Expected};
use crate::model::journal::{Act, ApplyEnd, Entry, PartId, Permit, PlanSummary};
use crate::model::names::{NodeName, StackId};
use crate::model::record::{StackSerial, TerraformPin};
use crate::model::state::State;
use crate::ops::ports::Event;
use crate::ops::ports::terraform::{Applied, PlanMode};
use crate::ops::{stacks, state, state_lock};

use super::carry_on::Words;
use super::login;
use super::provision::leave::after_leaving;
use super::session::Session;

/// How often a plan that went stale is made and guarded again. Someone else writes to our state then; more tries would
/// only hide it.
const TRIES: u32 = 3;

pub struct PartRun {
    pub id: PartId,
    pub mode: PlanMode,
    pub expected: Expected,
    /// Which machines this part may destroy; for the journal.
    pub permits: Vec<Permit>,
    /// The drained nodes whose machines are reset before the apply.
    pub leaving: Vec<NodeName>,
    /// The text of `.terraform.lock.hcl` that the stack was initialised with.
    pub lock_file: String,
}

/// How a part ended that reached its point of no return.
pub enum PartEnd {
    Done(State),
    Failed { failure: Failure, state: StateAfter },
}

/// The state that an apply left which failed.
pub enum StateAfter {
    Read(State),
    /// There is none: nothing was done, or nothing of it was saved.
    Missing,
    /// Nobody knows what Terraform did, and this is why.
    Unread(Failure),
}

impl StateAfter {
    pub fn read(self) -> Option<State> {
        match self {
            StateAfter::Read(state) => Some(state),
            StateAfter::Missing | StateAfter::Unread(_) => None,
        }
    }
}

impl Session<'_> {
    /// Runs a part of a stack that is initialised. An error means that its point of no return was not reached, and that
    /// nothing of it was done. `last_look` runs right before that point.
    pub async fn run_part(&self, run: &PartRun, last_look: impl AsyncFn() -> Result<()>) -> Result<PartEnd> {
        let step = run.id.to_string();
        let (doing, done) = told(&run.id);
        self.tell(Event::StepStarted { step: step.clone(), title: doing.clone() });
        let end = self.plan_and_apply(run, last_look).await;
        self.tell(match &end {
            Ok(PartEnd::Done(_)) => Event::StepDone { step, title: done },
            Ok(PartEnd::Failed { failure, .. }) | Err(failure) => {
                Event::StepFailed { step, title: doing, why: failure.what.clone() }
            }
        });
        end
    }

    async fn plan_and_apply(&self, run: &PartRun, last_look: impl AsyncFn() -> Result<()>) -> Result<PartEnd> {
        let terraform = &self.ports.terraform;
        let stack = &run.id.stack;
        let mut left_locked = None;
        for _ in 0..TRIES {
            let base = state::read(&self.ports, stack).await?.map(|state| state.serial);
            self.note(Entry::PlanStarted { part: run.id.clone() }).await?;
            self.lease.check()?;
            let began = self.ports.clock.now();
            let plan = match terraform.plan(stack, run.mode, Some(&self.lease)).await {
                Ok(plan) => plan,
                Err(failure) if self.own_lock_removed(stack, began).await => {
                    left_locked = Some(failure);
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            let summary = match guard::check(plan.json(), &run.expected) {
                Ok(summary) => summary,
                Err(violations) => return Err(self.refuse(run, violations).await?),
            };
            self.note(Entry::Planned {
                part: run.id.clone(),
                summary: PlanSummary {
                    create: summary.creates.clone(),
                    update: summary.updates.keys().cloned().collect(),
                    delete: summary.deletes.clone(),
                },
                base: base.clone(),
                lock_file: self.unpinned(run),
            })
            .await?;
            let now = self.ports.clock.now();
            login::lasts("the cloud", self.ports.cloud.login_ends().await?, now)?;
            login::lasts("the store", self.ports.store.access_ends(), now)?;
            last_look().await?;
            self.interrupts.check()?;
            self.note(Entry::PointOfNoReturn { part: run.id.clone(), permits: run.permits.clone() }).await?;
            let left = match self.leave(run).await {
                Ok(left) => left,
                Err(failure) => return Ok(self.failed(run, failure).await),
            };
            if let Err(lost) = self.lease.check() {
                return Ok(self.failed(run, lost).await);
            }
            let began = self.ports.clock.now();
            let applied = self.carry_on(words(stack), terraform.apply(plan, &self.lease)).await;
            let unlocked = !matches!(applied, Ok(Applied::Done)) && self.own_lock_removed(stack, began).await;
            match applied {
                Ok(Applied::Done) => return Ok(self.done(run, base).await),
                // Nobody gives back what was reset.
                Ok(Applied::Stale) if left => {
                    let why = Failure::failed("the state changed between Terraform's plan and its apply");
                    return Ok(self.failed(run, after_leaving(run, why)).await);
                }
                Ok(Applied::NotBegun(why)) if left => return Ok(self.failed(run, after_leaving(run, why)).await),
                Ok(Applied::Stale) => match self.nothing_done(run).await {
                    Ok(()) => left_locked = None,
                    Err(unwritten) => return Ok(PartEnd::Failed { failure: unwritten, state: StateAfter::Missing }),
                },
                Ok(Applied::NotBegun(failure)) => match self.nothing_done(run).await {
                    Ok(()) if unlocked => left_locked = Some(failure),
                    Ok(()) => return Err(failure),
                    Err(unwritten) => {
                        let failure = failure.because(unwritten).with_kind(Kind::Partial);
                        return Ok(PartEnd::Failed { failure, state: StateAfter::Missing });
                    }
                },
                Err(failure) => return Ok(self.failed(run, failure).await),
            }
        }
        if let Some(failure) = left_locked {
            return Err(failure);
        }
        // A plan that went stale did nothing: its part is before its point of no return again.
        Err(Failure::failed(format!("the state of stack {stack} changes while this operation runs"))
            .because(format!("{TRIES} plans in a row went stale before they could be applied"))
            .hint("find out who else runs Terraform on this state, and stop it"))
    }

    /// Runs a command of Terraform's that changes a state alone. If it fails, no lock of its own is left.
    pub(super) async fn change_state(&self, stack: &StackId, work: impl Future<Output = Result<()>>) -> Result<()> {
        let began = self.ports.clock.now();
        let changed = work.await;
        if changed.is_err() {
            self.own_lock_removed(stack, began).await;
        }
        changed
    }

    /// Whether Terraform failed over a lock that was its own, and that is out of the way now.
    async fn own_lock_removed(&self, stack: &StackId, began: Timestamp) -> bool {
        match state_lock::remove_own(&self.ports, &self.lease, stack, began).await {
            Ok(removed) => removed,
            Err(failure) => {
                tracing::warn!(%failure, %stack, "Terraform's own lock was not looked at");
                false
            }
        }
    }

    async fn refuse(&self, run: &PartRun, violations: Vec<guard::Violation>) -> Result<Failure> {
        let reasons: Vec<String> = violations.iter().map(ToString::to_string).collect();
        self.note(Entry::PartBlocked { part: run.id.clone(), reasons: reasons.clone() }).await?;
        Ok(refusal(run, reasons))
    }

    /// Takes the point of no return back.
    async fn nothing_done(&self, run: &PartRun) -> Result<()> {
        let ended = self.note(Entry::ApplyEnded { part: run.id.clone(), end: ApplyEnd::Stale }).await;
        ended.map_err(|failure| failure.with_kind(Kind::Partial))
    }

    /// What another machine needs to plan with the same providers, where neither record nor journal has it.
    fn unpinned(&self, run: &PartRun) -> Option<String> {
        let pinned = self.record.terraform.as_ref().is_some_and(|pin| pin.locks.contains_key(&run.id.stack));
        (!pinned).then(|| run.lock_file.clone())
    }

    async fn done(&self, run: &PartRun, base: Option<StackSerial>) -> PartEnd {
        let stack = &run.id.stack;
        let unknown = match state::read(&self.ports, stack).await {
            Ok(Some(state)) => return self.know_done(run, base, state).await,
            Ok(None) => Failure::failed(format!("after its apply, stack {stack} has no state")),
            Err(unread) => unread.context(format!("stack {stack} was applied, but its state cannot be read")),
        };
        self.failed(run, unknown).await
    }

    async fn know_done(&self, run: &PartRun, base: Option<StackSerial>, state: State) -> PartEnd {
        let end =
            ApplyEnd::Done { serial: state.serial.clone(), machines: stacks::machine_ids(self.plan.provider, &state) };
        if let Err(unwritten) = self.note(Entry::ApplyEnded { part: run.id.clone(), end }).await {
            let failure = unwritten
                .context(format!("stack {} was applied, and that could not be written to the journal", run.id.stack))
                .with_kind(Kind::Partial);
            return PartEnd::Failed { failure, state: StateAfter::Read(state) };
        }
        if let Some(why) = base.and_then(|base| not_after(&base, &state.serial)) {
            let failure =
                Failure::new(Kind::Partial, format!("the state of stack {} was replaced by another", run.id.stack))
                    .because(why)
                    .hint("find out who wrote to the store, and bring the former state back from its versions");
            return PartEnd::Failed { failure, state: StateAfter::Read(state) };
        }
        PartEnd::Done(state)
    }

    async fn failed(&self, run: &PartRun, failure: Failure) -> PartEnd {
        // What Terraform did before it failed is in its state, if that can still be read.
        let (state, serial) = match state::read(&self.ports, &run.id.stack).await {
            Ok(Some(state)) => {
                let serial = state.serial.clone();
                (StateAfter::Read(state), Some(serial))
            }
            Ok(None) => (StateAfter::Missing, None),
            Err(unread) => (StateAfter::Unread(unread), None),
        };
        let end = ApplyEnd::Failed { why: failure.to_string(), serial };
        let noted = self.note(Entry::ApplyEnded { part: run.id.clone(), end }).await;
        let failure = match noted {
            Ok(()) => failure,
            Err(unwritten) => failure.because(unwritten),
        };
        PartEnd::Failed { failure: failure.with_kind(Kind::Partial), state }
    }

    /// Keeps what a stack's init settled: the provider versions, and the Terraform that may read its state.
    pub async fn pin(&mut self, run: &PartRun) -> Result<()> {
        self.pin_lock(&run.id.stack, run.lock_file.clone()).await
    }

    /// The same, from the text that the journal kept.
    pub async fn pin_lock(&mut self, stack: &StackId, lock_file: String) -> Result<()> {
        let tool = self.ports.terraform.tool().await?;
        let pin = self.record.terraform.get_or_insert_with(|| TerraformPin {
            flavour: tool.flavour,
            least_version: tool.version.clone(),
            locks: Default::default(),
        });
        pin.least_version = pin.least_version.clone().max(tool.version);
        pin.locks.insert(stack.clone(), lock_file);
        Ok(())
    }
}

/// Why a state is not what an apply to this base left. Terraform counts the serial up with each write of a change.
fn not_after(base: &StackSerial, now: &StackSerial) -> Option<String> {
    if base.lineage != now.lineage {
        return Some("its lineage changed during the apply".to_owned());
    }
    let (was, is) = (base.serial, now.serial);
    (is < was).then(|| format!("its serial was {was} before the apply, and is {is} now: an older state was put there"))
}

fn words(stack: &StackId) -> Words {
    Words {
        first: format!(
            "interrupted past the point of no return: Terraform goes on to the end of its apply of stack {stack}, and \
             what it does is written down; a second signal interrupts it in the middle"
        ),
        second: format!(
            "Terraform is interrupted in its apply of stack {stack}: it ends the changes that it has begun, saves its \
             state, and leaves the rest undone"
        ),
    }
}

/// What a part does and did, for people.
fn told(part: &PartId) -> (String, String) {
    let stack = &part.stack;
    let (doing, done) = match part.act {
        Act::Retire => ("Terraform forgets the vanished machines of", "Terraform forgot the vanished machines of"),
        Act::Make => ("Terraform makes what is wanted of", "Terraform made what is wanted of"),
        Act::Remove => ("Terraform removes machines of", "Terraform removed machines of"),
        Act::Destroy => ("Terraform destroys", "Terraform destroyed"),
    };
    (format!("{doing} {stack}"), format!("{done} {stack}"))
}

/// What the operator reads when Terraform wants more than the operation allows.
pub fn refusal(run: &PartRun, reasons: Vec<String>) -> Failure {
    let mut failure =
        Failure::refused(format!("Terraform's plan for stack {} goes beyond what this operation may do", run.id.stack));
    failure.causes = reasons;
    failure
        .hint("nothing was changed; look at the machines and the state: they differ from what scaler's record says")
        .hint("`scaler status` shows what differs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_follows_its_base_or_is_not_ours() {
        let at = |lineage: &str, serial| StackSerial { lineage: lineage.into(), serial };
        let base = at("l", 7);
        for serial in [7, 8, 12] {
            assert_eq!(not_after(&base, &at("l", serial)), None, "{serial}");
        }
        assert!(not_after(&base, &at("l", 6)).unwrap().contains("was 7 before the apply, and is 6 now"));
        assert!(not_after(&base, &at("other", 8)).unwrap().contains("lineage"));
    }
}
