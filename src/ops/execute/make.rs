//! Parts that make things: the foundation, and new machines of pools.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::{Act, Entry, PartId};
use crate::model::names::{NodeName, StackId};
use crate::model::plan::{FoundationChange, PoolChange};
use crate::model::record::{JoinAccess, JoinRole, NodeRecord};
use crate::model::state::State;
use crate::model::{adoption, guard, join_file};
use crate::ops::ports::terraform::PlanMode;
use crate::ops::{preview, stacks, state};

use super::part::{PartEnd, PartRun, StateAfter};
use super::session::Session;

/// What an earlier run of a part left, and what became of its pool since. Empty where nothing ran before.
#[derive(Default)]
pub struct Left {
    pub made: adoption::Made,
    /// Nodes whose machine was imported, and what it is.
    pub adopted: Vec<guard::Machine>,
    /// Nodes of before whose machine is proven to be gone: Terraform is not to make it again.
    pub vanished: Vec<guard::Machine>,
}

impl Left {
    fn nothing<'a>(names: impl IntoIterator<Item = &'a NodeName>) -> Left {
        Left { made: adoption::Made::nothing(names), ..Left::default() }
    }

    /// Names that are used up, and machines that are gone; each once, though a name may be both.
    fn gone(&self) -> Vec<guard::Machine> {
        let lost = self.made.lost.iter().map(|(name, id)| (name.clone(), id.clone()));
        let gone: BTreeMap<NodeName, String> = self.vanished.iter().cloned().chain(lost).collect();
        gone.into_iter().collect()
    }

    /// The new nodes as Terraform is to be told of them.
    pub fn told(&self, additions: &BTreeMap<NodeName, NodeRecord>) -> BTreeMap<NodeName, NodeRecord> {
        let kept = additions.iter().filter(|(name, _)| !self.made.lost.contains_key(*name));
        let told = kept.map(|(name, node)| {
            let adopted = self.adopted.iter().any(|(one, _)| one == name);
            (name.clone(), NodeRecord { adopted, ..node.clone() })
        });
        told.collect()
    }
}

/// What a part that made something left behind.
pub struct Made {
    pub nodes: Vec<NodeName>,
    /// Why it is not all that was wanted.
    pub shortfall: Option<Failure>,
}

impl Session<'_> {
    /// Makes the foundation, or changes its tags; then returns what it passes to the pools.
    pub async fn make_foundation(&mut self, left: &Left) -> Result<(Value, Made)> {
        let id = PartId::new(StackId::Foundation, Act::Make);
        let nodes = match &self.plan.foundation {
            FoundationChange::Create { nodes } => left.told(nodes),
            _ => self.record.control_plane.nodes.clone(),
        };
        let state = state::read(&self.ports, &StackId::Foundation).await?;
        if !matches!(self.plan.foundation, FoundationChange::Create { .. } | FoundationChange::Tags) {
            let state = state.ok_or_else(|| Failure::failed("the foundation has no state any more"))?;
            return Ok((stacks::foundation_output(&state)?, Made { nodes: Vec::new(), shortfall: None }));
        }
        let lock_file = stacks::init_foundation(&self.ports, self.task, &self.record, &nodes).await?;
        let expected = preview::foundation(
            self.plan,
            self.task,
            self.flavour().await?,
            &self.record,
            state.as_ref(),
            &left.adopted,
        );
        let run = PartRun { id, mode: PlanMode::Apply, expected, permits: Vec::new(), leaving: Vec::new(), lock_file };
        match self.run_part(&run, async || Ok(())).await? {
            PartEnd::Done(state) => {
                self.pin(&run).await?;
                self.serial(StackId::Foundation, state.serial.clone());
                self.record.tags.insert(StackId::Foundation, self.task.file.tags.clone());
                self.record.joins = JoinAccess::wanted(&self.task.file, self.record.joins.as_ref());
                self.keep_control_plane(&nodes, &state);
                let made = match self.plan.foundation {
                    FoundationChange::Create { .. } => nodes.into_keys().collect(),
                    _ => Vec::new(),
                };
                Ok((stacks::foundation_output(&state)?, Made { nodes: made, shortfall: None }))
            }
            PartEnd::Failed { mut failure, state } => {
                let mut after = state;
                if let StateAfter::Read(found) = after {
                    let state;
                    (state, failure, _) = self.keep_broken_off(&run.id, nodes.keys(), found, failure).await;
                    self.keep_control_plane(&nodes, &state);
                    after = StateAfter::Read(state);
                }
                failure = self.keep_unsaved(&run.id, nodes.keys(), &after, failure).await;
                Err(failure.context("the foundation was not finished").hint("scaler apply goes on from here"))
            }
        }
    }

    pub(super) fn keep_control_plane(&mut self, nodes: &BTreeMap<NodeName, NodeRecord>, state: &State) {
        let ids = stacks::machine_ids(self.plan.provider, state);
        for (name, node) in nodes {
            let machine_id = ids.get(name).cloned();
            self.record.control_plane.nodes.insert(name.clone(), NodeRecord { machine_id, ..node.clone() });
        }
        self.record.control_plane.size = self.record.control_plane.nodes.len() as u32;
        self.record.control_plane.next_number = self.record.control_plane.next_number.max(nodes.len() as u64 + 1);
    }

    /// Makes a pool's new machines and changes the tags of those that stay.
    pub async fn make_pool(&mut self, change: &PoolChange, foundation: &Value) -> Result<Made> {
        self.make_rest(change, foundation, &Left::nothing(change.additions.keys())).await
    }

    /// The same, where some of it was made already.
    pub async fn make_rest(&mut self, change: &PoolChange, foundation: &Value, left: &Left) -> Result<Made> {
        let id = PartId::new(change.stack(), Act::Make);
        let additions = left.told(&self.settle(&change.pool, &change.additions, foundation));
        let mut nodes = self.nodes(&change.pool);
        nodes.retain(|name, _| !left.vanished.iter().any(|(gone, _)| gone == name));
        let empty = nodes.is_empty();
        let retagged = if change.tags { stacks::bound(&nodes) } else { Vec::new() };
        nodes.extend(additions.clone());
        let tags = stacks::wanted_tags(self.task, &self.record, &self.plan.request, &change.pool).clone();
        let lock_file =
            stacks::init_pool(&self.ports, self.task, &self.record, &change.pool, &nodes, foundation, &tags).await?;
        let names: Vec<NodeName> = left.made.missing.iter().cloned().collect();
        let gone = left.gone();
        let expected = guard::permits_for_pool(
            self.plan.provider,
            self.flavour().await?,
            &change.pool,
            &guard::PoolChange {
                additions: &names,
                gone: &gone,
                adopted: &left.adopted,
                retagged: &retagged,
                ..Default::default()
            },
        );
        let run = PartRun { id, mode: PlanMode::Apply, expected, permits: Vec::new(), leaving: Vec::new(), lock_file };
        let (state, shortfall, unseen) = match self.run_part(&run, async || Ok(())).await? {
            PartEnd::Done(state) => (state, None, BTreeSet::new()),
            PartEnd::Failed { failure, state: StateAfter::Read(state) } => {
                let (state, failure, unseen) = self.keep_broken_off(&run.id, additions.keys(), state, failure).await;
                let after = StateAfter::Read(state.clone());
                let failure = self.keep_unsaved(&run.id, additions.keys(), &after, failure).await;
                (state, Some(failure), unseen)
            }
            // What was made all the same, and what nobody knows, is for whoever goes on with this operation: it stays open.
            PartEnd::Failed { failure, state } => {
                return Err(self.keep_unsaved(&run.id, additions.keys(), &state, failure).await);
            }
        };
        self.pin(&run).await?;
        self.serial(change.stack(), state.serial.clone());
        // An apply that failed may have changed the tags of some; in a pool that was empty nobody has others.
        if shortfall.is_none() || empty {
            self.record.tags.insert(change.stack(), tags);
        }
        let mut made = self.keep_made(&change.pool, additions, &state);
        for node in &unseen {
            let why = "its making was broken off, and the cloud lists no machine of it".to_owned();
            self.note(Entry::NodeNotReady { node: node.clone(), why }).await?;
        }
        made.retain(|node| !unseen.contains(node));
        Ok(Made { nodes: made, shortfall })
    }

    /// Those of the new nodes that the state has a machine of are the record's from now on.
    pub(super) fn keep_made(
        &mut self,
        pool: &str,
        additions: BTreeMap<NodeName, NodeRecord>,
        state: &State,
    ) -> Vec<NodeName> {
        let ids = stacks::machine_ids(self.plan.provider, state);
        let mut made = Vec::new();
        for (name, node) in additions {
            if let Some(machine_id) = ids.get(&name).cloned() {
                made.push(name.clone());
                self.pool(pool).nodes.insert(name, NodeRecord { machine_id: Some(machine_id), ..node });
            }
        }
        made
    }

    /// What the foundation decides for a machine is fixed for it now.
    pub(super) fn settle(
        &self,
        pool: &str,
        additions: &BTreeMap<NodeName, NodeRecord>,
        foundation: &Value,
    ) -> BTreeMap<NodeName, NodeRecord> {
        let boot = self.task.file.boot_pools().any(|name| name == pool);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let settled = additions.iter().map(|(name, node)| {
            let subnet = text(&foundation["subnets"][&node.zone]);
            let mut node = NodeRecord { subnet, key_name: text(&foundation["key_name"]), ..node.clone() };
            if boot && let Some(join) = join_role(&foundation["joins"][pool]) {
                node.user_data = node.user_data.replace(join_file::ROLE_PLACEHOLDER, &join.role_id);
                node.join = Some(join);
            }
            (name.clone(), node)
        });
        settled.collect()
    }

    pub async fn flavour(&self) -> Result<crate::model::record::Flavour> {
        Ok(self.ports.terraform.tool().await?.flavour)
    }
}

fn join_role(told: &Value) -> Option<JoinRole> {
    let text = |name: &str| told[name].as_str().map(str::to_owned);
    Some(JoinRole { profile: text("profile")?, role_id: text("role_id")? })
}

/// The end of an operation that made some of what was wanted.
pub fn partly(shortfalls: Vec<Failure>) -> Option<Failure> {
    let mut shortfalls = shortfalls.into_iter();
    let mut first = shortfalls.next()?;
    for further in shortfalls {
        first = first.because(further);
    }
    Some(first.with_kind(Kind::Partial))
}
