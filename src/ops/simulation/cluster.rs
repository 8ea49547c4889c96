//! What the machines of the cloud mean to the cluster: one that runs becomes a Node and renews it, one that is gone falls
//! silent, and the pods of a silent node are given up after a while.

use std::collections::BTreeMap;
use std::time::Duration;

use super::world::{BEGINNING, World};
use crate::model::drain::samples;
use crate::model::join_file;
use crate::model::journal::{Entry, Proof};
use crate::model::kubernetes::{Budget, Node, NodeTaint, Owner, Pod};
use crate::model::machine::{Machine, Role};
use crate::ops::testing::kubernetes::{Controller, Living};

/// From a machine's making to its Node being Ready.
const JOINS: Duration = Duration::from_secs(40);
/// From a machine's end to its Node being called not Ready (`node-monitor-grace-period`).
const SILENT: Duration = Duration::from_secs(40);
/// From there to its pods being deleted (`tolerationSeconds` of the taints that are set then).
const GIVEN_UP: Duration = Duration::from_secs(340);
/// How often a kubelet renews its Lease.
const RENEWS: u64 = 10;

/// The id of the role by which machines join at boot.
pub const ROLE: &str = "AROAWEB";

/// A machine will look for its join file, once it has booted, and joins when it has found one.
pub fn waits_at_boot(world: &World, machine: &Machine) {
    let mut joins = world.joins.lock().unwrap();
    let boots = joins.get(&machine.id).copied().unwrap_or(JOINS);
    joins.insert(machine.id.clone(), Duration::MAX);
    world.boots.lock().unwrap().insert(machine.id.clone(), boots);
}

/// Those of them that have found a token which is valid.
fn find_join_files(world: &World, tokens: &BTreeMap<String, jiff::Timestamp>) {
    let now = world.now();
    for (machine, made, _) in world.cloud.times() {
        let Some(boots) = world.boots.lock().unwrap().get(&machine.id).copied() else { continue };
        let file = world.store.text(&join_file::key(ROLE, &machine.id));
        let (Some(file), true) = (file, now >= made.saturating_add(boots)) else { continue };
        let file: serde_json::Value = serde_json::from_str(&file).expect("a join file");
        let token = file["token"].as_str().and_then(|token| token.split('.').next()).unwrap_or_default();
        if tokens.contains_key(token) && file["node"] == serde_json::json!(machine.node) {
            world.boots.lock().unwrap().remove(&machine.id);
            world.joins.lock().unwrap().insert(machine.id.clone(), now - made);
            world.happens("a machine joined at boot");
        }
    }
}

/// Brings the Nodes up to what the machines are now.
pub fn follow(world: &World) {
    let now = world.now();
    let start: jiff::Timestamp = BEGINNING.parse().unwrap();
    let mut kubernetes = world.kubernetes.world();
    revive(world, &mut kubernetes);
    find_join_files(world, &kubernetes.tokens);
    for (machine, made, ends) in world.cloud.times() {
        let Some(name) = machine.node.as_ref().map(ToString::to_string) else { continue };
        let provider_id = Some(machine.provider_id.clone());
        let joined = made.saturating_add(world.joins.lock().unwrap().get(&machine.id).copied().unwrap_or(JOINS));
        let silence = world.silent.lock().unwrap().get(&machine.id).copied();
        let reset = world.reset.lock().unwrap().get(&machine.id).copied();
        let hushed = silence.map(|(since, _)| since).into_iter().chain(reset).min();
        let last = ends.into_iter().chain(hushed).fold(now, Duration::min);
        let heartbeat = Duration::from_secs(last.as_secs() / RENEWS * RENEWS).max(joined);
        let joins = now >= joined && ends.is_none_or(|ends| ends > joined);
        match kubernetes.nodes.get_mut(&name) {
            Some(node) if node.provider_id == provider_id => {
                node.last_heartbeat = Some(start + heartbeat);
                if ends.into_iter().chain(hushed).any(|since| now >= since + SILENT) {
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
                    created: Some(start + joined),
                    ..samples::node(&name)
                };
                if machine.role == Some(Role::ControlPlane) {
                    let key = "node-role.kubernetes.io/control-plane";
                    node.labels.insert(key.into(), String::new());
                    let effect = "NoSchedule".into();
                    node.taints.push(NodeTaint { key: key.into(), value: String::new(), effect, added: None });
                }
                world.watch.becomes_node(&machine.id);
                world.watch.changed(&name, joined);
                if joined > made + JOINS {
                    world.happens("a machine joined late");
                }
                kubernetes.nodes.insert(name.clone(), node);
                let agent = Pod { name: format!("agent-{name}"), uid: format!("uid-agent-{}", machine.id), ..agent() };
                kubernetes.pods.push(Living::new(samples::on(&name, agent)));
            }
            None => {}
        }
        let Some(ends) = ends.or(hushed) else { continue };
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

/// A machine is given up as one that never joined, and joins just then.
pub fn hurry(world: &World, entry: &Entry) {
    let Entry::Evidence { machine_id: Some(id), proof: Proof::NeverJoined { .. }, .. } = entry else { return };
    let made = world.cloud.times().into_iter().find(|(machine, _, _)| machine.id == *id).map(|(_, made, _)| made);
    if let Some(made) = made.filter(|_| world.weather().hurried && world.chance.permille(500)) {
        let soon = world.chance.between(Duration::ZERO, Duration::from_secs(4));
        world.joins.lock().unwrap().insert(id.clone(), world.now() - made + soon);
    }
}

/// From now on a kubelet is not heard, and its machine runs on, until then.
pub fn hush(world: &World, machine: &str, until: Duration) {
    world.tell(|| format!("the kubelet of {machine} is SILENT"));
    world.happens("a machine ran on and could not be reached");
    world.silent.lock().unwrap().insert(machine.to_owned(), (world.now(), until));
}

/// Kubelets that are heard again take up where they were.
fn revive(world: &World, kubernetes: &mut crate::ops::testing::kubernetes::World) {
    let now = world.now();
    let mut silent = world.silent.lock().unwrap();
    let back: Vec<(String, Duration)> =
        silent.iter().filter(|(_, (_, until))| *until <= now).map(|(id, (_, until))| (id.clone(), *until)).collect();
    for (id, at) in back {
        silent.remove(&id);
        let living = world.cloud.living().into_iter().find(|machine| machine.id == id);
        let Some(name) = living.and_then(|machine| machine.node) else { continue };
        world.watch.changed(name.as_str(), at);
        if let Some(node) = kubernetes.nodes.get_mut(name.as_str()) {
            node.ready = true;
        }
        for living in kubernetes.pods.iter_mut().filter(|living| living.pod.node.as_deref() == Some(name.as_str())) {
            living.takes = Some(Duration::from_secs(1));
            living.ready_at = now;
            living.ends_at = living.pod.deleted.map(|_| now + Duration::from_secs(1));
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
