//! The cluster that the worlds are about, and scalers that do something with it.

use std::sync::Arc;
use std::time::Duration;

use super::cluster;
use super::order::{self, BOUNDS, Order, POOL};
use super::process::Process;
use super::world::World;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::{Consent, Status};
use crate::model::machine::Machine;
use crate::ops::execute::recover::{self, Goal, Settled};
use crate::ops::execute::{self, Done, Ran};
use crate::ops::lock::Freer;
use crate::ops::ports::Ports;
use crate::ops::task::{Mandate, Task};
use crate::ops::{journal, lock, prepare, unlock};

/// How many machines the pool has when a cluster stands.
pub const STANDS: u32 = 4;

/// How a scaler's run ended.
#[derive(Debug)]
pub enum End {
    Done(Done),
    /// There was nothing to do.
    Nothing,
    Failed(Failure),
    Died,
}

/// One run of the command line, without a person.
struct Run {
    process: Arc<Process>,
    ports: Ports,
    task: Task,
    order: Order,
}

impl Run {
    /// Settles an operation with its own cluster file.
    async fn settle(&self, status: &Status, goal: Goal) -> Result<Option<Settled>> {
        let task = order::with_inputs(&self.task, recover::inputs(&self.ports, status).await?);
        recover::settle(&self.ports, &task, goal, self.process.interrupts.clone()).await
    }

    /// Settles what an earlier run left. True if that cannot be, and everything is to go all the same.
    async fn settle_first(&self) -> Result<bool> {
        let Some(status) = journal::unfinished(self.ports.store.as_ref()).await? else { return Ok(false) };
        let settled = self.settle(&status, Goal::Settle).await;
        match settled.and_then(|settled| settled.map_or(Ok(()), |settled| settled.ended())) {
            Ok(()) => Ok(false),
            Err(failure)
                if self.order == Order::Destroy && !matches!(failure.kind, Kind::LockHeld | Kind::Interrupted) =>
            {
                Ok(true)
            }
            Err(failure) => Err(failure),
        }
    }

    /// `resume` and `abort`.
    async fn recover(&self) -> Result<()> {
        let store = self.ports.store.as_ref();
        if let Some(held) = lock::at_work(store, self.ports.clock.now()).await? {
            return Err(held);
        }
        let goal = if self.order == Order::Abort { Goal::Undo } else { Goal::Settle };
        let settled = match journal::unfinished(store).await? {
            Some(status) => self.settle(&status, goal).await?,
            None => recover::settle(&self.ports, &self.task, Goal::Undo, self.process.interrupts.clone()).await?,
        };
        settled.map_or(Ok(()), |settled| settled.ended())
    }

    /// `state unlock`.
    async fn unlock(&self) -> Result<()> {
        let freer = Freer {
            store: self.ports.store.clone(),
            clock: self.ports.clock.clone(),
            holder: self.task.holder.clone(),
            interrupts: self.process.interrupts.clone(),
            progress: self.ports.progress.clone(),
        };
        let looked = unlock::look(&freer).await?;
        if let Some(left) = looked.next {
            unlock::free(&freer, left?, looked.report).await?;
            self.process.world.happens("a lock was freed by hand");
        }
        Ok(())
    }

    async fn obey(&self) -> Result<Option<Done>> {
        match &self.order {
            Order::Abort | Order::Resume => return self.recover().await.map(|()| None),
            Order::Unlock => return self.unlock().await.map(|()| None),
            Order::Look(_) => {
                prepare::prepare(&self.ports, &self.task, self.order.request()).await?;
                return Ok(None);
            }
            _ => {}
        }
        let interrupts = &self.process.interrupts;
        for _ in 0..4 {
            let unsettled = self.settle_first().await?;
            let mut prepared = prepare::prepare(&self.ports, &self.task, self.order.request()).await?;
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
                    let (store, clock) = (self.ports.store.as_ref(), self.ports.clock.as_ref());
                    lock::until_nobody_works(store, clock, self.task.options.lock_timeout, interrupts).await?;
                    continue;
                }
                refusals => refusals?,
            }
            interrupts.check()?;
            if unsettled && let Some(status) = journal::unfinished(self.ports.store.as_ref()).await? {
                self.settle(&status, Goal::Supersede).await?;
            }
            let mandate = Mandate { command: self.order.command(), consent: Consent::Yes };
            match execute::run(&self.ports, &self.task, mandate, prepared.plan, interrupts.clone()).await? {
                Ran::Done(done) => return Ok(Some(done)),
                Ran::Outdated(_) => {}
            }
        }
        Err(Failure::failed("others changed the cluster again and again"))
    }
}

/// Has a scaler do something, until it is through or dead.
pub async fn run(process: &Arc<Process>, order: Order) -> End {
    process.world.tell(|| format!("p{} is asked to {order:?}", process.index));
    if let Order::Look(_) = order {
        process.world.watch.only_looks(process.index);
    }
    let (ports, task) = (process.ports(), order::task(process, &order));
    let run = Run { process: process.clone(), ports, task, order };
    let work = Box::pin(run.obey());
    let end = tokio::select! {
        biased;
        () = process.died.notified() => End::Died,
        done = work => match done {
            Ok(Some(done)) => End::Done(done),
            Ok(None) => End::Nothing,
            Err(failure) => End::Failed(failure),
        },
    };
    if let End::Failed(failure) = &end
        && (failure.hints.iter().any(|hint| hint.contains("a fault of scaler"))
            || failure.to_string().contains("is about to do what does not follow"))
    {
        process.world.watch.violate(format!("p{} says: {failure}", process.index));
    }
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
    world.happens("a machine vanished");
    world.watch.vanishes(id);
    world.cloud.terminate(id, world.now());
}
