//! Which cluster kubectl leads to: asked again wherever a list of Nodes is to prove something.

use super::ports::Kubernetes;
use crate::model::failure::{Failure, Result};
use crate::model::kubernetes::Node;

/// All Nodes of the cluster with this UID. It is asked for before and after: kubectl reads its kubeconfig anew when its
/// proxy is started again, and may then lead elsewhere.
pub async fn nodes_of(kubernetes: &dyn Kubernetes, uid: &str) -> Result<Vec<Node>> {
    same(kubernetes, uid).await?;
    let nodes = kubernetes.nodes().await?.items;
    same(kubernetes, uid).await?;
    Ok(nodes)
}

/// Refuses a cluster with another UID than this.
pub async fn same(kubernetes: &dyn Kubernetes, uid: &str) -> Result<()> {
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
