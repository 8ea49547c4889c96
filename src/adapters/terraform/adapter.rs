//! The program, its folders, and how it is run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OnceCell};

use super::failure::failure;
use super::folder::WorkFolder;
use super::initialised::Digest;
use super::news::Said;
use super::{args, encryption, version};
use crate::adapters::process::{Cancel, Finished, Host, Program, Run, Stream};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::names::StackId;
use crate::model::record::Flavour;
use crate::ops::interrupts::Interrupts;
use crate::ops::ports::terraform::Tool;
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
    pub(super) options: Options,
    found: OnceCell<(Program, Tool)>,
    work: OnceCell<WorkFolder>,
    /// What each stack was initialised with. One init at a time: two at once would break the folder of providers that
    /// they share (Terraform's CLI configuration documentation, "Provider Plugin Cache").
    pub(super) initialised: Mutex<BTreeMap<StackId, Digest>>,
}

impl TerraformCli {
    /// Looks for nothing yet.
    pub fn new(options: Options) -> TerraformCli {
        TerraformCli { options, found: OnceCell::new(), work: OnceCell::new(), initialised: Mutex::default() }
    }

    pub(super) async fn found(&self) -> Result<&(Program, Tool)> {
        self.found.get_or_try_init(|| self.find()).await
    }

    async fn find(&self) -> Result<(Program, Tool)> {
        let (host, path) = (&self.options.host, self.options.path.as_deref());
        encryption::refuse(&host.environment)?;
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

    pub(super) async fn work(&self) -> Result<&WorkFolder> {
        self.work.get_or_try_init(|| async { WorkFolder::open(&self.options.work_dir) }).await
    }

    /// The folder of a stack that was initialised.
    pub(super) async fn folder(&self, stack: &StackId) -> Result<PathBuf> {
        let folder = self.work().await?.stack(stack);
        if folder.join(".terraform").is_dir() {
            return Ok(folder);
        }
        Err(Failure::failed(format!("Terraform's stack `{stack}` was not initialised in this run")))
    }

    pub(super) fn run(&self, program: &Program, args: Vec<OsString>) -> Run {
        // No advice for people at a terminal, and no question to the maker's server for a newer version.
        Run::new(program).args(args).env("TF_IN_AUTOMATION", "1").env("CHECKPOINT_DISABLE", "1")
    }

    /// In a folder of a stack, which stays until that has ended.
    pub(super) fn run_in(&self, folder: &Path, program: &Program, args: Vec<OsString>) -> Run {
        let run = self.run(program, args).dir(folder);
        match self.work.get() {
            Some(work) => run.holds(work.root()),
            None => run,
        }
    }

    /// Runs to the end and hands its news on.
    pub(super) async fn listen(&self, stack: &StackId, run: Run) -> Result<(Finished, Said)> {
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

    pub(super) fn failure(&self, what: &str, kind: Kind, finished: &Finished, said: &Said) -> Failure {
        failure(what, kind, finished, said, &self.options.host.redactor)
    }

    /// Whether the user has a folder of providers, which is then used and no other.
    pub(super) fn has_plugin_cache(&self) -> bool {
        let environment = &self.options.host.environment;
        let configuration = match (environment.get("TF_CLI_CONFIG_FILE"), environment.get("HOME")) {
            (Some(path), _) => Some(PathBuf::from(path)),
            (None, Some(home)) => Some(Path::new(home).join(".terraformrc")),
            (None, None) => None,
        };
        let text = configuration.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        environment.get("TF_PLUGIN_CACHE_DIR").is_some() || text.contains("plugin_cache_dir")
    }
}
