//! The port, over the program.

use std::any::Any;
use std::ffi::OsString;
use std::path::Path;

use async_trait::async_trait;
use serde_json::Value;

use super::adapter::TerraformCli;
use super::args;
use super::diagnostics::Diagnostic;
use super::failure::plain_failure;
use super::initialised::Digest;
use super::lock_info::is_about_lock;
use super::printed::document;
use super::providers::SharedProviders;
use super::saved::{CliPlan, PlanFile};
use crate::adapters::process::{Cancel, Program};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::names::StackId;
use crate::ops::lease::Lease;
use crate::ops::ports::terraform::{Applied, PlanMode, SavedPlan, Stack, Terraform, Tool};

#[async_trait]
impl Terraform for TerraformCli {
    async fn tool(&self) -> Result<Tool> {
        Ok(self.found().await?.1.clone())
    }

    async fn init(&self, stack: &Stack, lock_file: Option<&str>) -> Result<String> {
        let (program, _) = self.found().await?;
        let work = self.work().await?;
        // A stack without installed providers has no lock file; its text is then empty.
        let given = lock_file.filter(|text| !text.trim().is_empty());
        let mut initialised = self.initialised.lock().await;
        let digest = Digest::of(stack, given);
        if initialised.get(&stack.id) == Some(&digest) {
            work.write_values(stack)?;
            return work.lock_file(&stack.id);
        }
        initialised.remove(&stack.id);
        let folder = work.write(stack, given)?;
        let mut run =
            self.run_in(&folder, program, args::init(given.is_some())).cancel(&self.options.interrupts, Cancel::First);
        // Without a lock file Terraform fetches anew what the folder has, and it may be in use there.
        let shared = given.and_then(|_| SharedProviders::open(&self.options.host.environment));
        if !self.has_plugin_cache() {
            let folder = match &shared {
                Some(shared) => shared.folder().to_owned(),
                None => work.providers()?,
            };
            run = run.env("TF_PLUGIN_CACHE_DIR", folder);
        }
        let (finished, said) = self.listen(&stack.id, run).await?;
        if !finished.succeeded() {
            let what = format!("Terraform could not initialise stack `{}`", stack.id);
            return Err(self.failure(&what, Kind::Failed, &finished, &said));
        }
        initialised.insert(stack.id.clone(), digest);
        work.lock_file(&stack.id)
    }

    async fn plan(&self, stack: &StackId, mode: PlanMode, lease: Option<&Lease>) -> Result<Box<dyn SavedPlan>> {
        let (program, _) = self.found().await?;
        let folder = self.folder(stack).await?;
        let file = PlanFile::new()?;
        let args = args::plan(mode, &file.path(), self.options.lock_timeout);
        let run = self.run_in(&folder, program, args).cancel(&self.options.interrupts, Cancel::First).lease(lease);
        let (finished, said) = self.listen(stack, run).await?;
        if !finished.succeeded() {
            let what = format!("Terraform could not plan stack `{stack}`");
            return Err(self.failure(&what, Kind::Failed, &finished, &said));
        }
        let json = self.show(program, stack, &folder, &file).await?;
        Ok(Box::new(CliPlan { stack: stack.clone(), mode, file, json }))
    }

    async fn apply(&self, plan: Box<dyn SavedPlan>, lease: &Lease) -> Result<Applied> {
        let plan: Box<dyn Any> = plan;
        let plan = plan.downcast::<CliPlan>().map_err(|_| Failure::failed("this plan was not made by Terraform"))?;
        if matches!(plan.mode, PlanMode::Look | PlanMode::LookDestroy) {
            return Err(Failure::refused("this plan was made without Terraform's lock, only to be looked at"));
        }
        let stack = &plan.stack;
        let (program, _) = self.found().await?;
        let folder = self.folder(stack).await?;
        let args = args::apply(&plan.file.path(), self.options.lock_timeout);
        let run =
            self.run_in(&folder, program, args).cancel(&self.options.interrupts, Cancel::Second).lease(Some(lease));
        let (finished, said) = self.listen(stack, run).await?;
        // An apply that ended well did all of it, even if it was told to stop in its last moment.
        if finished.code() != Some(0) {
            if said.errors().any(is_stale) {
                return Ok(Applied::Stale);
            }
            let what = format!("Terraform could not apply stack `{stack}`");
            if said.errors().any(is_about_lock) {
                return Ok(Applied::NotBegun(self.failure(&what, Kind::Failed, &finished, &said)));
            }
            let mut failure = self.failure(&what, Kind::Partial, &finished, &said);
            if let Some(state) = self.work().await?.rescue_state(stack)? {
                failure = failure.hint(format!(
                    "Terraform could not write the state to the store; it is now in {state}, and nowhere else: put it \
                     back with `terraform state push {state}` in a folder with this stack's files (`scaler render`)",
                    state = state.display()
                ));
            }
            return Err(failure.hint("`scaler status` shows what was done and what remains"));
        }
        Ok(Applied::Done)
    }

    async fn import(&self, stack: &StackId, address: &str, id: &str, lease: &Lease) -> Result<()> {
        let args = args::import(address, id, self.options.lock_timeout);
        let what = format!("Terraform could not import machine {id} as {address} into the state of stack `{stack}`");
        self.change_state(stack, args, lease, &what).await
    }

    async fn untaint(&self, stack: &StackId, address: &str, lease: &Lease) -> Result<()> {
        let args = args::untaint(address, self.options.lock_timeout);
        let what = format!("Terraform could not take {address} of stack `{stack}` as it is");
        self.change_state(stack, args, lease, &what).await
    }
}

/// The plan no longer fits the state (internal/backend/local of both). Terraform looks before it does anything.
fn is_stale(error: &Diagnostic) -> bool {
    ["Saved plan is stale", "Saved plan does not match the given state"].contains(&error.summary.as_str())
}

impl TerraformCli {
    /// Runs a command that changes a state and nothing outside.
    async fn change_state(&self, stack: &StackId, args: Vec<OsString>, lease: &Lease, what: &str) -> Result<()> {
        let (program, _) = self.found().await?;
        let folder = self.folder(stack).await?;
        let run = self.run_in(&folder, program, args).cancel(&self.options.interrupts, Cancel::Second);
        let finished = run.lease(Some(lease)).output().await?;
        if finished.succeeded() { Ok(()) } else { Err(plain_failure(what, &finished)) }
    }

    async fn show(&self, program: &Program, stack: &StackId, folder: &Path, file: &PlanFile) -> Result<Value> {
        let unreadable = || format!("Terraform's plan of stack `{stack}` could not be read");
        let run =
            self.run_in(folder, program, args::show(&file.path())).cancel(&self.options.interrupts, Cancel::First);
        let finished = run.output().await?;
        if !finished.succeeded() {
            return Err(plain_failure(&unreadable(), &finished));
        }
        let printed = document(&finished.stdout).map_err(|failure| failure.context(unreadable()))?;
        let printed = printed.ok_or_else(|| Failure::failed(unreadable()).because("it is empty"))?;
        serde_json::from_slice(printed).map_err(|error| Failure::failed(unreadable()).caused_by(&error))
    }
}
