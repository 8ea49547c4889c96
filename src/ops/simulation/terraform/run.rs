//! One run of Terraform below its supervisor: it goes on when its scaler dies alone, ends in order when it is told to,
//! is killed when it takes too long for that, and stops where it is when everything dies.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::SimPlan;
use super::machine::{machine, tags};
use super::plan::{self, Change, Wanted};
use super::state::{Address, TfState, lock_key};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::lock::STOP;
use crate::model::machine::{Machine, MachineState, Sighting};
use crate::model::names::StackId;
use crate::ops::lease::Lease;
use crate::ops::ports::terraform::{Applied, PlanMode};
use crate::ops::simulation::clock::booted;
use crate::ops::simulation::cluster;
use crate::ops::simulation::process::Process;
use crate::ops::simulation::time::Owner;
use crate::ops::simulation::watch::{Deed, Work};

#[derive(Clone)]
pub struct Run {
    pub process: Arc<Process>,
    pub stack: StackId,
    pub lease: Option<Lease>,
    /// The last deadline of the lease that its supervisor heard of.
    pub told: Arc<Mutex<Option<Duration>>>,
}

/// How a piece of Terraform's work ended early.
enum Cut {
    /// The cloud did not want to.
    Refused,
    /// It was killed.
    Off,
}

impl Run {
    /// Runs beside the scaler, as a process of its own does.
    async fn beside<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        let (answer, heard) = oneshot::channel();
        tokio::spawn(async move { answer.send(work.await) });
        heard.await.map_err(|_| Failure::failed("Terraform was not heard of any more"))?
    }

    pub async fn plan(self, mode: PlanMode, values: Arc<Value>) -> Result<SimPlan> {
        if matches!(mode, PlanMode::Look | PlanMode::LookDestroy) {
            self.process.way_out().await;
            return Ok(self.compute(mode, values));
        }
        Run::beside(async move {
            self.lock()?;
            self.did(Deed::Began { stack: &self.stack, work: Work::Plan });
            let time = self.process.world.chance.between(Duration::from_millis(500), Duration::from_secs(4));
            if self.pause(time).await.is_err() {
                return Err(self.killed());
            }
            if self.process.interrupts.count() > 0 {
                self.unlock();
                let what = format!("Terraform could not plan stack {}: it was interrupted", self.stack);
                return Err(Failure::new(Kind::Interrupted, what));
            }
            let plan = self.compute(mode, values);
            self.unlock();
            Ok(plan)
        })
        .await
    }

    fn compute(&self, mode: PlanMode, values: Arc<Value>) -> SimPlan {
        let stored = self.stored();
        let base = stored.as_ref().map(|state| state.serial.clone());
        let before = stored.unwrap_or_else(|| TfState::new("none yet".into()));
        let (mut state, mut gone) = (before.clone(), BTreeMap::new());
        if self.process.world.weather().refreshes {
            gone = self.refresh(&mut state);
        }
        let wanted = match mode {
            PlanMode::Destroy | PlanMode::LookDestroy => BTreeMap::new(),
            PlanMode::Apply | PlanMode::Look => plan::wanted(&self.stack, &values),
        };
        let changes = plan::changes(&state, &wanted);
        let json = plan::json(&self.stack, &state, &changes, &gone);
        let gone = gone.into_keys().collect();
        SimPlan { stack: self.stack.clone(), base, values, changes, gone, json }
    }

    /// Takes out of the state what the cloud says is gone.
    fn refresh(&self, state: &mut TfState) -> BTreeMap<Address, Value> {
        let world = &self.process.world;
        let is_gone = |there: &Value| {
            let id = there["id"].as_str().unwrap_or_default();
            matches!(world.cloud.sight(id, world.now()), Sighting::Unknown | Sighting::Found(MachineState::Terminated))
        };
        let gone: BTreeMap<Address, Value> = state
            .instances
            .iter()
            .filter(|(address, there)| address.key.is_some() && is_gone(there))
            .map(|(address, there)| (address.clone(), there.clone()))
            .collect();
        state.instances.retain(|address, _| !gone.contains_key(address));
        gone
    }

    pub async fn apply(self, plan: SimPlan) -> Result<Applied> {
        Run::beside(async move {
            if let Err(failure) = self.lock() {
                return Ok(Applied::NotBegun(failure));
            }
            self.did(Deed::Began { stack: &self.stack, work: Work::Apply });
            let stored = self.stored();
            if stored.as_ref().map(|state| state.serial.clone()) != plan.base {
                self.unlock();
                return Ok(Applied::Stale);
            }
            let lineage = || format!("lineage-{:08x}", self.process.world.chance.next() as u32);
            let state = stored.unwrap_or_else(|| TfState::new(lineage()));
            self.work(plan, state).await
        })
        .await
    }

    /// Takes what the cloud has into the state: nothing is known of it but its id.
    pub async fn import(self, address: String, id: String, values: Arc<Value>) -> Result<()> {
        self.edit(move |run, state| {
            let known = plan::wanted(&run.stack, &values);
            let found = known.keys().find(|one| one.to_string() == address).cloned();
            let found = found.ok_or_else(|| Failure::failed(format!("{address} is not in the configuration")))?;
            if state.instances.contains_key(&found) {
                return Err(Failure::failed(format!("Resource already managed by Terraform: {address}")));
            }
            let attributes = json!({ "id": id, "input": null, "output": null, "triggers_replace": null });
            state.instances.insert(found, attributes);
            Ok(())
        })
        .await
    }

    pub async fn untaint(self, address: String) -> Result<()> {
        self.edit(move |_, state| {
            let before = state.tainted.len();
            state.tainted.retain(|one| one.to_string() != address);
            match state.tainted.len() < before {
                true => Ok(()),
                false => Err(Failure::failed(format!("No such resource instance is tainted: {address}"))),
            }
        })
        .await
    }

    /// Changes the state alone, under its lock.
    async fn edit(self, change: impl FnOnce(&Run, &mut TfState) -> Result<()> + Send + 'static) -> Result<()> {
        Run::beside(async move {
            self.lock()?;
            self.did(Deed::Began { stack: &self.stack, work: Work::Edit });
            if self.pause(Duration::from_millis(800)).await.is_err() {
                return Err(self.killed());
            }
            let lineage = || format!("lineage-{:08x}", self.process.world.chance.next() as u32);
            let mut state = self.stored().unwrap_or_else(|| TfState::new(lineage()));
            let changed = change(&self, &mut state);
            let saved = changed.is_err() || self.save(&mut state).await;
            self.unlock();
            if saved { changed } else { Err(Failure::failed("Failed to save state")) }
        })
        .await
    }

    async fn work(&self, plan: SimPlan, mut state: TfState) -> Result<Applied> {
        let base = state.serial.serial;
        let before = state.clone();
        state.instances.retain(|address, _| !plan.gone.contains(address));
        let mut failure = None;
        for (address, change) in self.in_some_order(&plan) {
            if self.stop_since().is_some() {
                failure = Some("it was interrupted");
                break;
            }
            if self.process.interrupts.count() > 1 {
                self.process.world.happens("a second signal interrupted an apply");
                failure = Some("it was interrupted");
                break;
            }
            match self.change(&address, &change, &mut state).await {
                Ok(()) => {}
                Err(Cut::Refused) => failure = Some("the cloud refused it: InsufficientInstanceCapacity"),
                Err(Cut::Off) => return Err(self.killed()),
            }
            if self.process.world.chance.permille(200) && state != before {
                self.save(&mut state).await;
            }
        }
        if failure.is_none() {
            state.outputs = plan::outputs(&self.stack, &plan.values, &state);
        }
        let changed = (&state.instances, &state.outputs) != (&before.instances, &before.outputs) || base == 0;
        if changed && !self.save(&mut state).await {
            failure = Some("Failed to save state");
        }
        if self.pause(Duration::from_millis(300)).await.is_err() {
            return Err(self.killed());
        }
        self.unlock();
        match failure {
            None => Ok(Applied::Done),
            Some(why) => {
                Err(Failure::new(Kind::Partial, format!("Terraform could not apply stack {}", self.stack)).because(why))
            }
        }
    }

    /// Machines end before others are made, and no resource waits for a certain other one.
    fn in_some_order(&self, plan: &SimPlan) -> Vec<(Address, Change)> {
        let chance = &self.process.world.chance;
        let mut order: Vec<(bool, u64, Address, Change)> = plan
            .changes
            .iter()
            .map(|(address, change)| (*change != Change::Delete, chance.next(), address.clone(), change.clone()))
            .collect();
        order.sort_by_key(|(makes, at, _, _)| (*makes, *at));
        order.into_iter().map(|(_, _, address, change)| (address, change)).collect()
    }

    async fn change(&self, address: &Address, change: &Change, state: &mut TfState) -> Result<(), Cut> {
        match change {
            Change::Delete => self.end(address, state).await,
            Change::Create(wanted) => self.make(address, wanted, state).await,
            Change::Replace(wanted) => {
                self.end(address, state).await?;
                self.make(address, wanted, state).await
            }
            Change::Update(wanted) => {
                self.pause(Duration::from_secs(1)).await?;
                if let Some(there) = state.instances.get_mut(address) {
                    there["input"] = wanted.input.clone();
                    there["output"] = wanted.input.clone();
                    there["triggers_replace"] = wanted.triggers.clone();
                    let id = there["id"].as_str().unwrap_or_default().to_owned();
                    self.process.world.cloud.retag(&id, tags(&wanted.input["machine"]));
                    self.process.world.happens("tags of a machine were changed");
                }
                Ok(())
            }
        }
    }

    async fn make(&self, address: &Address, wanted: &Wanted, state: &mut TfState) -> Result<(), Cut> {
        let world = &self.process.world;
        let id = format!("i-{:08x}", world.chance.next() as u32);
        if address.key.is_some() {
            if world.refuses() {
                world.tell(|| format!("p{} is refused {address}", self.process.index));
                world.happens("a machine was refused");
                return Err(Cut::Refused);
            }
            let point = self.process.tool_at(|| format!("terraform makes {}", address.name)).await;
            let machine = machine(&id, &wanted.input["machine"]);
            self.lame(&machine);
            if wanted.input["machine"]["profile"].is_string() {
                cluster::waits_at_boot(world, &machine);
            }
            world.cloud.make(machine.clone(), world.now());
            self.did(Deed::Made(&machine));
            self.process.tool_left(point).await;
            self.pause(self.takes(3, 20)).await?;
        }
        if address.key.is_some() && world.breaks() {
            world.tell(|| format!("p{}: the making of {address} is broken off", self.process.index));
            world.happens("the making of a machine was broken off");
            let attributes = json!({ "id": id, "input": wanted.input, "output": null,
                                     "triggers_replace": wanted.triggers });
            state.instances.insert(address.clone(), attributes);
            state.tainted.insert(address.clone());
            return Err(Cut::Refused);
        }
        let attributes = json!({ "id": id, "input": wanted.input, "output": wanted.input,
                                 "triggers_replace": wanted.triggers });
        state.instances.insert(address.clone(), attributes);
        Ok(())
    }

    /// Some machines join late, and some never.
    fn lame(&self, machine: &Machine) {
        let (world, cases) = (&self.process.world, self.process.world.weather().lame);
        if cases == 0 || !world.chance.permille(cases) {
            return;
        }
        let never = world.chance.permille(700);
        if never {
            world.happens("a machine never joined");
        }
        let late = world.chance.between(Duration::from_secs(200), Duration::from_secs(1200));
        world.joins.lock().unwrap().insert(machine.id.clone(), if never { Duration::MAX } else { late });
    }

    async fn end(&self, address: &Address, state: &mut TfState) -> Result<(), Cut> {
        let world = &self.process.world;
        let id = state.instances.get(address).and_then(|there| there["id"].as_str()).unwrap_or_default().to_owned();
        let machine = world.cloud.living().into_iter().find(|machine| machine.id == id);
        if let Some(machine) = machine {
            let point = self.process.tool_at(|| format!("terraform ends {}", address.name)).await;
            self.did(Deed::Ends(&machine));
            world.cloud.terminate(&id, world.now());
            self.process.tool_left(point).await;
            self.pause(self.takes(5, 22)).await?;
        }
        state.instances.remove(address);
        state.tainted.remove(address);
        Ok(())
    }

    fn stored(&self) -> Option<TfState> {
        let text = self.process.world.store.text(&self.stack.state_key())?;
        Some(TfState::parse(text.as_bytes()))
    }

    /// One serial more for each write.
    async fn save(&self, state: &mut TfState) -> bool {
        let world = &self.process.world;
        if world.weather().unsaved > 0 && world.chance.permille(world.weather().unsaved) {
            world.tell(|| format!("p{}: Terraform cannot save {}", self.process.index, self.stack));
            world.happens("Terraform could not save what it did");
            return false;
        }
        let point = self.process.tool_at(|| "terraform saves".into()).await;
        state.serial.serial += 1;
        self.process.world.store.overwrite(&self.stack.state_key(), state.text());
        self.did(Deed::Saved { stack: &self.stack });
        self.process.tool_left(point).await;
        true
    }

    /// Its own lock on the state.
    fn lock(&self) -> Result<()> {
        let (world, key) = (&self.process.world, lock_key(&self.stack));
        if let Some(found) = world.store.text(&key) {
            return Err(Failure::failed("Error acquiring the state lock").because(found));
        }
        let clock = self.process.clock();
        let who = format!("user-{0}@machine-{0}", self.process.index);
        let info = json!({ "ID": format!("{:032x}", world.chance.next()), "Operation": "OperationTypeApply",
                           "Who": who, "Created": crate::ops::ports::Clock::now(&clock).to_string() });
        world.store.overwrite(&key, info.to_string());
        Ok(())
    }

    fn unlock(&self) {
        self.process.world.store.remove(&lock_key(&self.stack));
        self.did(Deed::Ended { stack: &self.stack });
    }

    fn killed(&self) -> Failure {
        self.did(Deed::Ended { stack: &self.stack });
        Failure::new(Kind::Partial, format!("Terraform was killed while it worked on {}", self.stack))
    }

    fn did(&self, deed: Deed) {
        self.process.world.did(self.process.index, deed);
    }

    /// Since when it has been told to end: its scaler is dead, or its lease has run out.
    fn stop_since(&self) -> Option<Duration> {
        let now = self.process.world.now();
        let death = self.process.world.fleet.death(self.process.index).map(|(at, _)| at);
        let mut told = self.told.lock().unwrap();
        let lease = self.lease.as_ref().and_then(|lease| match lease.deadline() {
            Some(deadline) => {
                let deadline = deadline.0.saturating_sub(booted(self.process.index));
                *told = Some(deadline);
                Some(deadline).filter(|at| *at <= now)
            }
            // The supervisor goes by the last deadline that it was told, and by the loss.
            None => Some((*told.get_or_insert(now)).min(now)),
        });
        death.into_iter().chain(lease).min()
    }

    /// How long one machine takes, in seconds; now and then longer than a supervisor waits for.
    fn takes(&self, least: u64, most: u64) -> Duration {
        let chance = &self.process.world.chance;
        let (least, most) = match *self.process.slow.lock().unwrap() {
            true => (20, 70),
            false if chance.permille(120) => (20, 40),
            false => (least, most),
        };
        chance.between(Duration::from_secs(least), Duration::from_secs(most))
    }

    /// Some of its work takes so long, unless its supervisor loses patience.
    async fn pause(&self, time: Duration) -> Result<(), Cut> {
        let world = &self.process.world;
        let mut left = time;
        while !left.is_zero() {
            let slice = left.min(Duration::from_secs(5));
            world.time.sleep(Owner::Tool(self.process.index), slice).await;
            left -= slice;
            if self.stop_since().is_some_and(|since| world.now() > since + STOP) {
                return Err(Cut::Off);
            }
        }
        Ok(())
    }
}
