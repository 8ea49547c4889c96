//! Terraform, and what it tells while it works.

use std::sync::Arc;

use async_trait::async_trait;
use scaler::model::failure::Result;
use scaler::model::names::StackId;
use scaler::ops::lease::Lease;
use scaler::ops::ports::terraform::{Applied, PlanMode, SavedPlan, Stack, Tool};
use scaler::ops::ports::{Event, Progress, Terraform};

use crate::Fate;
use crate::change::Change;

pub struct MortalTerraform {
    pub inner: Arc<dyn Terraform>,
    pub fate: Arc<Fate>,
}

#[async_trait]
impl Terraform for MortalTerraform {
    async fn tool(&self) -> Result<Tool> {
        self.inner.tool().await
    }

    async fn init(&self, stack: &Stack, lock_file: Option<&str>) -> Result<String> {
        self.inner.init(stack, lock_file).await
    }

    async fn plan(&self, stack: &StackId, mode: PlanMode, lease: Option<&Lease>) -> Result<Box<dyn SavedPlan>> {
        let plan = self.inner.plan(stack, mode, lease);
        if matches!(mode, PlanMode::Look | PlanMode::LookDestroy) {
            return plan.await;
        }
        self.fate.around(Change::Plan, "terraform plan", plan).await
    }

    async fn apply(&self, plan: Box<dyn SavedPlan>, lease: &Lease) -> Result<Applied> {
        self.fate.around(Change::Apply, "terraform apply", self.inner.apply(plan, lease)).await
    }

    async fn import(&self, stack: &StackId, address: &str, id: &str, lease: &Lease) -> Result<()> {
        self.fate.around(Change::Import, "terraform import", self.inner.import(stack, address, id, lease)).await
    }

    async fn untaint(&self, stack: &StackId, address: &str, lease: &Lease) -> Result<()> {
        self.fate.around(Change::Untaint, "terraform untaint", self.inner.untaint(stack, address, lease)).await
    }
}

/// Terraform's news of one machine are points in the middle of its apply: a machine is made or gone, and no state says so.
pub struct MortalProgress {
    pub inner: Arc<dyn Progress>,
    pub fate: Arc<Fate>,
}

impl Progress for MortalProgress {
    fn tell(&self, event: Event) {
        if let Event::Resource { address, action, state, .. } = &event {
            let kind = address.split(['[', ' ']).next().unwrap_or(address);
            self.fate.point(&format!("in terraform: {kind} {action} {state}"));
        }
        self.inner.tell(event);
    }
}
