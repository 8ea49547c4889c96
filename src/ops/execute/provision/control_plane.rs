//! The cluster itself, on control planes that have none yet.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::bootstrap::BootstrapToken;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::Provisioning;
use crate::model::journal::Entry;
use crate::model::kubeconfig::Kubeconfig;
use crate::model::kubernetes::Node;
use crate::model::names::NodeName;
use crate::model::plan::Request;
use crate::ops::endpoint::Endpoint;
use crate::ops::ports::Kubernetes;
use crate::ops::ports::provisioner::{Play, Played, Secrets};
use crate::render::RunFacts;

use super::super::Ended;
use super::super::session::Session;
use super::{Newcomers, told};

/// Whether there is a cluster to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlPlane {
    /// There was before, or its control planes are made by others.
    Stands,
    /// This run made it.
    Made,
    Missing,
}

impl Session<'_> {
    /// Makes the cluster where that is yet to be done, and by the playbooks. What could not be made is among the
    /// shortfalls.
    pub(in super::super) async fn has_cluster(
        &mut self,
        foundation: &Value,
        ended: &mut Ended,
    ) -> Result<ControlPlane> {
        let by_ssh = self.task.file.control_plane.provisioning == Provisioning::Ssh;
        let asked = matches!(self.plan.request, Request::Apply { .. } | Request::Provision { .. });
        if !by_ssh || !asked || self.record.kube_system_uid.is_some() {
            return Ok(ControlPlane::Stands);
        }
        match self.make_cluster(foundation).await {
            Ok(failed) => {
                ended.made_cluster = true;
                for (node, failure) in &failed {
                    let why = failure.to_string();
                    self.note_newcomer(Entry::NodeNotReady { node: node.clone(), why }).await?;
                }
                ended.shortfalls.extend(told::together(failed));
                Ok(ControlPlane::Made)
            }
            Err(failure) if self.lease.check().is_err() || failure.kind == Kind::Interrupted => Err(failure),
            Err(failure) => {
                let failure =
                    failure.with_kind(Kind::Partial).context("the cluster was not made on its control planes");
                ended.shortfalls.push(failure.hint("when that is mended, scaler apply goes on from here"));
                Ok(ControlPlane::Missing)
            }
        }
    }

    /// Makes the cluster on its control planes; from then on this run reaches it, and the record knows which it is. Safe to
    /// repeat: what an earlier run did stays. `foundation` is that stack's output. Returns the further control planes that
    /// did not join it, and why.
    async fn make_cluster(&mut self, foundation: &Value) -> Result<BTreeMap<NodeName, Failure>> {
        self.ports.provisioner.check().await?;
        let nodes: Newcomers =
            self.record.control_plane.nodes.iter().map(|(n, it)| (n.clone(), it.machine_id.clone())).collect();
        let mut failed = self.learn_addresses(&nodes).await?;
        let reached: Vec<NodeName> = nodes.into_keys().filter(|node| !failed.contains_key(node)).collect();
        // Always the same: another one would make another cluster.
        let first = self.record.control_plane.nodes.keys().next().cloned();
        let first = first.ok_or_else(|| Failure::failed("the record has no control plane to make the cluster on"))?;
        if let Some(failure) = failed.remove(&first) {
            // No part of a cluster that is not made can be provisioned alone.
            return Err(Failure { hints: Vec::new(), ..failure });
        }
        let endpoint = Endpoint::of(foundation, &self.task.file, &self.record.control_plane.nodes)?;
        // kubeadm makes its Secret, good for an hour.
        let token = self.announce_token().await?;
        let played = self.play_control_planes(reached.clone(), &first, &endpoint, &token).await?;
        failed.extend(
            reached.into_iter().filter_map(|node| told::failed(&played, &node, &self.task.file).map(|why| (node, why))),
        );
        if let Some(failure) = failed.remove(&first) {
            // What the others say is that there is none to join.
            return Err(failure);
        }
        let Some(Secrets(access)) = played.access else {
            return Err(Failure::failed("the cluster was made, and its access was not fetched")
                .hint("fetch it: scaler kubeconfig"));
        };
        let access = Kubeconfig::of_kubeadm(&access, &self.task.file.name, &endpoint.for_people())?;
        let kubernetes = self.ports.door.open(&access).await?;
        let uid = kubernetes.identity().await?;
        self.knows_cluster(uid).await?;
        self.ports.kubernetes = Ok(kubernetes);
        self.revoke_tokens().await?;
        Ok(failed)
    }

    /// The control plane of the cluster that is to hand its certificates to those of these machines that may be yet to become
    /// one: Ready where there is such a one. None where nobody needs them, or nobody has them and an address.
    pub(super) async fn hands_certificates(
        &mut self,
        nodes: &[NodeName],
        kubernetes: &dyn Kubernetes,
    ) -> Result<Option<NodeName>> {
        let planes: Vec<NodeName> = self.record.control_plane.nodes.keys().cloned().collect();
        let tags = self.tags();
        let asked = tags.is_empty() || tags.iter().any(|tag| tag == "control-plane");
        if !asked || !nodes.iter().any(|name| planes.contains(name)) {
            return Ok(None);
        }
        let cluster = self.patiently(self.restart(), async || kubernetes.nodes().await).await?.items;
        let node = |name: &NodeName| cluster.iter().find(|node| node.name == name.as_str());
        // kubeadm labels it when all else is done.
        let is_one = |name: &NodeName| node(name).is_some_and(Node::control_plane);
        let is_ready = |name: &NodeName| is_one(name) && node(name).is_some_and(|node| node.ready);
        if nodes.iter().all(|name| !planes.contains(name) || is_ready(name)) {
            return Ok(None);
        }
        let without = self.look_up_addresses(&self.standing(&planes)).await?;
        let there = planes.iter().filter(|name| is_one(name) && !without.contains(name));
        Ok(there.min_by_key(|name| (!is_ready(name), *name)).cloned())
    }

    /// What certificates are uploaded under, for those that have it.
    pub(super) fn certificate_key(&self) -> String {
        (0..4).map(|_| format!("{:016x}", self.ports.clock.random())).collect()
    }

    async fn play_control_planes(
        &mut self,
        nodes: Vec<NodeName>,
        first: &NodeName,
        endpoint: &Endpoint,
        token: &BootstrapToken,
    ) -> Result<Played> {
        let manifest = &self.task.file.kubernetes.pod_network.manifest;
        let manifest = manifest.as_ref().and_then(|path| self.task.source.files.get(path));
        let run = RunFacts {
            endpoint: &endpoint.for_nodes(),
            certificate_names: &endpoint.names,
            init_host: Some(first),
            patience: Some(self.ssh_patience()),
            ..RunFacts::default()
        };
        // Only further control planes need what it opens.
        let key = (nodes.len() > 1).then(|| self.certificate_key());
        let secrets = json!({ "token": token.reveal(), "caCertHash": null, "certificateKey": key });
        let play = Play {
            secrets: Some(Secrets(secrets.to_string())),
            pod_network: manifest.map(|file| file.text.clone()),
            fetches_access: true,
            ..Play::on(nodes, &self.task.file, &self.record, run)
        };
        self.play(play).await
    }
}
