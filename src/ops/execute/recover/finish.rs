//! Finishing the parts that are past their point of no return.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::failure::{Failure, Result};
use crate::model::file::Provisioning;
use crate::model::journal::{Act, ApplyEnd, Entry, Outcome, PartId, PartPhase, Status};
use crate::model::names::{NodeName, StackId};
use crate::model::plan::{PoolChange, Removal, Way};
use crate::ops::{access, identity, stacks, state};

use super::super::Ended;
use super::super::session::Session;
use super::Settled;

impl Session<'_> {
    /// Finishes each, in the order in which they were to be applied. One that cannot be is `Stuck`, and named; the others
    /// go on. An error is about the journal or the lease: nothing can be done any more.
    pub(super) async fn finish_parts(&mut self, began: &Status, settled: &mut Settled) -> Result<()> {
        self.learn_cluster().await?;
        let past: BTreeSet<PartId> = began.past().into_iter().collect();
        let mut ended = Ended::nothing();
        for part in began.start().parts.iter().filter(|part| past.contains(&part.id)) {
            self.interrupts.check()?;
            let finished = match part.id.act {
                Act::Make => self.finish_make(began, &part.id, &mut ended, settled).await,
                Act::Retire => self.finish_retire(began, &part.id, &mut ended).await,
                Act::Remove => self.finish_remove(began, &part.id, &mut ended).await,
                Act::Destroy => self.finish_destroy(began, &part.id, &mut ended).await,
            };
            match finished {
                Ok(true) => settled.finished.push(part.id.clone()),
                Ok(false) => {}
                Err(failure) => {
                    self.lease.check()?;
                    self.stick(&part.id, &failure).await?;
                    settled.left.push(format!("part {}: {}", part.id, failure.with_hints()));
                }
            }
        }
        let shortfall = self.join_newcomers(began).await?;
        settled.left.extend(shortfall.map(|failure| failure.to_string()));
        settled.added.extend(ended.added);
        settled.removed.extend(ended.removed);
        Ok(())
    }

    /// The one thing that stands against a part, in the journal. What was noted at the place itself is not repeated.
    async fn stick(&self, part: &PartId, failure: &Failure) -> Result<()> {
        let stuck = self.part_status(part).await.is_some_and(|status| status.stuck.is_some());
        if stuck || part.act == Act::Destroy {
            return Ok(());
        }
        if self.part_status(part).await.is_some_and(|status| status.phase == PartPhase::Applying) {
            let end = ApplyEnd::Failed { why: failure.to_string(), serial: None };
            self.note(Entry::ApplyEnded { part: part.clone(), end }).await?;
        }
        self.note(Entry::Stuck { part: part.clone(), thing: failure.with_hints() }).await
    }

    /// New nodes whose end was not seen yet are waited for.
    async fn join_newcomers(&mut self, began: &Status) -> Result<Option<Failure>> {
        let mut joining = BTreeMap::new();
        for (name, newcomer) in began.newcomers() {
            let Some(pool) = newcomer.part.stack.pool() else { continue };
            let made = self.record.pools.get(pool).and_then(|pool| pool.nodes.get(name));
            if let (Some(node), None, None) = (made, &newcomer.ready, &newcomer.not_ready) {
                joining.insert(name.clone(), node.machine_id.clone());
            }
        }
        if !joining.is_empty() {
            self.reach_what_was_made().await;
        }
        let shortfall = self.join(&joining).await?;
        if !joining.is_empty() {
            self.learn_cluster().await?;
        }
        Ok(shortfall)
    }

    /// The run that made the cluster had its access from there, and nobody else has it yet. That it cannot be had is told by
    /// whatever needs it.
    async fn reach_what_was_made(&mut self) {
        let by_ssh = self.task.file.control_plane.provisioning == Provisioning::Ssh;
        let (true, Err(_), Some(uid)) = (by_ssh, &self.ports.kubernetes, self.record.kube_system_uid.clone()) else {
            return;
        };
        let opened = async {
            let access = access::of(&self.ports, self.task, &mut self.record, &self.interrupts).await?;
            let kubernetes = self.ports.door.open(&access).await?;
            identity::same(kubernetes.as_ref(), &uid).await?;
            Ok::<_, Failure>(kubernetes)
        };
        match opened.await {
            Ok(kubernetes) => self.ports.kubernetes = Ok(kubernetes),
            Err(failure) => tracing::warn!(%failure, "the control planes did not give out the cluster's access"),
        }
    }

    async fn finish_retire(&mut self, began: &Status, part: &PartId, ended: &mut Ended) -> Result<bool> {
        let change = self.change_of(part)?;
        let gone: Vec<&Removal> = change.removals.iter().filter(|removal| removal.way == Way::Gone).collect();
        if phase(began, part) != Some(PartPhase::Applied) {
            let foundation = self.foundation().await?;
            self.forget(&change, &gone, &foundation).await?;
        }
        self.forgotten(&change.pool, &gone, ended).await?;
        Ok(true)
    }

    /// A stack that was being destroyed. What was destroyed is written down, the rest is the next `destroy`'s.
    async fn finish_destroy(&mut self, began: &Status, part: &PartId, ended: &mut Ended) -> Result<bool> {
        match phase(began, part) {
            Some(PartPhase::Applied) => {}
            Some(PartPhase::Applying) => {
                let serial = state::read(&self.ports, &part.stack).await?.map(|state| state.serial);
                let end = ApplyEnd::Failed { why: "the run that applied it was cut off".into(), serial };
                self.note(Entry::ApplyEnded { part: part.clone(), end }).await?;
                return Ok(false);
            }
            _ => return Ok(false),
        }
        if part.stack == StackId::Foundation {
            self.nothing_left().await?;
            ended.removed.extend(self.record.control_plane.nodes.keys().cloned());
            self.record.control_plane.nodes.clear();
            self.record.destroyed = true;
            return Ok(true);
        }
        let change = self.change_of(part)?;
        let removals: Vec<&Removal> = change.removals.iter().collect();
        self.bury_rest(began, part, &change.pool, &removals).await?;
        ended.removed.extend(removals.iter().map(|removal| removal.node.clone()));
        Ok(true)
    }

    /// What the plan says of a part's pool.
    pub(super) fn change_of(&self, part: &PartId) -> Result<PoolChange> {
        let change = self.plan.pools.iter().find(|change| change.stack() == part.stack);
        change.cloned().ok_or_else(|| Failure::failed(format!("part {part} is of no pool")))
    }

    /// What the foundation passes to the pools.
    pub(super) async fn foundation(&self) -> Result<serde_json::Value> {
        stacks::foundation(&self.ports).await
    }

    /// The pools of which every part was applied.
    pub(super) async fn whole_pools(&self) -> BTreeSet<String> {
        let journal = self.journal.lock().await;
        let Some(status) = journal.status() else { return BTreeSet::new() };
        let pools: BTreeSet<String> =
            status.parts().keys().filter_map(|part| part.stack.pool().map(str::to_owned)).collect();
        let whole = |pool: &String| {
            let mut of_pool = status.parts().iter().filter(|(part, _)| part.stack.pool() == Some(pool.as_str()));
            of_pool.all(|(_, part)| part.phase == PartPhase::Applied)
                && status
                    .newcomers()
                    .iter()
                    .all(|(name, newcomer)| newcomer.part.stack.pool() != Some(pool.as_str()) || self.has(pool, name))
        };
        pools.into_iter().filter(whole).collect()
    }

    fn has(&self, pool: &str, name: &NodeName) -> bool {
        self.record.pools.get(pool).is_some_and(|pool| pool.nodes.contains_key(name))
    }

    async fn part_status(&self, part: &PartId) -> Option<crate::model::journal::PartStatus> {
        self.journal.lock().await.status().and_then(|status| status.parts().get(part).cloned())
    }

    pub(super) async fn status_ending(&self) -> Result<Outcome, Vec<String>> {
        let journal = self.journal.lock().await;
        let Some(status) = journal.status() else { return Err(Vec::new()) };
        status.outcome().map_or_else(|| status.ending(), Ok)
    }
}

pub(super) fn phase(began: &Status, part: &PartId) -> Option<PartPhase> {
    began.parts().get(part).map(|part| part.phase)
}
