//! Where the machines are, and how they are recognised.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::failure::{Failure, Kind, Result};
use crate::model::names::NodeName;
use crate::model::record::{Addresses, JumpHost, NodeRecord};
use crate::ops::ports::provisioner::Played;

use super::super::session::Session;
use super::Newcomers;

/// How often the cloud is asked for a new machine's address.
const EVERY: Duration = Duration::from_secs(2);

impl Session<'_> {
    /// Asks the cloud for the machines' addresses until each has one. Returns those that have none in time.
    pub(super) async fn learn_addresses(&mut self, nodes: &Newcomers) -> Result<BTreeMap<NodeName, Failure>> {
        let deadline = self.ports.clock.boot().after(self.task.options.join_timeout);
        loop {
            let without = self.look_up_addresses(nodes).await?;
            if without.is_empty() || self.ports.clock.boot() >= deadline {
                return Ok(without.into_iter().map(|node| (node.clone(), no_address(&node))).collect());
            }
            self.interrupts.check()?;
            tokio::select! {
                biased;
                () = self.ports.clock.sleep(EVERY) => {}
                () = self.interrupts.first() => {}
            }
        }
    }

    /// Asks the cloud for the machines' addresses once. Returns those that have none.
    pub(super) async fn look_up_addresses(&mut self, nodes: &Newcomers) -> Result<Vec<NodeName>> {
        let machines = self.ports.cloud.machines(&self.record.cluster_id).await?;
        let mut without = Vec::new();
        for (node, id) in nodes {
            let machine = machines.iter().find(|machine| Some(&machine.id) == id.as_ref());
            match machine.and_then(Addresses::of) {
                Some(addresses) => {
                    if let Some(record) = self.node_mut(node) {
                        record.addresses = Some(addresses);
                    }
                }
                None => without.push(node.clone()),
            }
        }
        Ok(without)
    }

    /// The keys of first contacts are the record's from now on. One that it has is never replaced.
    pub(super) fn keep_host_keys(&mut self, played: &Played) {
        for (node, keys) in &played.host_keys {
            if let Some(record) = self.node_mut(node).filter(|record| record.host_keys.is_empty()) {
                record.host_keys = keys.clone();
            }
        }
        let through = self.record.jump_host(&self.task.file.ssh).filter(|_| !played.jump_keys.is_empty());
        if let Some(JumpHost { host, host_keys }) = through {
            let host_keys = if host_keys.is_empty() { played.jump_keys.clone() } else { host_keys };
            self.record.jump = Some(JumpHost { host, host_keys });
        }
    }

    pub(super) fn node(&self, node: &NodeName) -> Option<&NodeRecord> {
        let mut pools = self.record.pools.values();
        self.record.control_plane.nodes.get(node).or_else(|| pools.find_map(|pool| pool.nodes.get(node)))
    }

    fn node_mut(&mut self, node: &NodeName) -> Option<&mut NodeRecord> {
        self.record.nodes_mut().find(|(name, _)| *name == node).map(|(_, record)| record)
    }
}

fn no_address(node: &NodeName) -> Failure {
    Failure::new(Kind::Partial, format!("{node} could not be provisioned"))
        .because("the cloud tells no address of its machine")
        .hint(format!("look at the machine; when it has one: scaler provision --limit {node}"))
}
