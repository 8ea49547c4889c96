//! What happens in a world by itself, or by people who are not at a scaler.

use std::sync::Arc;
use std::time::Duration;

use super::clock;
use super::cluster;
use super::order::{FILE_COUNT, Order, POOL};
use super::process::{Nap, Process};
use super::scene::{self, End};
use super::terraform::lock_key;
use super::truth;
use super::world::World;
use crate::model::drain::CordonState;
use crate::model::failure::Kind;
use crate::model::kubernetes::Node;
use crate::model::lock::{STOP, TAKE_OVER_AFTER};
use crate::model::machine::Machine;
use crate::model::names::{NodeName, StackId};

const fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// Some of it, one after another.
pub async fn events(world: &Arc<World>) {
    let chance = &world.chance;
    let mut vanished = false;
    for _ in 0..chance.below(4) {
        world.sleep(chance.between(seconds(0), seconds(90))).await;
        match chance.below(100) {
            0..18 if !vanished => {
                vanished = true;
                machines_vanish(world).await;
            }
            0..30 => {
                let now = world.now();
                world.tell(|| "the API server is AWAY".into());
                world.happens("the API server was away");
                world.kubernetes.world().away = Some((now, now + chance.between(seconds(10), seconds(60))));
            }
            30..41 => {
                // Rather somewhere in the middle of a drain than when nobody is at work.
                until(world, 40, drains).await;
                world.sleep(chance.between(seconds(0), seconds(15))).await;
                person(world);
            }
            41..52 => drained_node_comes_back(world).await,
            52..57 => budget_is_shut(world).await,
            57..66 => holder_loses_the_store(world).await,
            66..76 => record_comes_late(world).await,
            76..84 => kubelet_falls_silent(world).await,
            84..90 => somebody_elses_terraform(world).await,
            90..95 => cloud_loses_sight(world),
            _ => *world.file.lock().unwrap() = chance.below(FILE_COUNT) as usize,
        }
    }
}

/// Waits until this is so, for so many seconds at most.
async fn until(world: &World, most: u64, so: impl Fn(&World) -> bool) -> bool {
    for _ in 0..most {
        if so(world) {
            return true;
        }
        world.sleep(seconds(1)).await;
    }
    so(world)
}

async fn machines_vanish(world: &Arc<World>) {
    let chance = &world.chance;
    let mut machines = scene::machines(world, POOL);
    let several = chance.permille(250) && machines.len() > 2;
    let mut names = Vec::new();
    for _ in 0..if several { 2 } else { 1 } {
        if machines.is_empty() {
            return;
        }
        let machine = machines.swap_remove(chance.below(machines.len() as u64) as usize);
        scene::vanish(world, &machine.id);
        names.extend(machine.node);
    }
    if several {
        world.happens("several machines vanished");
        world.sleep(chance.between(seconds(20), seconds(60))).await;
        let process = Process::start(world);
        if let End::Done(_) = scene::run(&process, Order::Accept(names)).await {
            world.happens("several machines were retired with consent");
        }
    }
}

fn drains(world: &World) -> bool {
    world.kubernetes.world().nodes.values().any(|node| CordonState::of(node) != CordonState::None)
}

/// Somebody cordons a node by hand, or uncordons one that an operation has cordoned.
fn person(world: &World) {
    let kubernetes = world.kubernetes.world();
    let ours = |node: &&Node| node.unschedulable && CordonState::of(node) != CordonState::None;
    let victim = kubernetes.nodes.values().find(ours).map(|node| node.name.clone());
    let names: Vec<String> = kubernetes.nodes.keys().cloned().collect();
    if let Some(name) = victim.filter(|_| world.chance.permille(700)) {
        drop(kubernetes);
        uncordon(world, &name);
        return;
    }
    if names.is_empty() {
        return;
    }
    let name = world.chance.pick(&names).clone();
    if kubernetes.nodes[&name].unschedulable {
        return;
    }
    drop(kubernetes);
    cordon(world, &name);
    world.tell(|| format!("a person cordons {name}"));
}

/// A person had cordoned one of the pool's nodes before anything began.
pub fn cordoned_from_the_start(world: &World, which: usize) {
    let names: Vec<NodeName> = scene::machines(world, POOL).into_iter().filter_map(|machine| machine.node).collect();
    let Some(name) = names.get(which % names.len().max(1)) else { return };
    world.kubernetes.world().touch(name.as_str(), |node| node.unschedulable = true);
    world.tell(|| format!("a person has cordoned {name}"));
    world.cordoned.lock().unwrap().insert(name.to_string());
}

/// The latest word counts.
fn uncordon(world: &World, name: &str) {
    world.kubernetes.world().touch(name, |node| node.unschedulable = false);
    world.tell(|| format!("a person uncordons {name}"));
    world.happens("a person uncordoned a victim");
    world.watch.changed(name, world.now());
    world.cordoned.lock().unwrap().remove(name);
}

/// A person cordons a node. Under an operation's mark nobody can tell that from the operation's own, and it goes with it:
/// it stays only where it was so before.
pub fn cordon(world: &World, name: &str) {
    let mut kubernetes = world.kubernetes.world();
    kubernetes.touch(name, |node| node.unschedulable = true);
    let stays = match kubernetes.nodes.get(name).map(CordonState::of) {
        Some(CordonState::By(cordon)) => cordon.was_unschedulable,
        Some(CordonState::None | CordonState::Strange(_)) => true,
        None => false,
    };
    drop(kubernetes);
    if stays {
        world.cordoned.lock().unwrap().insert(name.to_owned());
    }
}

/// A victim that is empty by now is uncordoned, pods come to it, and now and then it is cordoned again.
async fn drained_node_comes_back(world: &World) {
    if !until(world, 200, |world| world.watch.drained().is_some()).await {
        return;
    }
    let chance = &world.chance;
    world.sleep(chance.between(seconds(0), seconds(2))).await;
    let Some(name) = world.watch.drained() else { return };
    uncordon(world, &name);
    let more = chance.between(seconds(1), seconds(2)).as_secs() as usize;
    {
        let mut kubernetes = world.kubernetes.world();
        if let Some(shop) = kubernetes.controllers.iter_mut().find(|controller| controller.name == "shop") {
            shop.replicas += more;
        }
    }
    world.sleep(Duration::from_millis(200)).await;
    let kubernetes = world.kubernetes.world();
    let came = |pod: &crate::model::kubernetes::Pod| pod.node.as_deref() == Some(&name) && !pod.owned_by("DaemonSet");
    if kubernetes.pods.iter().any(|living| came(&living.pod)) {
        world.happens("a pod came to a node that was drained");
    }
    if chance.permille(400) {
        drop(kubernetes);
        cordon(world, &name);
        world.tell(|| format!("a person cordons {name} again"));
    }
}

/// In the middle of a drain somebody changes a budget so that it lets nothing go, and changes it back much later.
async fn budget_is_shut(world: &World) {
    until(world, 60, drains).await;
    let shut = |by: Option<String>| {
        let mut kubernetes = world.kubernetes.world();
        let budget = kubernetes.written_budgets.first_mut().expect("a budget");
        std::mem::replace(&mut budget.max_unavailable, by)
    };
    let before = shut(Some("0".into()));
    world.tell(|| "a budget lets NOTHING GO".into());
    world.happens("a budget let nothing go");
    world.sleep(world.chance.between(seconds(200), seconds(700))).await;
    shut(before);
}

/// Whoever applies something just now cannot reach the store any more, and the cloud takes long; others ask again and
/// again for what is left behind.
async fn holder_loses_the_store(world: &Arc<World>) {
    if !until(world, 200, |world| world.watch.applying().is_some()).await {
        return;
    }
    let chance = &world.chance;
    let Some(holder) = world.watch.applying().and_then(|index| world.fleet.run(index)) else { return };
    *holder.slow.lock().unwrap() = true;
    holder.loses_the_store(chance.between(seconds(70), seconds(200)));
    world.happens("a scaler lost the store in the middle of an apply");
    others_ask(world).await;
}

/// The machine of whoever applies something just now falls asleep with the record on its way; others take over meanwhile,
/// and write a record of their own.
async fn record_comes_late(world: &Arc<World>) {
    if !until(world, 200, |world| world.watch.applying().is_some()).await {
        return;
    }
    let chance = &world.chance;
    let Some(holder) = world.watch.applying().and_then(|index| world.fleet.run(index)) else { return };
    holder.naps_at(Nap::Commit, chance.between(seconds(200), seconds(600)));
    others_ask(world).await;
}

/// Again and again, until what somebody holds is theirs.
async fn others_ask(world: &Arc<World>) {
    let chance = &world.chance;
    for _ in 0..100 {
        let order = match chance.below(10) {
            0..6 => Order::Resume,
            6..8 => Order::Abort,
            _ => Order::Unlock,
        };
        match scene::run(&Process::start(world), order).await {
            End::Failed(failure) if failure.kind == Kind::LockHeld => {}
            _ => return,
        }
        world.sleep(chance.between(seconds(1), seconds(4))).await;
    }
}

/// A machine runs on, and nobody hears of it. Somebody may give it up; it may come back meanwhile.
async fn kubelet_falls_silent(world: &Arc<World>) {
    let chance = &world.chance;
    let machines: Vec<Machine> = joined(world);
    if machines.is_empty() {
        return;
    }
    let machine = chance.pick(&machines).clone();
    let lasts = if chance.permille(500) { seconds(100_000) } else { chance.between(seconds(50), seconds(120)) };
    cluster::hush(world, &machine.id, world.now() + lasts);
    world.sleep(chance.between(seconds(42), seconds(60))).await;
    let Some(name) = machine.node.filter(|_| chance.permille(800)) else { return };
    scene::run(&Process::start(world), Order::Lost(vec![name])).await;
}

/// The machines that are Nodes.
fn joined(world: &World) -> Vec<Machine> {
    scene::machines(world, POOL).into_iter().filter(|machine| world.watch.was_node(&machine.id)).collect()
}

/// Whoever was at work is dead, and so is their Terraform.
fn cut_off(world: &World) -> bool {
    let death = world.watch.holder_of_open().and_then(|process| world.fleet.death(process));
    death.is_some_and(|(at, _)| world.now() > at + STOP)
}

/// What Terraform calls what it does when a person runs it by hand; a scaler's never does so under a lock.
pub const BY_HAND: &str = "OperationTypePlan";

/// Somebody runs Terraform by hand on one of the states, rather where an operation was cut off.
async fn somebody_elses_terraform(world: &Arc<World>) {
    let chance = &world.chance;
    let left_behind = until(world, 300, cut_off).await;
    // Whose run it is may be who then looks by hand what became of it.
    let theirs = world.watch.holder_of_open().filter(|_| left_behind && chance.permille(500));
    if theirs.is_some() {
        world.sleep(TAKE_OVER_AFTER).await;
    }
    let stack = chance.pick(&[StackId::Foundation, StackId::Pool(POOL.into())]).clone();
    let key = lock_key(&stack);
    if world.store.text(&key).is_some() {
        return;
    }
    let id = format!("{:032x}", chance.next());
    let (who, created) = match theirs {
        Some(process) => (format!("user-{process}@machine-{process}"), clock::wall(world, process).to_string()),
        None => ("bob@desk".to_owned(), "2026-01-02T03:04:05Z".to_owned()),
    };
    let text = format!(r#"{{"ID":"{id}","Operation":"{BY_HAND}","Who":"{who}","Created":"{created}"}}"#);
    world.tell(|| format!("{who} runs Terraform by hand on {stack}"));
    world.happens("somebody else held Terraform's lock");
    if theirs.is_some() {
        world.happens("who had run an operation that was cut off held Terraform's lock by hand");
    }
    world.store.overwrite(&key, text.clone());
    if left_behind {
        // Old enough not to be of a Terraform that has just begun, and there when the operation is settled.
        world.sleep(seconds(70)).await;
        scene::run(&Process::start(world), Order::Resume).await;
    }
    world.sleep(chance.between(seconds(20), seconds(200))).await;
    if world.store.text(&key) == Some(text) {
        world.store.remove(&key);
    }
}

/// For less than a minute the cloud does not know of a machine that is in the record, and runs.
fn cloud_loses_sight(world: &World) {
    let Some(record) = truth::record(world) else { return };
    let ids: Vec<String> =
        record.pools.values().flat_map(|pool| pool.nodes.values()).filter_map(|node| node.machine_id.clone()).collect();
    if ids.is_empty() {
        return;
    }
    let id = world.chance.pick(&ids).clone();
    let time = world.chance.between(seconds(10), seconds(50));
    world.tell(|| format!("the cloud does not tell of {id} for {}s", time.as_secs()));
    world.happens("the cloud lost sight of a machine that runs");
    world.cloud.loses_sight(&id, world.now() + time);
}

/// Machines that never joined are given up when they have had their time.
pub async fn give_up_those_that_never_joined(world: &Arc<World>) {
    let lame = |world: &World| -> Vec<NodeName> {
        let joins = world.joins.lock().unwrap();
        let never = |machine: &Machine| joins.get(&machine.id) == Some(&Duration::MAX);
        scene::machines(world, POOL).into_iter().filter(never).filter_map(|machine| machine.node).collect()
    };
    if lame(world).is_empty() {
        return;
    }
    world.sleep(seconds(950)).await;
    let Some(name) = lame(world).pop() else { return };
    scene::run(&Process::start(world), Order::Without(vec![name])).await;
}

/// Everything is well again that was not, and is meant to be.
pub fn calm(world: &World) {
    let now = world.now();
    world.silent.lock().unwrap().values_mut().for_each(|(_, until)| *until = (*until).min(now));
}
