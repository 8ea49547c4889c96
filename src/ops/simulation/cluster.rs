//! What the machines of the cloud mean to the cluster: one that runs becomes a Node and renews it, one that is gone falls
//! silent, and the pods of a silent node are given up after a while.

use std::time::Duration;

use super::world::{BEGINNING, World};
use crate::model::drain::samples;
use crate::model::kubernetes::{Budget, Node, NodeTaint, Owner, Pod};
use crate::model::machine::Role;
use crate::ops::testing::kubernetes::{Controller, Living};

/// From a machine's making to its Node being Ready.
const JOINS: Duration = Duration::from_secs(40);
/// From a machine's end to its Node being called not Ready (`node-monitor-grace-period`).
const SILENT: Duration = Duration::from_secs(40);
/// From there to its pods being deleted (`tolerationSeconds` of the taints that are set then).
const GIVEN_UP: Duration = Duration::from_secs(340);
/// How often a kubelet renews its Lease.
const RENEWS: u64 = 10;

/// Brings the Nodes up to what the machines are now.
pub fn follow(world: &World) {
    let now = world.now();
    let start: jiff::Timestamp = BEGINNING.parse().unwrap();
    let mut kubernetes = world.kubernetes.world();
    for (machine, made, ends) in world.cloud.times() {
        let Some(name) = machine.node.as_ref().map(ToString::to_string) else { continue };
        let provider_id = Some(machine.provider_id.clone());
        let last = ends.unwrap_or(now).min(now);
        let heartbeat = Duration::from_secs(last.as_secs() / RENEWS * RENEWS).max(made + JOINS);
        let joins = now >= made + JOINS && ends.is_none_or(|ends| ends > made + JOINS);
        match kubernetes.nodes.get_mut(&name) {
            Some(node) if node.provider_id == provider_id => {
                node.last_heartbeat = Some(start + heartbeat);
                if ends.is_some_and(|ends| now >= ends + SILENT) {
                    node.ready = false;
                }
            }
            Some(_) => {}
            None if joins && !world.watch.was_node(&machine.id) => {
                let mut node = Node {
                    uid: format!("uid-{name}-{}", machine.id),
                    provider_id,
                    addresses: machine.addresses().into_iter().map(str::to_owned).collect(),
                    last_heartbeat: Some(start + heartbeat),
                    created: Some(start + made + JOINS),
                    ..samples::node(&name)
                };
                if machine.role == Some(Role::ControlPlane) {
                    let key = "node-role.kubernetes.io/control-plane";
                    node.labels.insert(key.into(), String::new());
                    node.taints.push(NodeTaint { key: key.into(), value: String::new(), effect: "NoSchedule".into() });
                }
                world.watch.becomes_node(&machine.id);
                kubernetes.nodes.insert(name.clone(), node);
                let agent = Pod { name: format!("agent-{name}"), uid: format!("uid-agent-{}", machine.id), ..agent() };
                kubernetes.pods.push(Living::new(samples::on(&name, agent)));
            }
            None => {}
        }
        let Some(ends) = ends else { continue };
        let silent =
            kubernetes.nodes.get(&name).is_some_and(|node| node.provider_id.as_deref() == Some(&machine.provider_id));
        if !silent {
            continue;
        }
        for living in kubernetes.pods.iter_mut().filter(|living| living.pod.node.as_deref() == Some(&name)) {
            // Nobody is there to end them.
            living.takes = None;
            living.ends_at = None;
            if now >= ends + SILENT {
                living.pod.ready = false;
                living.ready_at = Duration::MAX;
            }
            if now >= ends + GIVEN_UP && living.pod.deleted.is_none() && !living.pod.owned_by("DaemonSet") {
                living.pod.deleted = Some(start + now);
            }
        }
    }
}

fn agent() -> Pod {
    Pod {
        namespace: "kube-system".into(),
        owner: Some(Owner { kind: "DaemonSet".into(), name: "agent".into(), uid: "uid-agent".into() }),
        ..samples::pod("agent")
    }
}

/// Pods of some controllers, with their budgets, on whatever nodes there are.
pub fn deploy(world: &World, kind: &str, name: &str, replicas: usize, spare: &str) {
    follow(world);
    let labels = [("app".to_owned(), name.to_owned())];
    let template = Pod { labels: labels.clone().into(), ..samples::pod(name) };
    let starts = Duration::from_secs(3);
    let mut kubernetes = world.kubernetes.world();
    kubernetes.controllers.push(Controller {
        kind: kind.into(),
        name: name.into(),
        replicas,
        template,
        starts,
        made: 0,
    });
    let mut budget = Budget { min_available: None, max_unavailable: Some(spare.into()), ..samples::budget(name) };
    budget.selector.match_labels = labels.into();
    kubernetes.written_budgets.push(budget);
}
