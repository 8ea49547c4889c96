use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};

use super::Drainer;
use crate::model::drain::{Fate, Look, NodeLook, Stays, Watched, fate};
use crate::model::failure::{Failure, Result};
use crate::model::kubernetes::{Attachment, Pod};

/// How many requests are under way at once.
pub(super) const AT_ONCE: usize = 16;

/// Claim (`namespace/name`) → its volume. A claim that is bound stays bound, so an answer is good for a whole drain.
pub(super) type Claims = BTreeMap<String, Option<String>>;

impl Drainer<'_> {
    /// Reads what is watched, and the budgets.
    pub(super) async fn look(&self, watched: &[Watched], claims: &mut Claims) -> Result<Look> {
        let (began, at) = (self.clock.boot().0, self.clock.now());
        let nodes: BTreeMap<String, NodeLook> = stream::iter(watched)
            .map(|watched| async move { Ok::<_, Failure>((watched.node.clone(), self.look_at(&watched.node).await?)) })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let mut look = Look { began, at, nodes, budgets: self.kubernetes.budgets().await? };
        if watched.iter().any(|watched| watched.volumes) {
            let attachments = self.kubernetes.attachments().await?;
            for watched in watched.iter().filter(|watched| watched.volumes) {
                if let Some(node) = look.nodes.get_mut(&watched.node) {
                    node.volumes = Some(self.orphaned(&watched.node, &node.pods, &attachments, claims).await?);
                }
            }
        }
        Ok(look)
    }

    /// The pods first: a Node that still carries our mark afterwards carried it while they were listed.
    async fn look_at(&self, name: &str) -> Result<NodeLook> {
        let pods = self.kubernetes.pods_on(name).await?.items;
        Ok(NodeLook { node: self.kubernetes.node(name).await?, pods, volumes: None })
    }

    /// The volumes attached to a node that belong to none of the pods that go down with it.
    async fn orphaned(
        &self,
        node: &str,
        pods: &[Pod],
        attachments: &[Attachment],
        claims: &mut Claims,
    ) -> Result<Vec<String>> {
        let attached: Vec<&Attachment> = attachments.iter().filter(|attachment| attachment.node == node).collect();
        let mut excused = BTreeSet::new();
        if !attached.is_empty() {
            // A finished pod's volumes are detached like those of one that left.
            let staying = pods
                .iter()
                .filter(|pod| matches!(fate(pod, self.rules), Fate::Stays(Stays::DaemonSet | Stays::Mirror)));
            for (namespace, claim) in staying.flat_map(|pod| pod.claims.iter().map(|claim| (&pod.namespace, claim))) {
                let key = format!("{namespace}/{claim}");
                if !matches!(claims.get(&key), Some(Some(_))) {
                    let volume = self.kubernetes.volume_of_claim(namespace, claim).await?;
                    claims.insert(key.clone(), volume);
                }
                excused.extend(claims.get(&key).cloned().flatten());
            }
        }
        let orphaned =
            attached.into_iter().filter(|one| one.volume.as_ref().is_none_or(|name| !excused.contains(name)));
        Ok(orphaned.map(|one| one.volume.clone().unwrap_or_else(|| one.name.clone())).collect())
    }
}
