//! Terraform in memory: its states are objects of the store in Terraform's own format, it has a lock of its own, plans
//! by comparing the values of a stack with its state, and makes and ends machines one after another.

pub mod configuration;
mod machine;
mod plan;
mod run;
mod state;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::Value;

pub use machine::machine;
pub use state::{Address, TfState, lock_key};

use super::process::Process;
use crate::model::failure::{Failure, Result};
use crate::model::names::StackId;
use crate::model::record::{Flavour, StackSerial};
use crate::ops::lease::Lease;
use crate::ops::ports::terraform::{Applied, PlanMode, SavedPlan, Stack, Terraform, Tool};
use run::Run;

/// One scaler's Terraform.
pub struct SimTerraform {
    process: Arc<Process>,
    /// Stack → the values that it was initialised with.
    stacks: Mutex<BTreeMap<StackId, Arc<Value>>>,
}

/// A plan that was saved.
pub struct SimPlan {
    stack: StackId,
    base: Option<StackSerial>,
    values: Arc<Value>,
    changes: BTreeMap<Address, plan::Change>,
    /// What a look at the cloud took out of the state.
    gone: BTreeSet<Address>,
    json: Value,
}

impl SavedPlan for SimPlan {
    fn stack(&self) -> &StackId {
        &self.stack
    }

    fn json(&self) -> &Value {
        &self.json
    }
}

impl SimTerraform {
    pub fn new(process: Arc<Process>) -> SimTerraform {
        SimTerraform { process, stacks: Mutex::default() }
    }

    fn values(&self, stack: &StackId) -> Result<Arc<Value>> {
        let found = self.stacks.lock().unwrap().get(stack).cloned();
        found.ok_or_else(|| Failure::failed(format!("stack {stack} was not initialised")))
    }

    fn run(&self, stack: &StackId, lease: Option<&Lease>) -> Run {
        Run { process: self.process.clone(), stack: stack.clone(), lease: lease.cloned(), told: Arc::default() }
    }
}

#[async_trait]
impl Terraform for SimTerraform {
    async fn tool(&self) -> Result<Tool> {
        Ok(Tool { flavour: Flavour::Terraform, version: semver::Version::new(1, 11, 4), path: "terraform".into() })
    }

    async fn init(&self, stack: &Stack, _: Option<&str>) -> Result<String> {
        self.process.way_out().await;
        self.process.has_room()?;
        let text = &stack.files["terraform.tfvars.json"];
        let values = serde_json::from_slice(text).expect("values are JSON");
        self.stacks.lock().unwrap().insert(stack.id.clone(), Arc::new(values));
        Ok(String::new())
    }

    async fn plan(&self, stack: &StackId, mode: PlanMode, lease: Option<&Lease>) -> Result<Box<dyn SavedPlan>> {
        self.process.has_room()?;
        let values = self.values(stack)?;
        let locks = matches!(mode, PlanMode::Apply | PlanMode::Destroy);
        let point = match locks {
            true => Some(self.process.come_to(|| format!("terraform plan {stack}")).await),
            false => None,
        };
        let plan = self.run(stack, lease).plan(mode, values).await?;
        if let Some(point) = point {
            self.process.left(point).await;
        }
        self.process.way_back().await;
        Ok(Box::new(plan))
    }

    async fn apply(&self, plan: Box<dyn SavedPlan>, lease: &Lease) -> Result<Applied> {
        let plan: Box<dyn Any> = plan;
        let plan = plan.downcast::<SimPlan>().map_err(|_| Failure::failed("this plan was not made by Terraform"))?;
        let stack = plan.stack.clone();
        let point = self.process.come_to(|| format!("terraform apply {stack}")).await;
        let applied = self.run(&stack, Some(lease)).apply(*plan).await;
        self.process.left(point).await;
        self.process.way_back().await;
        applied
    }

    async fn import(&self, stack: &StackId, address: &str, id: &str, lease: &Lease) -> Result<()> {
        let values = self.values(stack)?;
        let point = self.process.come_to(|| format!("terraform import {stack}")).await;
        let done = self.run(stack, Some(lease)).import(address.to_owned(), id.to_owned(), values).await;
        self.process.left(point).await;
        self.process.way_back().await;
        done
    }

    async fn untaint(&self, stack: &StackId, address: &str, lease: &Lease) -> Result<()> {
        let point = self.process.come_to(|| format!("terraform untaint {stack}")).await;
        let done = self.run(stack, Some(lease)).untaint(address.to_owned()).await;
        self.process.left(point).await;
        self.process.way_back().await;
        done
    }
}
