//! Which cluster this is: learned once, and asked again wherever a list of Nodes is to prove something.

use crate::model::census;
use crate::model::failure::{Failure, Result};
use crate::model::kubernetes::Node;
use crate::ops::ports::Kubernetes;

use super::session::Session;

impl Session<'_> {
    /// The first contact with a cluster in which one of our machines is a Node fixes which cluster this is. One that
    /// cannot be asked, or has none of them yet, is no error: nothing is learned.
    pub(super) async fn learn_cluster(&mut self) {
        let (None, Ok(kubernetes)) = (&self.record.kube_system_uid, &self.ports.kubernetes) else { return };
        let Ok(uid) = kubernetes.identity().await else { return };
        let Ok(nodes) = nodes_of(kubernetes.as_ref(), &uid).await else { return };
        let Ok(machines) = self.ports.cloud.machines(&self.record.cluster_id).await else { return };
        if census::recognises(&self.record, &machines, &nodes) {
            self.record.kube_system_uid = Some(uid);
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
            .hint("name the right kubeconfig with --kubeconfig, or let a machine join first"));
        };
        nodes_of(kubernetes.as_ref(), uid).await
    }
}

/// All Nodes of the cluster with this UID. It is asked for before and after: kubectl reads its kubeconfig anew when its
/// proxy is started again, and may then lead elsewhere.
async fn nodes_of(kubernetes: &dyn Kubernetes, uid: &str) -> Result<Vec<Node>> {
    same(kubernetes, uid).await?;
    let nodes = kubernetes.nodes().await?.items;
    same(kubernetes, uid).await?;
    Ok(nodes)
}

/// Refuses a cluster with another UID than this.
pub(super) async fn same(kubernetes: &dyn Kubernetes, uid: &str) -> Result<()> {
    let found = kubernetes.identity().await?;
    if found == uid {
        return Ok(());
    }
    Err(Failure::refused("the kubeconfig leads to another cluster now")
        .because(format!("its namespace kube-system has the UID {found}, and this cluster's has {uid}"))
        .hint("name the right one with --kubeconfig, or in the cluster file's `access`; then run the command again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::Kind;
    use crate::model::machine::Sighting;
    use crate::ops::gone::fakes::Fake;

    const UID: &str = "uid-kube-system";

    fn fake() -> Fake {
        Fake::answering(|_, _| Ok(Sighting::Unknown))
    }

    #[tokio::test]
    async fn a_list_of_another_cluster_is_refused() {
        assert_eq!(nodes_of(&fake(), UID).await, Ok(vec![]));
        let refused = nodes_of(&fake(), "uid-other").await.unwrap_err();
        assert_eq!(refused.kind, Kind::Refused);
        assert!(refused.to_string().contains("another cluster"), "{refused}");
    }

    #[tokio::test]
    async fn a_list_is_refused_if_the_cluster_changed_while_it_was_read() {
        let mut fake = fake();
        fake.turns_after = Some((1, "uid-other"));
        assert_eq!(nodes_of(&fake, UID).await.unwrap_err().kind, Kind::Refused);
        fake.turns_after = Some((0, UID));
        assert_eq!(nodes_of(&fake, UID).await, Ok(vec![]));
    }
}
