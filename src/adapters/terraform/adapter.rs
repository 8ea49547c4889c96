//! The port, over the program.

use std::any::Any;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use super::failure::failure;
use super::folder::WorkFolder;
use super::news::Said;
use super::saved::{CliPlan, PlanFile};
use super::{args, state, version};
use crate::adapters::process::{Cancel, Finished, Host, Program, Run, Stream};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::names::StackId;
use crate::model::record::Flavour;
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Lease;
use crate::ops::ports::terraform::{Applied, PlanMode, SavedPlan, Stack, State, Terraform, Tool};
use crate::ops::ports::{Event, Progress};

/// What a run of `scaler` decides once.
pub struct Options {
    pub host: Arc<Host>,
    /// `tools.terraform` of the cluster file.
    pub path: Option<PathBuf>,
    /// The flavour of the cluster's record: looked for first, where no path is given.
    pub flavour: Option<Flavour>,
    /// Where the stacks' folders are made.
    pub work_dir: PathBuf,
    /// How long Terraform waits for its own lock on a state.
    pub lock_timeout: Duration,
    pub interrupts: Interrupts,
    pub progress: Arc<dyn Progress>,
}

/// Terraform or OpenTofu, whichever is there.
pub struct TerraformCli {
    options: Options,
    found: OnceCell<(Program, Tool)>,
    work: OnceCell<WorkFolder>,
    /// Two inits at once would break the folder of providers that they share (Terraform's CLI configuration
    /// documentation, "Provider Plugin Cache").
    installing: Mutex<()>,
}

impl TerraformCli {
    /// Looks for nothing yet.
    pub fn new(options: Options) -> TerraformCli {
        TerraformCli { options, found: OnceCell::new(), work: OnceCell::new(), installing: Mutex::new(()) }
    }

    async fn found(&self) -> Result<&(Program, Tool)> {
        self.found.get_or_try_init(|| self.find()).await
    }

    async fn find(&self) -> Result<(Program, Tool)> {
        let (host, path) = (&self.options.host, self.options.path.as_deref());
        let (first, second) = match self.options.flavour {
            Some(Flavour::Opentofu) => ("tofu", "terraform"),
            Some(Flavour::Terraform) | None => ("terraform", "tofu"),
        };
        let program = match Program::find(host, first, path) {
            Err(missing) if path.is_none() => Program::find(host, second, None)
                .map_err(|also| missing.because(also.what).hint(version::HOW_TO_GET))?,
            Err(missing) => return Err(missing.hint(version::HOW_TO_GET)),
            Ok(program) => program,
        };
        let finished =
            self.run(&program, args::version()).cancel(&self.options.interrupts, Cancel::First).output().await?.ok()?;
        let (flavour, version) = version::accept(&program, &String::from_utf8_lossy(&finished.stdout))?;
        let path = program.path().display().to_string();
        Ok((program, Tool { flavour, version, path }))
    }

    async fn work(&self) -> Result<&WorkFolder> {
        self.work.get_or_try_init(|| async { WorkFolder::open(&self.options.work_dir) }).await
    }

    /// The folder of a stack that was initialised.
    async fn folder(&self, stack: &StackId) -> Result<PathBuf> {
        let folder = self.work().await?.stack(stack);
        if folder.join(".terraform").is_dir() {
            return Ok(folder);
        }
        Err(Failure::failed(format!("Terraform's stack `{stack}` was not initialised in this run")))
    }

    fn run(&self, program: &Program, args: Vec<OsString>) -> Run {
        // No advice for people at a terminal, and no question to the maker's server for a newer version.
        Run::new(program).args(args).env("TF_IN_AUTOMATION", "1").env("CHECKPOINT_DISABLE", "1")
    }

    /// Runs to the end and hands its news on.
    async fn listen(&self, stack: &StackId, run: Run) -> Result<(Finished, Said)> {
        let mut said = Said::default();
        let (progress, redactor) = (&self.options.progress, &self.options.host.redactor);
        let finished = run
            .lines(|stream, line| {
                if stream == Stream::Err {
                    return;
                }
                match said.line(stack, line) {
                    Some(Event::Warning { text }) => {
                        progress.tell(Event::Warning { text: redactor.redact(&text).into_owned() });
                    }
                    Some(event) => progress.tell(event),
                    None => {}
                }
            })
            .await?;
        Ok((finished, said))
    }

    fn failure(&self, what: &str, kind: Kind, finished: &Finished, said: &Said) -> Failure {
        failure(what, kind, finished, said, &self.options.host.redactor)
    }

    /// The folder of providers that all stacks share, unless the user has one.
    fn plugin_cache(&self, work: &WorkFolder) -> Result<Option<PathBuf>> {
        let environment = &self.options.host.environment;
        let configuration = match (environment.get("TF_CLI_CONFIG_FILE"), environment.get("HOME")) {
            (Some(path), _) => Some(PathBuf::from(path)),
            (None, Some(home)) => Some(Path::new(home).join(".terraformrc")),
            (None, None) => None,
        };
        let text = configuration.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        if environment.get("TF_PLUGIN_CACHE_DIR").is_some() || text.contains("plugin_cache_dir") {
            return Ok(None);
        }
        work.providers().map(Some)
    }

    async fn read_state(&self, stack: &StackId, interruptible: bool) -> Result<Option<State>> {
        let (program, _) = self.found().await?;
        let folder = self.folder(stack).await?;
        let mut run = self.run(program, args::state_pull()).dir(folder);
        if interruptible {
            run = run.cancel(&self.options.interrupts, Cancel::Second);
        }
        let what = || format!("Terraform's state of stack `{stack}` could not be read");
        let finished = run.output().await?.ok().map_err(|failure| failure.context(what()))?;
        state::parse(&finished.stdout).map_err(|failure| failure.context(what()))
    }

    async fn show(&self, program: &Program, stack: &StackId, folder: &Path, file: &PlanFile) -> Result<Value> {
        let unreadable = || format!("Terraform's plan of stack `{stack}` could not be read");
        let run =
            self.run(program, args::show(&file.path())).cancel(&self.options.interrupts, Cancel::First).dir(folder);
        let finished = run.output().await?.ok().map_err(|failure| failure.context(unreadable()))?;
        serde_json::from_slice(&finished.stdout).map_err(|error| Failure::failed(unreadable()).caused_by(&error))
    }
}

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
        let folder = work.write(stack, given)?;
        let mut run =
            self.run(program, args::init(given.is_some())).cancel(&self.options.interrupts, Cancel::First).dir(folder);
        if let Some(cache) = self.plugin_cache(work)? {
            run = run.env("TF_PLUGIN_CACHE_DIR", cache);
        }
        let _alone = self.installing.lock().await;
        let (finished, said) = self.listen(&stack.id, run).await?;
        if !finished.succeeded() {
            let what = format!("Terraform could not initialise stack `{}`", stack.id);
            return Err(self.failure(&what, Kind::Failed, &finished, &said));
        }
        work.lock_file(&stack.id)
    }

    async fn plan(&self, stack: &StackId, mode: PlanMode, lease: Option<&Lease>) -> Result<Box<dyn SavedPlan>> {
        let (program, _) = self.found().await?;
        let folder = self.folder(stack).await?;
        let file = PlanFile::new()?;
        let args = args::plan(mode, &file.path(), self.options.lock_timeout);
        let run = self.run(program, args).cancel(&self.options.interrupts, Cancel::First).dir(&folder).lease(lease);
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
            self.run(program, args).cancel(&self.options.interrupts, Cancel::Second).dir(&folder).lease(Some(lease));
        let (finished, said) = self.listen(stack, run).await?;
        // An apply that ended well did all of it, even if it was told to stop in its last moment.
        if finished.code() != Some(0) {
            if said.errors().any(is_stale) {
                return Ok(Applied::Stale);
            }
            let untouched = said.errors().any(super::lock_info::is_about_lock);
            let kind = if untouched { Kind::Failed } else { Kind::Partial };
            let failure = self.failure(&format!("Terraform could not apply stack `{stack}`"), kind, &finished, &said);
            return Err(failure.hint("`scaler status` shows what was done and what remains"));
        }
        // No signal keeps us from learning what was done.
        match self.read_state(stack, false).await {
            Ok(Some(state)) => Ok(Applied::Done(state)),
            Ok(None) => Err(Failure::new(Kind::Partial, format!("after its apply, stack `{stack}` has no state"))),
            Err(failure) => Err(failure
                .context(format!("stack `{stack}` was applied, but its state could not be read after that"))
                .with_kind(Kind::Partial)),
        }
    }

    async fn state(&self, stack: &StackId) -> Result<Option<State>> {
        self.read_state(stack, true).await
    }
}

/// The plan no longer fits the state (internal/backend/local of both). Terraform looks before it does anything.
fn is_stale(error: &super::diagnostics::Diagnostic) -> bool {
    ["Saved plan is stale", "Saved plan does not match the given state"].contains(&error.summary.as_str())
}
