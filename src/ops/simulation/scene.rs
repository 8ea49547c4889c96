//! The cluster that the worlds are about, and what scalers are asked to do with it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::cluster;
use super::process::Process;
use super::world::World;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::{self, ClusterFile};
use crate::model::journal::{Command, Consent};
use crate::model::machine::Machine;
use crate::model::plan::{Request, SizeChange};
use crate::model::record::Source;
use crate::ops::execute::recover::{self, Goal};
use crate::ops::execute::{self, Done, Ran};
use crate::ops::interrupts::Interrupts;
use crate::ops::ports::Ports;
use crate::ops::prepare;
use crate::ops::task::{Mandate, Options, Task};
use crate::ops::{journal, lock};
use crate::render::{Assets, Backend};

/// The pool that is scaled: its least, first and greatest size.
pub const POOL: &str = "web";
pub const BOUNDS: (usize, usize) = (2, 6);
/// How many it has when a cluster stands.
pub const STANDS: u32 = 4;

const TEXT: &str = "\
apiVersion: scaler/v1
kind: Cluster
name: demo
provider: sandbox
region: local
kubernetes: { version: 1.36.3, podNetwork: { cidr: 10.244.0.0/16 } }
access: { kubeconfig: ./kubeconfig }
store: { backend: local, path: ./store }
network: { cidr: 10.1.0.0/20, zones: [a, b] }
controlPlane: { count: 1, machine: small, image: { id: image-1 } }
pools:
  - { name: web, machine: small, min: 2, max: 6, image: { id: image-1 } }
  - { name: db, machine: small, min: 1, max: 3, image: { id: image-1 } }
drain: { timeout: 5m, totalTimeout: 30m, parallel: 5 }
sandbox: { register: .sandbox }
";

static FILE: LazyLock<ClusterFile> = LazyLock::new(|| file::parse("cluster.yml", TEXT, &[]).expect("a cluster file"));
static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::embedded);

/// What is asked of a scaler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    Apply,
    Up(u32),
    Down(u32),
    Destroy,
    Abort,
    Resume,
}

impl Order {
    fn command(&self) -> Command {
        match self {
            Order::Up(_) => Command::ScaleUp,
            Order::Down(_) => Command::ScaleDown,
            Order::Destroy => Command::Destroy,
            Order::Apply | Order::Abort | Order::Resume => Command::Apply,
        }
    }

    fn request(&self) -> Request {
        let scale = |change| Request::Scale { pool: POOL.into(), change, zone: None, write: None, accept_lost: vec![] };
        match self {
            Order::Up(to) => scale(SizeChange::UpTo(*to)),
            Order::Down(to) => scale(SizeChange::DownTo(*to)),
            Order::Destroy => Request::Destroy,
            Order::Apply | Order::Abort | Order::Resume => Request::Apply { accept_lost: vec![] },
        }
    }
}

/// How a scaler's run ended.
#[derive(Debug)]
pub enum End {
    Done(Done),
    /// There was nothing to do.
    Nothing,
    Failed(Failure),
    Died,
}

pub fn task(process: &Process, order: &Order) -> Task {
    Task {
        file: FILE.clone(),
        source: Source { cluster_file: TEXT.to_owned(), sets: Vec::new(), files: BTreeMap::new() },
        sets: Vec::new(),
        backend: Backend::Local { path: "/store".into() },
        assets: ASSETS.clone(),
        ssh_public_key: "ssh-ed25519 AAAA".into(),
        register: "/register".into(),
        folder: PathBuf::from("/"),
        holder: process.holder(&format!("{order:?}")),
        options: Options {
            lock_timeout: Duration::from_secs(300),
            join_timeout: Duration::from_secs(300),
            partial: process.index % 4 == 3,
            own_pod: None,
        },
    }
}

/// Settles what an earlier run left. True if that cannot be, and everything is to go all the same.
async fn settle_first(ports: &Ports, task: &Task, order: &Order) -> Result<bool> {
    if journal::unfinished(ports.store.as_ref()).await?.is_none() {
        return Ok(false);
    }
    let settled = recover::settle(ports, task, Goal::Settle, Interrupts::never()).await;
    match settled.and_then(|settled| settled.map_or(Ok(()), |settled| settled.ended())) {
        Ok(()) => Ok(false),
        Err(failure) if *order == Order::Destroy && failure.kind != Kind::LockHeld => Ok(true),
        Err(failure) => Err(failure),
    }
}

/// What the command line does, without a person.
async fn obey(ports: Ports, task: Task, order: Order) -> Result<Option<Done>> {
    let never = Interrupts::never();
    if let Order::Abort | Order::Resume = order {
        let goal = if order == Order::Abort { Goal::Undo } else { Goal::Settle };
        return match recover::settle(&ports, &task, goal, never).await? {
            Some(settled) => settled.ended().map(|()| None),
            None => Ok(None),
        };
    }
    for _ in 0..4 {
        let unsettled = settle_first(&ports, &task, &order).await?;
        let mut prepared = prepare::prepare(&ports, &task, order.request()).await?;
        if unsettled {
            prepared.unfinished = None;
        }
        if let Some(status) = &prepared.unfinished {
            return Err(lock::unfinished(status));
        }
        if prepared.plan.is_empty() {
            return Ok(None);
        }
        match prepared.refusals() {
            Err(failure) if failure.kind == Kind::LockHeld => {
                let timeout = task.options.lock_timeout;
                lock::until_nobody_works(ports.store.as_ref(), ports.clock.as_ref(), timeout, &never).await?;
                continue;
            }
            refusals => refusals?,
        }
        if unsettled {
            recover::settle(&ports, &task, Goal::Supersede, never.clone()).await?;
        }
        let mandate = Mandate { command: order.command(), consent: Consent::Yes };
        match execute::run(&ports, &task, mandate, prepared.plan, never.clone()).await? {
            Ran::Done(done) => return Ok(Some(done)),
            Ran::Outdated(_) => {}
        }
    }
    Err(Failure::failed("others changed the cluster again and again"))
}

/// Has a scaler do something, until it is through or dead.
pub async fn run(process: &Arc<Process>, order: Order) -> End {
    process.world.tell(|| format!("p{} is asked to {order:?}", process.index));
    let (ports, task) = (process.ports(), task(process, &order));
    let work = Box::pin(obey(ports, task, order));
    let end = tokio::select! {
        biased;
        () = process.died.notified() => End::Died,
        done = work => match done {
            Ok(Some(done)) => End::Done(done),
            Ok(None) => End::Nothing,
            Err(failure) => End::Failed(failure),
        },
    };
    process.world.tell(|| match &end {
        End::Failed(failure) => format!("p{} ends: {failure}", process.index),
        End::Done(done) => match &done.shortfall {
            Some(shortfall) => format!("p{} ends with less: {shortfall}", process.index),
            None => format!("p{} is done", process.index),
        },
        other => format!("p{} ends: {other:?}", process.index),
    });
    end
}

/// A cluster that stands, with pods and budgets on it.
pub async fn build(world: &Arc<World>) {
    for order in [Order::Apply, Order::Up(STANDS)] {
        bounds(world);
        match run(&Process::start(world), order).await {
            End::Done(done) if done.shortfall.is_none() => {}
            end => world.watch.violate(format!("the cluster was not made: {end:?}")),
        }
    }
    populate(world).await;
}

pub fn bounds(world: &World) {
    world.watch.bounds(POOL, BOUNDS.0, BOUNDS.1);
    world.watch.bounds("db", 1, 3);
}

pub async fn populate(world: &Arc<World>) {
    cluster::deploy(world, "ReplicaSet", "shop", 4, "1");
    cluster::deploy(world, "StatefulSet", "queue", 2, "1");
    world.sleep(Duration::from_secs(10)).await;
}

/// The machines of a pool that live.
pub fn machines(world: &World, pool: &str) -> Vec<Machine> {
    let machines = world.cloud.living();
    machines.into_iter().filter(|one| one.pool.as_deref() == Some(pool)).collect()
}

/// A machine ends by itself, or by somebody else's hand.
pub fn vanish(world: &World, id: &str) {
    world.tell(|| format!("{id} VANISHES"));
    world.watch.vanishes(id);
    world.cloud.terminate(id, world.now());
}
