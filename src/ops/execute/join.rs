//! Waiting for new machines to become Ready nodes.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::Entry;
use crate::model::kubernetes::Node;
use crate::model::names::NodeName;
use crate::ops::ports::Event;

use super::session::Session;

/// How often the nodes are listed. A kubelet reports at once when it becomes Ready.
const EVERY: Duration = Duration::from_secs(2);

impl Session<'_> {
    /// Waits until each of these is Ready. Returns why it is not all of them; nothing is undone for that.
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
                    let mut still = Vec::new();
                    for name in waiting {
                        match nodes.items.iter().find(|node| node.name == name.as_str()) {
                            Some(node) if has_joined(node, name, made[name].as_deref()) => {
                                self.note_newcomer(Entry::NodeReady { node: name.clone(), uid: node.uid.clone() })
                                    .await?;
                                self.tell(Event::StepNote { step: step.clone(), note: format!("{name} is Ready") });
                            }
                            Some(node) if !belongs(node, made[name].as_deref()) => {
                                unseen = foreign(node, made[name].as_deref());
                                still.push(name);
                            }
                            _ => still.push(name),
                        }
                    }
                    waiting = still;
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

/// Why a new machine is not the Node that has its name.
fn foreign(node: &Node, machine_id: Option<&str>) -> String {
    let (theirs, ours) = (node.provider_id.as_deref().unwrap_or_default(), machine_id.unwrap_or("of another id"));
    format!("Node `{}` is there, of another machine ({theirs}); the one that was made is {ours}", node.name)
}

fn count(nodes: usize) -> String {
    if nodes == 1 { "1 new node".into() } else { format!("{nodes} new nodes") }
}
