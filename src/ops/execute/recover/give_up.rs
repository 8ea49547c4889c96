//! An operation that nobody goes on with, because the whole cluster goes. Machines that it made and that no state has are
//! taken in first: nothing else would find them.

use crate::model::failure::Result;
use crate::model::journal::{Act, Entry, PartId, PartPhase, Status};
use crate::model::names::StackId;
use crate::model::plan::FoundationChange;
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Lease;
use crate::ops::ports::{Event, Ports};
use crate::ops::task::Task;
use crate::ops::{stacks, state};

use super::super::make::Left;
use super::super::provision::{boot, token};
use super::super::session::Session;
use super::finish::phase;
use super::{Settled, can_finish, may_change, plan, take_over};

pub(super) async fn give_up(
    ports: &Ports,
    task: &Task,
    lease: Lease,
    began: Status,
    interrupts: Interrupts,
) -> Result<Settled> {
    let stored = super::stored(ports, &began).await?;
    let takes_in = !makes(&began).is_empty();
    if let Some((record, _)) = &stored {
        may_change(ports, record).await?;
        if takes_in {
            can_finish(ports, task, &began, Some(record)).await?;
        }
    }
    let (mut journal, stored) = take_over(ports, task, &lease, &began, stored).await?;
    let nodes = boot::take_back(ports, &lease, began.offers()).await?;
    if !nodes.is_empty() {
        journal.write(Entry::JoinWithdrawn { nodes }).await?;
    }
    if let Some(cluster) = stored.as_ref().and_then(|(record, _)| record.kube_system_uid.as_ref()) {
        for token in token::revoke(ports, &lease, cluster, began.tokens()).await? {
            journal.write(Entry::TokenRevoked { token }).await?;
        }
    }
    let mut settled = Settled::of(began.operation());
    let given_up =
        Entry::Superseded { why: format!("{} on {} destroys the whole cluster", task.holder.user, task.holder.host) };
    let Some((record, version)) = stored.filter(|_| takes_in) else {
        journal.write(given_up).await?;
        settled.outcome = journal.status().and_then(Status::outcome);
        return Ok(settled);
    };
    let plan = plan::of(&began, &record, &task.source);
    let former = Some(record.source.clone());
    let operation = began.operation().clone();
    let before = record.clone();
    let mut session = Session::new(ports, task, &plan, operation, lease, interrupts, journal, former, record);
    session.take_in_made(&began, &mut settled).await.map_err(|failure| {
        failure
            .context(
                "what the unfinished operation made and no state has could not be taken in, and would be left over",
            )
            .hint("run scaler destroy again; what cannot be taken in is to be terminated in the cloud first")
    })?;
    if session.record != before {
        plan::use_up_names(&mut session.record, &began);
        session.next_generation();
        session.write_down(version).await?;
    }
    let mut journal = session.journal.lock().await;
    // With what was taken in it may have come to its end by itself.
    if journal.status().and_then(Status::outcome).is_none() {
        journal.write(given_up).await?;
    }
    settled.outcome = journal.status().and_then(Status::outcome);
    drop(journal);
    Ok(settled)
}

/// The parts that may have made machines of which the record does not know.
fn makes(began: &Status) -> Vec<PartId> {
    began.past().into_iter().filter(|part| part.act == Act::Make).collect()
}

impl Session<'_> {
    /// Machines that no state has are imported. Whatever a state has by then is the record's too: a destroy goes by that.
    async fn take_in_made(&mut self, began: &Status, settled: &mut Settled) -> Result<()> {
        for part in makes(began) {
            self.interrupts.check()?;
            match part.stack {
                StackId::Foundation => self.take_in_foundation(began, &part, settled).await?,
                StackId::Pool(_) => self.take_in_pool(began, &part, settled).await?,
            }
        }
        Ok(())
    }

    async fn take_in_foundation(&mut self, began: &Status, part: &PartId, settled: &mut Settled) -> Result<()> {
        let FoundationChange::Create { nodes } = &self.plan.foundation else { return Ok(()) };
        let state = state::read(&self.ports, &part.stack).await?;
        let mut left = self.left_of(began, part, nodes.keys(), state.as_ref()).await?;
        let told = left.told(nodes);
        if imports(began, part, &left) {
            stacks::init_foundation(&self.ports, self.task, &self.record, &told).await?;
            self.take_in(part, &mut left, state.as_ref(), settled).await?;
        }
        let Some(state) = state::read(&self.ports, &part.stack).await? else { return Ok(()) };
        self.keep_control_plane(&told, &state);
        self.record_stack(part, &state, began).await
    }

    async fn take_in_pool(&mut self, began: &Status, part: &PartId, settled: &mut Settled) -> Result<()> {
        let mut change = self.change_of(part)?;
        let state = state::read(&self.ports, &part.stack).await?;
        let mut left = self.left_of(began, part, change.additions.keys(), state.as_ref()).await?;
        if left.made.standing.is_empty() && left.made.adoptable.is_empty() && left.made.lost.is_empty() {
            return Ok(());
        }
        let foundation = self.foundation().await?;
        let additions = self.settle(&change.pool, &change.additions, &foundation);
        let told = left.told(&additions);
        if imports(began, part, &left) {
            let mut nodes = self.nodes(&change.pool);
            nodes.extend(told.clone());
            self.init_as_wanted(&change.pool, &nodes, &foundation).await?;
            self.take_in(part, &mut left, state.as_ref(), settled).await?;
            change.additions.retain(|name, _| left.made.standing.contains_key(name));
            left.made.missing.clear();
            // Some of what a machine was made with is not in it, and Terraform may need that to end it.
            let applied = self.make_rest(&change, &foundation, &left).await;
            if let Some(failure) = applied.map_or_else(Some, |made| made.shortfall) {
                self.lease.check()?;
                let text = format!("machines were taken in, and are not as they should be: {failure}");
                self.tell(Event::Warning { text });
            }
        }
        let Some(state) = state::read(&self.ports, &part.stack).await? else { return Ok(()) };
        // One whose machine is gone again is retired by whatever comes next, as long as the state has it.
        let lost = additions.into_iter().filter(|(name, _)| left.made.lost.contains_key(name));
        self.keep_made(&change.pool, lost.chain(told).collect(), &state);
        self.record_stack(part, &state, began).await
    }
}

/// Whether there are machines that the part's state is still to learn of.
fn imports(began: &Status, part: &PartId, left: &Left) -> bool {
    phase(began, part) != Some(PartPhase::Applied) && !left.made.adoptable.is_empty()
}
