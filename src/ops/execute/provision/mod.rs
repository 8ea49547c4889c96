//! New machines become nodes: by the playbooks, where the cluster file wants that, and then by their own kubelets.
//!
//! A machine that joins needs no other one of the cluster but its API: the token is made there for this operation and
//! goes with it, and where the cluster is and how it is recognised comes from there.

pub(super) mod boot;
pub(super) mod control_plane;
mod hosts;
pub mod leave;
mod patience;
pub(super) mod token;
mod told;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::model::bootstrap::{BootstrapToken, Entrance};
use crate::model::failure::{Failure, Result};
use crate::model::file::{ClusterFile, Provisioning};
use crate::model::journal::Entry;
use crate::model::names::NodeName;
use crate::model::plan::{FoundationChange, Plan, Request};
use crate::ops::identity;
use crate::ops::ports::provisioner::{Play, Played, Secrets};
use crate::ops::ports::{Condition, Event};
use crate::render::RunFacts;

use super::join::has_joined;
use super::make;
use super::session::Session;

/// A machine that answers at all does so within this time: clouds' machines boot in one to two minutes.
const SSH_PATIENCE: Duration = Duration::from_secs(300);

/// Nodes, and the machines that they are to run on.
pub type Newcomers = BTreeMap<NodeName, Option<String>>;

/// Whether the playbooks will be run: on new machines, or on some that stand.
pub fn needed(file: &ClusterFile, plan: &Plan) -> bool {
    let makes_cluster = matches!(plan.foundation, FoundationChange::Create { .. })
        && file.control_plane.provisioning == Provisioning::Ssh;
    let makes_workers = plan.pools.iter().any(|change| file.joins_by_ssh(&change.pool) && !change.additions.is_empty());
    // A control plane is in no pool.
    let by_ssh = |node: &NodeName| file.pool_of(node).is_none_or(|pool| pool.provisioning == Provisioning::Ssh);
    makes_cluster || makes_workers || plan.provision.iter().any(by_ssh)
}

impl Session<'_> {
    /// Makes these nodes and waits until each is Ready. Returns why it is not all of them; nothing is undone for that.
    pub async fn join(&mut self, made: &Newcomers) -> Result<Option<Failure>> {
        let mut shortfalls = Vec::new();
        let mut waiting = made.clone();
        waiting.retain(|node, _| !self.record.control_plane.nodes.contains_key(node));
        let by_ssh: Newcomers =
            made.iter().filter(|(node, _)| self.by_ssh(node)).map(|(n, id)| (n.clone(), id.clone())).collect();
        if !by_ssh.is_empty() {
            let failed = match self.provision(&by_ssh).await {
                Ok(failed) => failed,
                // Without the lease nothing more can be done.
                Err(failure) if self.lease.check().is_err() => return Err(failure),
                Err(failure) => by_ssh.keys().map(|node| (node.clone(), failure.clone())).collect(),
            };
            for (node, failure) in &failed {
                waiting.remove(node);
                self.note_newcomer(Entry::NodeNotReady { node: node.clone(), why: failure.to_string() }).await?;
            }
            shortfalls.extend(told::together(failed));
        }
        if !self.joins() {
            return Ok(make::partly(shortfalls));
        }
        for (node, failure) in self.let_join(&waiting).await? {
            waiting.remove(&node);
            self.note_newcomer(Entry::NodeNotReady { node, why: failure.to_string() }).await?;
            shortfalls.push(failure);
        }
        let waited = self.wait_until_ready(&waiting).await;
        self.withdraw(|_| true).await?;
        shortfalls.extend(waited?);
        Ok(make::partly(shortfalls))
    }

    /// Those of them that join at boot may do so now. Returns those that cannot, and why.
    async fn let_join(&mut self, waiting: &Newcomers) -> Result<BTreeMap<NodeName, Failure>> {
        let Ok(kubernetes) = self.ports.kubernetes.clone() else { return Ok(BTreeMap::new()) };
        let mut at_boot = waiting.clone();
        at_boot.retain(|node, _| self.at_boot(node));
        if at_boot.is_empty() {
            return Ok(BTreeMap::new());
        }
        let offered = async {
            // Who has joined needs nothing any more.
            let nodes = kubernetes.nodes().await?;
            at_boot.retain(|name, machine| !nodes.items.iter().any(|node| has_joined(node, name, machine.as_deref())));
            self.offer(&at_boot).await
        };
        match offered.await {
            Ok(failed) => Ok(failed),
            // Without the lease nothing more can be done.
            Err(failure) if self.lease.check().is_err() => Err(failure),
            Err(failure) => Ok(at_boot.into_keys().map(|node| (node, failure.clone())).collect()),
        }
    }

    /// Of nodes that this operation does not make nothing is written down.
    pub(super) async fn note_newcomer(&self, entry: Entry) -> Result<()> {
        if let Entry::NodeReady { node, .. } | Entry::NodeNotReady { node, .. } = &entry {
            let journal = self.journal.lock().await;
            if !journal.status().is_some_and(|status| status.newcomers().contains_key(node)) {
                return Ok(());
            }
        }
        self.note(entry).await
    }

    /// These nodes with their machines.
    pub(super) fn standing(&self, nodes: &[NodeName]) -> Newcomers {
        let machine = |node: &NodeName| self.node(node).and_then(|record| record.machine_id.clone());
        nodes.iter().map(|node| (node.clone(), machine(node))).collect()
    }

    /// Whether new nodes come of what is asked for.
    fn joins(&self) -> bool {
        match &self.plan.request {
            Request::Provision { tags, .. } => tags.is_empty() || tags.iter().any(|tag| tag == "join"),
            _ => true,
        }
    }

    fn tags(&self) -> Vec<String> {
        match &self.plan.request {
            Request::Provision { tags, .. } => tags.clone(),
            _ => Vec::new(),
        }
    }

    fn by_ssh(&self, node: &NodeName) -> bool {
        if self.record.control_plane.nodes.contains_key(node) {
            return self.task.file.control_plane.provisioning == Provisioning::Ssh;
        }
        let pool = self.record.pools.iter().find(|(_, pool)| pool.nodes.contains_key(node));
        pool.is_some_and(|(name, _)| self.task.file.joins_by_ssh(name)) && !self.at_boot(node)
    }

    /// Whether the machine of this node was made to join by itself.
    fn at_boot(&self, node: &NodeName) -> bool {
        self.node(node).is_some_and(|record| record.join.is_some())
    }

    /// Runs the playbooks on these machines. Returns those that failed, and why.
    async fn provision(&mut self, nodes: &Newcomers) -> Result<BTreeMap<NodeName, Failure>> {
        self.ports.provisioner.check().await?;
        let kubernetes = self.ports.kubernetes.clone().map_err(|away| self.where_access_is(away))?;
        // Whoever is handed a token joins the cluster that it was made in.
        let (until, known) = (self.restart(), self.known_cluster()?);
        self.patiently(until, async || identity::same(kubernetes.as_ref(), known).await).await?;
        let entrance = self.patiently(until, async || kubernetes.entrance().await).await?;
        let mut without = self.learn_addresses(nodes).await?;
        let reached: Vec<NodeName> = nodes.keys().filter(|node| !without.contains_key(*node)).cloned().collect();
        if reached.is_empty() {
            return Ok(without);
        }
        let hands = self.hands_certificates(&reached, kubernetes.as_ref()).await?;
        let token = self.issue_token().await?;
        let played = self.play_joining(reached.clone(), hands.as_ref(), &entrance, &token).await;
        self.revoke_tokens().await?;
        let played = played?;
        let failed = |node: &NodeName| told::failed(&played, node, &self.task.file);
        let no_certificates = hands.filter(|hands| !reached.contains(hands)).and_then(|hands| failed(&hands));
        for node in reached {
            let is_plane = self.record.control_plane.nodes.contains_key(&node);
            let why = failed(&node).map(|why| match &no_certificates {
                Some(theirs) if is_plane => why.because(theirs),
                _ => why,
            });
            without.extend(why.map(|why| (node, why)));
        }
        Ok(without)
    }

    fn where_access_is(&self, away: Failure) -> Failure {
        match self.task.file.control_plane.provisioning {
            Provisioning::Ssh => away.hint("scaler kubeconfig fetches the cluster's access over SSH"),
            _ => away,
        }
    }

    /// How long a machine may take until it answers to SSH.
    fn ssh_patience(&self) -> Duration {
        self.task.options.join_timeout.min(SSH_PATIENCE)
    }

    fn known_cluster(&self) -> Result<&str> {
        self.record.kube_system_uid.as_deref().ok_or_else(|| {
            let refused = Failure::refused("new machines are led only into a cluster that is known to be theirs");
            match self.task.file.control_plane.provisioning {
                Provisioning::Ssh => refused
                    .because("the record does not know its cluster: it is not made to its end")
                    .hint("scaler apply makes it, or goes on with it"),
                _ => refused
                    .because("the record does not know its cluster: no Node that kubectl lists is one of its machines")
                    .hint("name the right kubeconfig with --kubeconfig, or let a control plane join first"),
            }
        })
    }

    /// `hands`: who has certificates for further control planes.
    async fn play_joining(
        &mut self,
        nodes: Vec<NodeName>,
        hands: Option<&NodeName>,
        entrance: &Entrance,
        token: &BootstrapToken,
    ) -> Result<Played> {
        let bystander = hands.filter(|hands| !nodes.contains(hands));
        let run = RunFacts {
            endpoint: &entrance.endpoint,
            certificates_host: hands,
            bystander,
            patience: Some(self.ssh_patience()),
            ..RunFacts::default()
        };
        let key = hands.map(|_| self.certificate_key());
        let secrets = json!({ "token": token.reveal(), "caCertHash": entrance.ca_hash, "certificateKey": key });
        let contacted = nodes.into_iter().chain(bystander.cloned()).collect();
        let play = Play {
            tags: self.tags(),
            secrets: Some(Secrets(secrets.to_string())),
            ..Play::on(contacted, &self.task.file, &self.record, run)
        };
        self.play(play).await
    }

    /// Announces a play, runs it, and keeps what was learned and said.
    async fn play(&mut self, play: Play) -> Result<Played> {
        self.note(Entry::Provisioning { nodes: play.limit.clone() }).await?;
        self.lease.check()?;
        let mut played = self.ports.provisioner.play(&play, Some(&self.lease), &self.interrupts).await?;
        self.keep_host_keys(&played);
        self.keep_log("provision", &played.log).await;
        self.provisioned.extend(played.hosts.clone());
        match played.broken.take() {
            Some(broken) => Err(broken),
            None => Ok(played),
        }
    }

    /// What Ansible said, in the store, beside the journal. That it cannot be kept stops nothing.
    async fn keep_log(&self, what: &str, log: &str) {
        let key = format!("logs/{}/{what}-{}.log", self.operation, self.ports.clock.now().as_millisecond());
        let put = self.ports.store.put(&key, log.as_bytes().to_vec().into(), Condition::Absent).await;
        if let Err(failure) = put {
            self.tell(Event::Warning { text: format!("what Ansible said could not be kept in the store: {failure}") });
        }
    }
}
