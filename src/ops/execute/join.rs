//! Waiting for new machines to become Ready nodes.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::{Pool, Provisioning};
use crate::model::journal::Entry;
use crate::model::kubernetes::Node;
use crate::model::names::NodeName;
use crate::model::plan::Labelling;
use crate::ops::ports::Event;

use super::session::Session;

/// How often the nodes are listed. A kubelet reports at once when it becomes Ready.
const EVERY: Duration = Duration::from_secs(2);

/// New machines' Nodes, as a list of all has them.
#[derive(Default)]
struct Looked {
    /// Ready, with their UIDs.
    joined: BTreeMap<NodeName, String>,
    /// Those of them that lack labels or taints of their pool.
    lacking: Vec<Labelling>,
    /// Why another one does not count though its Node is there.
    why: Option<String>,
}

impl Session<'_> {
    /// Waits until each of these is Ready under its machine's id, and gives it the labels and taints that it lacks.
    /// Returns why it is not all of them; nothing is undone for that.
    pub async fn wait_until_ready(&self, made: &BTreeMap<NodeName, Option<String>>) -> Result<Option<Failure>> {
        if made.is_empty() {
            return Ok(None);
        }
        let kubernetes = match &self.ports.kubernetes {
            Ok(kubernetes) => kubernetes.clone(),
            Err(why) => {
                let why = why.to_string();
                return self.not_joined(made.keys(), "there is no cluster to join", &why).await.map(Some);
            }
        };
        let step = "join".to_owned();
        self.tell(Event::StepStarted {
            step: step.clone(),
            title: format!("waiting for {} to become Ready", count(made.len())),
        });
        let deadline = self.ports.clock.boot().after(self.task.options.join_timeout);
        let mut waiting: Vec<&NodeName> = made.keys().collect();
        let mut unseen = String::new();
        loop {
            let hurried = async {
                self.interrupts.first().await;
                self.ports.clock.sleep(EVERY).await;
            };
            let nodes = tokio::select! {
                biased;
                nodes = kubernetes.nodes() => Some(nodes),
                // An API server that does not answer does not keep waiting who has asked to stop.
                () = hurried => None,
            };
            match nodes {
                Some(Ok(nodes)) => {
                    let looked = self.look_at(&nodes.items, &waiting, made);
                    let complete = match self.label_newcomers(kubernetes.as_ref(), &looked.lacking).await {
                        Ok(()) => looked.joined,
                        // Without the lease nothing more can be done; anything else is tried again.
                        Err(failure) if self.lease.check().is_err() => return Err(failure),
                        Err(failure) => {
                            unseen = failure.to_string();
                            let lacks = |name: &NodeName| looked.lacking.iter().any(|one| one.node == *name);
                            looked.joined.into_iter().filter(|(name, _)| !lacks(name)).collect()
                        }
                    };
                    unseen = looked.why.unwrap_or(unseen);
                    for (name, uid) in &complete {
                        self.note_newcomer(Entry::NodeReady { node: name.clone(), uid: uid.clone() }).await?;
                        self.tell(Event::StepNote { step: step.clone(), note: format!("{name} is Ready") });
                    }
                    waiting.retain(|name| !complete.contains_key(*name));
                    // Whoever has joined needs no way in any more.
                    self.withdraw(|node| made.contains_key(node) && !waiting.contains(&node)).await?;
                }
                // The API server may be away for a while; the deadline decides.
                Some(Err(failure)) => unseen = failure.to_string(),
                None => {}
            }
            if waiting.is_empty() {
                self.tell(Event::StepDone { step, title: format!("{} joined", count(made.len())) });
                return Ok(None);
            }
            let interrupted = self.interrupts.count() > 0;
            if interrupted || self.ports.clock.boot() >= deadline {
                let why = match interrupted {
                    true => "interrupted before they were Ready".to_owned(),
                    false => format!("not Ready after {}s", self.task.options.join_timeout.as_secs()),
                };
                self.tell(Event::StepFailed { step, title: "waiting for new nodes".into(), why: why.clone() });
                return self.not_joined(waiting.into_iter(), &why, &unseen).await.map(Some);
            }
            tokio::select! {
                biased;
                () = self.ports.clock.sleep(EVERY) => {}
                () = self.interrupts.first() => {}
            }
        }
    }

    /// How those that are waited for stand among the cluster's nodes.
    fn look_at(&self, nodes: &[Node], waiting: &[&NodeName], made: &BTreeMap<NodeName, Option<String>>) -> Looked {
        let mut looked = Looked::default();
        for &name in waiting {
            let Some(node) = nodes.iter().find(|node| node.name == name.as_str()) else { continue };
            let pool = self.task.file.pool_of(name);
            match why_not(node, pool, made[name].as_deref()) {
                Some(why) => looked.why = Some(why),
                None if node.ready => {
                    looked.joined.insert(name.clone(), node.uid.clone());
                    looked.lacking.extend(pool.and_then(|pool| Labelling::of_newcomer(name, node, pool)));
                }
                None => {}
            }
        }
        looked
    }

    async fn not_joined(&self, nodes: impl Iterator<Item = &NodeName>, what: &str, why: &str) -> Result<Failure> {
        let mut names = Vec::new();
        for node in nodes {
            let why = if why.is_empty() { what.to_owned() } else { format!("{what}: {why}") };
            self.note_newcomer(Entry::NodeNotReady { node: node.clone(), why }).await?;
            names.push(node.to_string());
        }
        let failure = Failure::new(Kind::Partial, format!("made, but not joined to the cluster: {}", names.join(", ")))
            .because(what)
            .hint("let the machines join the cluster: `scaler provision`, or kubeadm join with the node name as --hostname-override")
            .hint("`scaler status` shows when they are Ready; scale-down removes those that never join");
        Ok(if why.is_empty() { failure } else { failure.because(why) })
    }
}

/// Whether a node's machine is Ready.
pub(super) fn has_joined(node: &Node, name: &NodeName, machine_id: Option<&str>) -> bool {
    node.name == name.as_str() && node.ready && belongs(node, machine_id)
}

/// A Node of this name may be left over from another machine; its provider id tells.
fn belongs(node: &Node, machine_id: Option<&str>) -> bool {
    match (&node.provider_id, machine_id) {
        (Some(provider_id), Some(machine_id)) => provider_id.rsplit('/').next() == Some(machine_id),
        _ => true,
    }
}

/// Why a Node of a new machine's name is not that machine, or cannot be told to be.
fn why_not(node: &Node, pool: Option<&Pool>, machine_id: Option<&str>) -> Option<String> {
    if !belongs(node, machine_id) {
        let (theirs, ours) = (node.provider_id.as_deref().unwrap_or_default(), machine_id.unwrap_or("of another id"));
        return Some(format!(
            "Node `{}` is there, of another machine ({theirs}); the one that was made is {ours}",
            node.name
        ));
    }
    // Only kubelets that were told what their machine is called can be asked for it.
    let told = machine_id.is_some() && pool.is_some_and(|pool| pool.provisioning != Provisioning::None);
    (node.ready && told && node.provider_id.is_none())
        .then(|| format!("Node `{}` is Ready, and has no spec.providerID, which its kubelet was told", node.name))
}

fn count(nodes: usize) -> String {
    if nodes == 1 { "1 new node".into() } else { format!("{nodes} new nodes") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::drain::samples;
    use crate::model::file;

    #[test]
    fn a_node_counts_under_its_machines_id() {
        let text = include_str!("../../../examples/sandbox.yml");
        let file = file::parse("cluster.yml", text, &[]).unwrap();
        let by = |provisioning| Pool { provisioning, ..file.pools[0].clone() };
        let node =
            |id: Option<&str>, ready| Node { provider_id: id.map(str::to_owned), ready, ..samples::node("d-w-1") };
        let why = |node: &Node, provisioning| why_not(node, Some(&by(provisioning)), Some("m-1")).unwrap_or_default();
        let (ours, theirs) = (node(Some("sandbox:///z1/m-1"), true), node(Some("sandbox:///z1/m-2"), true));
        for provisioning in [Provisioning::Ssh, Provisioning::Boot, Provisioning::None] {
            assert_eq!(why(&ours, provisioning), "");
            assert!(why(&theirs, provisioning).contains("of another machine (sandbox:///z1/m-2)"));
        }
        for provisioning in [Provisioning::Ssh, Provisioning::Boot] {
            assert!(why(&node(None, true), provisioning).contains("no spec.providerID"));
            assert_eq!(why(&node(None, false), provisioning), "", "it is not Ready yet");
        }
        assert_eq!(why(&node(None, true), Provisioning::None), "");
        assert_eq!(why_not(&node(None, true), Some(&by(Provisioning::Ssh)), None), None, "nobody knows its machine");
    }
}
