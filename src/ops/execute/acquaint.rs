//! Which cluster this is: learned once, and known wherever a list of Nodes is to prove something.

use crate::model::census::{self, Roll, Tie};
use crate::model::failure::{Failure, Result};
use crate::model::file::Provisioning;
use crate::model::journal::Entry;
use crate::model::kubernetes::Node;
use crate::ops::identity;

use super::session::Session;

impl Session<'_> {
    /// The first contact with a cluster in which one of our machines is a Node fixes which cluster this is. One that
    /// cannot be asked, or has none of them yet, is no error: nothing is learned. A cluster that scaler makes is known by
    /// having been made to its end: until then `apply` goes on with it.
    pub(super) async fn learn_cluster(&mut self) -> Result<()> {
        if self.task.file.control_plane.provisioning == Provisioning::Ssh {
            return Ok(());
        }
        let (None, Ok(kubernetes)) = (&self.record.kube_system_uid, &self.ports.kubernetes) else { return Ok(()) };
        let Ok(uid) = kubernetes.identity().await else { return Ok(()) };
        let Ok(nodes) = identity::nodes_of(kubernetes.as_ref(), &uid).await else { return Ok(()) };
        let Ok(machines) = self.ports.cloud.machines(&self.record.cluster_id).await else { return Ok(()) };
        match census::recognises(&self.record, &machines, &nodes) {
            true => self.knows_cluster(uid).await,
            false => Ok(()),
        }
    }

    /// This is the cluster, from now on; whoever goes on with this operation knows it from the journal.
    pub(super) async fn knows_cluster(&mut self, uid: String) -> Result<()> {
        self.note(Entry::ClusterKnown { uid: uid.clone() }).await?;
        self.record.kube_system_uid = Some(uid);
        Ok(())
    }

    /// Whose Node is seen has joined, for good: without one later it is no machine that never joined. What cannot be asked
    /// now is learned by a later operation.
    pub(super) async fn learn_who_joined(&mut self) {
        if self.record.nodes().all(|(_, node)| node.joined) {
            return;
        }
        let Ok(nodes) = self.nodes_as_proof().await else { return };
        let roll = Roll::of(self.plan.provider, &nodes);
        for (name, node) in self.record.nodes_mut() {
            let seen = || matches!(roll.tie(name, node.machine_id.as_deref(), &[]), Tie::Node(_));
            node.joined = node.joined || node.machine_id.is_some() && seen();
        }
    }

    /// All Nodes of the record's cluster, for what their absence proves. Refused if it is not known which cluster that
    /// is, or if kubectl leads to another one now.
    pub(super) async fn nodes_as_proof(&self) -> Result<Vec<Node>> {
        let kubernetes = self.ports.kubernetes.clone()?;
        let Some(uid) = &self.record.kube_system_uid else {
            return Err(Failure::refused(
                "the record does not know its cluster, so a Node that is missing there proves nothing",
            )
            .because("no Node of the cluster that kubectl reaches is a machine of this one")
            .hint("name the right kubeconfig with --kubeconfig, or let a machine join first; a cluster that scaler makes is known when `scaler apply` has made it"));
        };
        identity::nodes_of(kubernetes.as_ref(), uid).await
    }
}
