//! Taking one entry in.

use std::collections::BTreeMap;

use super::super::{Act, ApplyEnd, Entry, Outcome, PartId, Permit, Proof};
use super::part::{PartPhase, PartStep};
use super::victim::VictimStep;
use super::{IllegalTransition, Status, Victim};
use crate::model::names::NodeName;

impl Status {
    /// Takes an entry in. After an error nothing has changed.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), IllegalTransition> {
        self.take(entry).map_err(|why| IllegalTransition { entry: entry.told(), why })
    }

    /// Every arm decides all before it changes anything.
    fn take(&mut self, entry: &Entry) -> Result<(), String> {
        if let Some(outcome) = self.outcome {
            return Err(format!("the operation has ended, {}", outcome.told()));
        }
        match entry {
            Entry::Started(_) => return Err("the operation has started already".into()),
            Entry::TakenOver { holder } => {
                self.holder = holder.clone();
                // Who goes on tries again, and says so anew if that is in vain.
                self.parts.values_mut().for_each(|part| part.stuck = None);
            }
            Entry::Cordoning { node, uid, was_unschedulable } => {
                self.drainable(node)?;
                self.victim(node, &VictimStep::Cordon { uid, was_unschedulable: *was_unschedulable })?;
            }
            Entry::Cordoned { node, uid } => self.victim(node, &VictimStep::Cordoned { uid })?,
            Entry::DrainStarted { node } => {
                self.drainable(node)?;
                self.victim(node, &VictimStep::Drain)?;
            }
            Entry::Evidence { node, uid, machine_id, proof } => {
                let accepted = self.start.accept_lost.contains(node);
                let (uid, machine_id) = (uid.as_deref(), machine_id.as_deref());
                self.victim(node, &VictimStep::Prove { uid, machine_id, proof, accepted })?;
            }
            Entry::NodeBlocked { node, reasons } => self.victim(node, &VictimStep::Block { reasons })?,
            Entry::Spared { node } => {
                if !self.start.partial {
                    return Err("nobody asked for `--partial`: all victims go, or none".into());
                }
                self.victim(node, &VictimStep::Keep)?;
            }
            Entry::PlanStarted { part } => self.part(part, &PartStep::Plan)?,
            Entry::Planned { part, lock_file, .. } => {
                self.part(part, &PartStep::Planned { lock_file: lock_file.as_ref() })?;
            }
            Entry::PartBlocked { part, reasons } => self.part(part, &PartStep::Block { reasons })?,
            Entry::PointOfNoReturn { part, permits } => self.pass(part, permits)?,
            Entry::Leaving { part, nodes } => self.leave(part, nodes)?,
            Entry::ApplyEnded { part, end } => self.applied(part, end)?,
            Entry::Adopting { part, node, machine_id } | Entry::Untainting { part, node, machine_id } => {
                self.adoptable(part)?;
                let newcomer = self.newcomer(node)?;
                if newcomer.part != *part {
                    return Err(format!("`{node}` is no node that this part makes"));
                }
                newcomer.machine_id = Some(machine_id.clone());
                newcomer.adopted |= matches!(entry, Entry::Adopting { .. });
                self.uncommitted = true;
            }
            Entry::TokenIssuing { token } => {
                if !self.tokens.insert(token.clone()) {
                    return Err(format!("the token {token} was issued already"));
                }
            }
            Entry::TokenRevoked { token } => {
                if !self.tokens.remove(token) {
                    return Err(format!("no token {token} was issued"));
                }
            }
            Entry::JoinOffering { joins } if joins.is_empty() => return Err("it is for no machine".into()),
            Entry::JoinOffering { joins } => {
                if let Some(node) = joins.keys().find(|node| self.offers.contains_key(*node)) {
                    return Err(format!("`{node}` can join already"));
                }
                self.offers.extend(joins.clone());
            }
            Entry::JoinWithdrawn { nodes } => {
                if let Some(node) = nodes.iter().find(|node| !self.offers.contains_key(*node)) {
                    return Err(format!("there was nothing for `{node}` to join by"));
                }
                self.offers.retain(|node, _| !nodes.contains(node));
            }
            Entry::Provisioning { nodes } if nodes.is_empty() => return Err("it is of no machine".into()),
            Entry::Provisioning { .. } => {}
            Entry::Labelling { nodes } if nodes.is_empty() => return Err("it is of no node".into()),
            Entry::Labelling { nodes } => {
                if let Some(node) = nodes.keys().find(|node| self.victims.contains_key(*node)) {
                    return Err(format!("`{node}` is to go"));
                }
                self.labelling = nodes.keys().cloned().collect();
            }
            Entry::Labelled if self.labelling.is_empty() => return Err("nothing was about to be labelled".into()),
            Entry::Labelled => {
                self.labelling.clear();
                self.labelled = true;
            }
            Entry::ClusterKnown { uid } => {
                if let Some(known) = self.cluster.as_ref().filter(|known| *known != uid) {
                    return Err(format!("the cluster is known to be another, {known}"));
                }
                self.cluster = Some(uid.clone());
            }
            Entry::NodeReady { node, uid } => {
                let newcomer = self.newcomer(node)?;
                newcomer.ready = Some(uid.clone());
                newcomer.not_ready = None;
            }
            Entry::NodeNotReady { node, why } => {
                let newcomer = self.newcomer(node)?;
                if newcomer.ready.is_some() {
                    return Err("the node was Ready already".into());
                }
                newcomer.not_ready = Some(why.clone());
            }
            Entry::MachineGone { node, machine_id } => {
                self.finishable(node)?;
                self.victim(node, &VictimStep::MachineGone { machine_id })?;
                self.uncommitted = true;
            }
            Entry::NodeDeleted { node, uid } => {
                self.finishable(node)?;
                self.victim(node, &VictimStep::NodeDeleted { uid })?;
                self.uncommitted = true;
            }
            Entry::UndoBegan { part, why } => {
                let kept = self.all(part, |_, _| Ok(VictimStep::Keep))?;
                self.part(part, &PartStep::Undo { why })?;
                self.victims.extend(kept);
            }
            Entry::Uncordoned { node, .. } => self.victim(node, &VictimStep::Uncordoned)?,
            Entry::Stuck { part, thing } => self.part(part, &PartStep::Stick { thing })?,
            Entry::Committed { generation } => {
                let before = self.generation.or(self.start.base_generation).unwrap_or_default();
                if *generation <= before {
                    return Err(format!("generation {before} came before it"));
                }
                self.generation = Some(*generation);
                self.uncommitted = false;
            }
            Entry::Superseded { .. } => self.outcome = Some(Outcome::Partial),
            Entry::Finished { outcome } => match self.ending() {
                Ok(true_outcome) if true_outcome == *outcome => self.outcome = Some(*outcome),
                Ok(true_outcome) => return Err(format!("what was done comes to another end: {}", true_outcome.told())),
                Err(left) => return Err(left.join("; ")),
            },
        }
        Ok(())
    }

    fn victim(&mut self, node: &NodeName, step: &VictimStep) -> Result<(), String> {
        let victim = self.victims.get_mut(node).ok_or_else(|| not_a(node, "to go"))?;
        *victim = victim.step(step)?;
        Ok(())
    }

    fn part(&mut self, part: &PartId, step: &PartStep) -> Result<(), String> {
        let status = self.parts.get_mut(part).ok_or_else(|| format!("the operation has no part {part}"))?;
        *status = status.step(step)?;
        Ok(())
    }

    fn newcomer(&mut self, node: &NodeName) -> Result<&mut super::Newcomer, String> {
        let newcomer = self.newcomers.get_mut(node).ok_or_else(|| not_a(node, "to be made"))?;
        if !self.parts.get(&newcomer.part).is_some_and(|part| part.past) {
            return Err("its machine was not made yet".into());
        }
        Ok(newcomer)
    }

    /// Only what an apply may have left behind is adopted.
    fn adoptable(&self, part: &PartId) -> Result<(), String> {
        match self.parts.get(part) {
            Some(status) if status.past && status.phase != PartPhase::Applied => Ok(()),
            _ => Err("no apply of its part was cut off".into()),
        }
    }

    /// What victims of a part become by one step each.
    fn all<'a>(
        &self,
        part: &PartId,
        step: impl Fn(&NodeName, &Victim) -> Result<VictimStep<'a>, String>,
    ) -> Result<BTreeMap<NodeName, Victim>, String> {
        let next = self.victims_of(part).map(|(node, victim)| {
            let next = step(node, victim).and_then(|step| victim.step(&step));
            next.map(|next| (node.clone(), next)).map_err(|why| format!("{node}: {why}"))
        });
        next.collect()
    }

    /// A drain has no place in a part that is blocked or undone.
    fn drainable(&self, node: &NodeName) -> Result<(), String> {
        let victim = self.victims.get(node).ok_or_else(|| not_a(node, "to go"))?;
        match self.parts.get(&victim.part).map(|part| part.phase) {
            Some(phase @ (PartPhase::Blocked | PartPhase::Undoing)) => Err(format!("the part {}", phase.told())),
            _ => Ok(()),
        }
    }

    /// What comes after an apply comes when that has ended, well or not.
    fn finishable(&self, node: &NodeName) -> Result<(), String> {
        let victim = self.victims.get(node).ok_or_else(|| not_a(node, "to go"))?;
        match self.parts.get(&victim.part) {
            Some(part) if part.past && part.phase != PartPhase::Applying => Ok(()),
            _ => Err("its part's apply has not ended".into()),
        }
    }

    fn pass(&mut self, part: &PartId, permits: &[Permit]) -> Result<(), String> {
        if let Some(stranger) = permits.iter().find(|permit| {
            self.victims.get(&permit.node).is_none_or(|victim| victim.part != *part) && part.act != Act::Destroy
        }) {
            return Err(format!("`{}` is no node that this part removes", stranger.node));
        }
        if part.act == Act::Remove {
            self.all_drains_ended()?;
        }
        let mut passed = BTreeMap::new();
        for (node, victim) in self.victims_of(part) {
            let permit = permits.iter().find(|permit| permit.node == *node);
            let next = match permit {
                Some(permit) => victim.step(&VictimStep::Permit(permit)).map_err(|why| format!("{node}: {why}"))?,
                // Spared, and its place in the state is kept.
                None if part.act == Act::Destroy || victim.phase_is_kept() => continue,
                None => return Err(format!("{node}: it is neither permitted to go nor spared")),
            };
            passed.insert(node.clone(), next);
        }
        self.part(part, &PartStep::Pass)?;
        self.victims.extend(passed);
        Ok(())
    }

    /// All drains end before the first apply that removes: whoever is still to be drained might block, and then
    /// nothing is to be destroyed.
    fn all_drains_ended(&self) -> Result<(), String> {
        let waiting = self.victims.iter().find(|(_, victim)| {
            victim.part.act == Act::Remove && !victim.is_past() && !victim.phase_is_kept() && victim.proof.is_none()
        });
        match waiting {
            Some((node, victim)) => Err(format!("{node}: the node {}, and its drain comes first", victim.phase.told())),
            None => Ok(()),
        }
    }

    /// Only who was drained, and goes whatever comes, is told to leave.
    fn leave(&mut self, part: &PartId, nodes: &[NodeName]) -> Result<(), String> {
        let leaves = |node: &NodeName| {
            let victim = self.victims.get(node).filter(|victim| victim.part == *part);
            victim.is_some_and(|victim| victim.is_past() && victim.proof == Some(Proof::Drained))
        };
        match nodes.iter().find(|node| !leaves(node)) {
            _ if nodes.is_empty() => Err("it is of no machine".into()),
            Some(stays) => Err(format!("`{stays}` is no drained node that this part removes")),
            None => self.part(part, &PartStep::Leave),
        }
    }

    fn applied(&mut self, part: &PartId, end: &ApplyEnd) -> Result<(), String> {
        let status = self.parts.get(part).ok_or_else(|| format!("the operation has no part {part}"))?;
        let next = status.step(&PartStep::End(end))?;
        match end {
            ApplyEnd::Done { machines, .. } => {
                for (node, machine_id) in machines {
                    if let Some(newcomer) = self.newcomers.get_mut(node).filter(|newcomer| newcomer.part == *part) {
                        newcomer.machine_id = Some(machine_id.clone());
                    }
                }
                self.uncommitted = true;
            }
            ApplyEnd::Stale if !next.past => {
                let stale = self.victims_of(part).filter(|(_, victim)| victim.is_past());
                let stale = stale.map(|(node, victim)| Ok((node.clone(), victim.step(&VictimStep::Stale)?)));
                let stale: BTreeMap<NodeName, Victim> = stale.collect::<Result<_, String>>()?;
                self.victims.extend(stale);
            }
            ApplyEnd::Stale => {}
            ApplyEnd::Failed { .. } => self.uncommitted = true,
        }
        self.parts.insert(part.clone(), next);
        Ok(())
    }
}

impl Victim {
    fn phase_is_kept(&self) -> bool {
        matches!(self.phase, super::VictimPhase::Restoring | super::VictimPhase::Kept)
    }
}

fn not_a(node: &NodeName, what: &str) -> String {
    format!("the operation has no node `{node}` that is {what}")
}
