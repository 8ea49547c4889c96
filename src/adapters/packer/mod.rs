//! Packer: one process a build, in a folder of its own.

mod news;
mod version;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use self::news::News;
use super::process::{Cancel, Finished, Host, Program, Run, TemporaryFolder};
use super::{ansible, private};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::image::Dialect;
use crate::ops::interrupts::Interrupts;
use crate::ops::ports::images::ImageBuilder;
use crate::ops::ports::{Event, Progress};

/// How long it may take to end after it was told to: it terminates its machine, and waits until that is gone.
const STOP_TIME: Duration = Duration::from_secs(300);

/// How many of its last lines an error text quotes.
const QUOTED_LINES: usize = 20;

/// Logins of the environment that count before a profile of the environment (AWS SDK for Go, "Configuring the AWS SDK").
const OTHER_LOGINS: [&str; 7] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
];

/// The template that has the build log in to the machine.
const PROVISIONED: &str = "provisioned.pkr.hcl";

/// What a run of `scaler` decides once.
pub struct Options {
    pub host: Arc<Host>,
    /// `tools.packer` of the cluster file.
    pub path: Option<PathBuf>,
    /// `tools.ansiblePlaybook` of the cluster file.
    pub ansible_playbook: Option<PathBuf>,
    /// `aws.profile` of the cluster file.
    pub profile: Option<String>,
    /// Where a copy of the folder is left, if a person wants to see it.
    pub work_dir: Option<PathBuf>,
    pub progress: Arc<dyn Progress>,
}

/// `packer`.
pub struct PackerCli {
    options: Options,
    found: OnceCell<(Program, Dialect)>,
}

impl PackerCli {
    /// Looks for nothing yet.
    pub fn new(options: Options) -> PackerCli {
        PackerCli { options, found: OnceCell::new() }
    }

    async fn found(&self) -> Result<&(Program, Dialect)> {
        self.found.get_or_try_init(|| self.find()).await
    }

    async fn find(&self) -> Result<(Program, Dialect)> {
        let found = Program::find(&self.options.host, "packer", self.options.path.as_deref());
        let program = found.map_err(|missing| missing.hint(version::HOW_TO_GET))?;
        let run = Run::new(&program).args(["version"]).env("CHECKPOINT_DISABLE", "1");
        let dialect = version::accept(&program, &String::from_utf8_lossy(&run.output().await?.ok()?.stdout))?;
        Ok((program, dialect))
    }

    fn write(&self, folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
        let unusable = |path: &Path, error: &std::io::Error| {
            Failure::failed(format!("{} cannot be used for Packer", path.display())).caused_by(error)
        };
        let write = |name: &str, content: &[u8]| {
            let kept = self.options.work_dir.as_ref().map(|dir| dir.join("image").join(name));
            kept.into_iter()
                .chain([folder.join(name)])
                .try_for_each(|path| private::write(&path, content).map_err(|error| unusable(&path, &error)))
        };
        for (name, content) in files {
            write(name, content)?;
        }
        if files.contains_key(PROVISIONED) {
            let ansible = self.options.ansible_playbook.as_deref();
            let ansible = Program::find(&self.options.host, "ansible-playbook", ansible)?;
            let text = serde_json::json!({ "ansible_playbook": ansible.path() }).to_string();
            write("tools.auto.pkrvars.json", text.as_bytes())?;
        }
        for empty in ["home", "tmp"] {
            let path = folder.join(empty);
            private::folder(&path).map_err(|error| unusable(&path, &error))?;
        }
        Ok(())
    }

    /// A run in the folder. What Packer and Ansible are told by their environment: nothing of it is the user's own
    /// configuration of them, but for the folder of Packer's plugins.
    fn run(&self, program: &Program, folder: &Path, interrupts: &Interrupts) -> Run {
        let within = |name: &str| folder.join(name).into_os_string();
        let run = Run::new(program).dir(folder).holds(folder).stop_time(STOP_TIME).cancel(interrupts, Cancel::First);
        let run = run
            .env("CHECKPOINT_DISABLE", "1")
            .env("PACKER_CACHE_DIR", within("home"))
            // Not there: Packer would else take ~/.packerconfig.
            .env("PACKER_CONFIG", within("home/packerconfig"))
            // The key of the machine, which is the build's own, and Ansible's list of hosts.
            .env("TMPDIR", within("tmp"));
        let run = ansible::environment(folder).into_iter().fold(run, |run, (name, value)| run.env(name, value));
        let Some(profile) = &self.options.profile else { return run };
        let run = OTHER_LOGINS.iter().fold(run, |run, name| run.without_env(*name));
        run.env("AWS_PROFILE", profile).env("AWS_SDK_LOAD_CONFIG", "1")
    }

    fn tell(&self, step: &str, note: &str) {
        self.options.progress.tell(Event::StepNote { step: step.to_owned(), note: note.to_owned() });
    }
}

#[async_trait]
impl ImageBuilder for PackerCli {
    async fn check(&self) -> Result<Dialect> {
        self.found().await.map(|(_, dialect)| *dialect)
    }

    async fn build(&self, files: &BTreeMap<String, Vec<u8>>, step: &str, interrupts: &Interrupts) -> Result<String> {
        let (program, dialect) = self.found().await?;
        let folder = TemporaryFolder::new(&self.options.host, "scaler-packer-", None)
            .map_err(|failure| failure.context("there is no place for Packer's files"))?;
        self.write(folder.path(), files)?;
        if *dialect == Dialect::Plugins {
            self.tell(step, "fetching Packer's plugins");
            let fetched = self.run(program, folder.path(), interrupts).args(["init", "."]).output().await?.ok();
            fetched.map_err(|failure| {
                failure.hint("Packer fetches its plugins once, from GitHub; `packer plugins install` does so too")
            })?;
        }
        let redactor = program.redactor();
        let (mut image, mut lines, mut errors) = (None, Vec::new(), Vec::new());
        // Anything but its own clean-up would wait for a person.
        let args = ["build", "-machine-readable", "-color=false", "-on-error=cleanup", "."];
        let run = self.run(program, folder.path(), interrupts).args(args);
        let finished = run
            .lines(|_, line| match news::read(line) {
                Some(News::Image(id)) => image = Some(id),
                Some(News::Said(text)) => {
                    let text = redactor.redact(&text).into_owned();
                    tracing::debug!(text, "packer");
                    self.tell(step, text.lines().next().unwrap_or_default());
                    lines.push(text);
                }
                Some(News::Error(text)) => add_error(&mut errors, redactor.redact(&text).into_owned()),
                None => {}
            })
            .await?;
        match image {
            Some(id) if finished.succeeded() => Ok(id),
            _ => Err(broken(&finished, &lines, &errors)),
        }
    }
}

/// Packer repeats an error at the end of the build, and once more at its own.
fn add_error(errors: &mut Vec<String>, text: String) {
    let heading = text.starts_with("Some builds didn't complete");
    if !heading && !errors.iter().any(|known| text.contains(known.as_str())) {
        errors.push(text);
    }
}

fn broken(finished: &Finished, lines: &[String], errors: &[String]) -> Failure {
    let ended = match finished.succeeded() {
        true => Failure::failed("it ended as if all were well, and named no image"),
        false => finished.failure(),
    };
    let failure = match finished.stopped {
        Some(_) => Failure::new(ended.kind, "Packer was stopped before the image was built"),
        None => Failure::new(Kind::Failed, "Packer could not build the image"),
    };
    let told = if errors.is_empty() { lines } else { errors };
    let failure =
        told[told.len().saturating_sub(QUOTED_LINES)..].iter().fold(failure, |failure, line| failure.because(line));
    let hint = "`--work-dir DIR` leaves what Packer is given in DIR/image";
    failure.because(ended.what).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_once() {
        let mut errors = Vec::new();
        for text in [
            "Error: the name is taken",
            "Build 'amazon-ebs.image' errored after 166 milliseconds: Error: the name is taken",
            "Some builds didn't complete successfully and had errors:",
            "Error: the name is taken",
            "and another",
        ] {
            add_error(&mut errors, text.to_owned());
        }
        assert_eq!(errors, ["Error: the name is taken", "and another"]);
    }
}
