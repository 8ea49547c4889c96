//! The cluster itself, on control planes that have none yet.

use serde_json::{Value, json};

use crate::model::bootstrap::BootstrapToken;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::Provisioning;
use crate::model::kubeconfig::Kubeconfig;
use crate::model::names::NodeName;
use crate::model::plan::Request;
use crate::ops::endpoint::Endpoint;
use crate::ops::ports::provisioner::{Play, Played, Secrets};
use crate::render::RunFacts;

use super::super::Ended;
use super::super::session::Session;
use super::{Newcomers, told};

impl Session<'_> {
    /// Makes the cluster where that is yet to be done, and by the playbooks. False if it could not be made: why is among the
    /// shortfalls.
    pub(in super::super) async fn has_cluster(&mut self, foundation: &Value, ended: &mut Ended) -> Result<bool> {
        let by_ssh = self.task.file.control_plane.provisioning == Provisioning::Ssh;
        let asked = matches!(self.plan.request, Request::Apply { .. } | Request::Provision { .. });
        if !by_ssh || !asked || self.record.kube_system_uid.is_some() {
            return Ok(true);
        }
        match self.make_cluster(foundation).await {
            Ok(()) => {
                ended.changed = true;
                Ok(true)
            }
            Err(failure) if self.lease.check().is_err() || failure.kind == Kind::Interrupted => Err(failure),
            Err(failure) => {
                let failure =
                    failure.with_kind(Kind::Partial).context("the cluster was not made on its control planes");
                ended.shortfalls.push(failure.hint("scaler apply goes on from here"));
                Ok(false)
            }
        }
    }

    /// Makes the cluster on its control planes; from then on this run reaches it, and the record knows which it is. Safe to
    /// repeat: what an earlier run did stays. `foundation` is that stack's output.
    async fn make_cluster(&mut self, foundation: &Value) -> Result<()> {
        self.ports.provisioner.check().await?;
        let nodes: Newcomers =
            self.record.control_plane.nodes.iter().map(|(n, it)| (n.clone(), it.machine_id.clone())).collect();
        let without = self.learn_addresses(&nodes).await?;
        if let Some(failure) = without.into_values().next() {
            return Err(failure);
        }
        let endpoint = Endpoint::of(foundation, &self.task.file, &self.record.control_plane.nodes)?;
        // kubeadm makes its Secret, good for an hour.
        let token = self.announce_token().await?;
        let played = self.play_control_planes(nodes.into_keys().collect(), &endpoint, &token).await?;
        let failed = self.record.control_plane.nodes.keys();
        let failed =
            failed.filter_map(|node| Some((node.clone(), told::failed(&played, node, &self.task.file)?))).collect();
        if let Some(failed) = told::together(failed) {
            return Err(failed);
        }
        let Some(Secrets(access)) = played.access else {
            return Err(Failure::failed("the cluster was made, and its access was not fetched")
                .hint("fetch it: scaler kubeconfig"));
        };
        let access = Kubeconfig::of_kubeadm(&access, &self.task.file.name, &endpoint.for_people())?;
        let kubernetes = self.ports.door.open(&access).await?;
        self.record.kube_system_uid = Some(kubernetes.identity().await?);
        self.ports.kubernetes = Ok(kubernetes);
        self.revoke_token(&token.id).await
    }

    async fn play_control_planes(
        &mut self,
        nodes: Vec<NodeName>,
        endpoint: &Endpoint,
        token: &BootstrapToken,
    ) -> Result<Played> {
        let manifest = &self.task.file.kubernetes.pod_network.manifest;
        let manifest = manifest.as_ref().and_then(|path| self.task.source.files.get(path));
        let run = RunFacts {
            endpoint: &endpoint.for_nodes(),
            certificate_names: &endpoint.names,
            init_host: nodes.first(),
            patience: Some(self.ssh_patience()),
            ..RunFacts::default()
        };
        // Only further control planes need what it opens.
        let key = (nodes.len() > 1).then(|| {
            let words: Vec<String> = (0..4).map(|_| format!("{:016x}", self.ports.clock.random())).collect();
            words.concat()
        });
        let secrets = json!({ "token": token.reveal(), "caCertHash": null, "certificateKey": key });
        let play = Play {
            secrets: Some(Secrets(secrets.to_string())),
            pod_network: manifest.map(|file| file.text.clone()),
            fetches_access: true,
            ..Play::on(nodes.clone(), &self.task.file, &self.record, run)
        };
        self.play(play).await
    }
}
