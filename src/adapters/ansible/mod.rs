//! Ansible: one process a run, in a folder of its own that holds the playbooks and all they are told.

mod events;
mod folder;
mod known_hosts;
mod version;
mod way;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use self::events::Hosts;
use self::folder::PlayFolder;
use super::process::{Cancel, Finished, Host, Program, Run, Stream};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::redact::Redactor;
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Lease;
use crate::ops::ports::provisioner::{HostEnd, HostFailure, Play, Played, Provisioner};
use crate::ops::ports::{Event, Progress};

/// How long it may take to end after it was told to: its connections close, and nothing on the hosts waits for it.
const STOP_TIME: Duration = Duration::from_secs(10);

/// More hosts at once cost this machine more than they save: each is a process of Python here.
const MOST_FORKS: usize = 50;

/// How much of what Ansible says is kept, in bytes.
const LOG_LIMIT: usize = 16 << 20;

/// How many of its last lines an error text quotes.
const QUOTED_LINES: usize = 20;

/// What a run of `scaler` decides once.
pub struct Options {
    pub host: Arc<Host>,
    /// `tools.ansiblePlaybook` of the cluster file.
    pub path: Option<PathBuf>,
    /// The private key, unless the SSH agent's are to be tried.
    pub private_key: Option<PathBuf>,
    /// The playbooks: path below their folder → content.
    pub playbooks: BTreeMap<String, Vec<u8>>,
    /// Where everything is left after a run, if a person wants to see it.
    pub work_dir: Option<PathBuf>,
    pub progress: Arc<dyn Progress>,
}

/// `ansible-playbook`.
pub struct AnsibleCli {
    options: Options,
    found: OnceCell<Tools>,
}

struct Tools {
    ansible: Program,
    /// Ansible reaches machines through it.
    ssh: Program,
}

impl AnsibleCli {
    /// Looks for nothing yet.
    pub fn new(options: Options) -> AnsibleCli {
        AnsibleCli { options, found: OnceCell::new() }
    }

    async fn found(&self) -> Result<&Tools> {
        self.found.get_or_try_init(|| self.find()).await
    }

    async fn find(&self) -> Result<Tools> {
        let found = Program::find(&self.options.host, "ansible-playbook", self.options.path.as_deref());
        let ansible = found.map_err(|missing| missing.hint(version::HOW_TO_GET))?;
        let finished = Run::new(&ansible).args(["--version"]).output().await?.ok()?;
        version::accept(&ansible, &String::from_utf8_lossy(&finished.stdout))?;
        // Ansible would find it out once a host, and say it so.
        let ssh = Program::find(&self.options.host, "ssh", None)
            .map_err(|missing| missing.hint("install OpenSSH's client: Ansible reaches machines through it"))?;
        Ok(Tools { ansible, ssh })
    }

    fn run(&self, program: &Program, folder: &PlayFolder, play: &Play) -> Run {
        let hosts: Vec<&str> = play.limit.iter().map(|node| node.as_str()).collect();
        let forks = hosts.len().clamp(1, MOST_FORKS).to_string();
        let (limit, tags) = (hosts.join(","), play.tags.join(","));
        let mut args = vec![
            "playbooks/site.yml",
            "--inventory",
            "inventory.yml",
            "--inventory",
            "run.yml",
            "--forks",
            &forks,
            "--limit",
            &limit,
        ];
        if !tags.is_empty() {
            args.extend(["--tags", &tags]);
        }
        let config = format!("-F {}", way::CONFIG);
        if play.jump.is_some() {
            args.extend(["--ssh-extra-args", &config]);
        }
        let mut run = Run::new(program).args(args).dir(folder.path()).holds(folder.path()).stop_time(STOP_TIME);
        if let Some(key) = &self.options.private_key {
            run = run.args(["--private-key".into(), key.clone().into_os_string()]);
        }
        let run = run.env("SCALER_EVENTS", "/dev/stderr");
        environment(folder.path()).into_iter().fold(run, |run, (name, value)| run.env(name, value))
    }
}

/// What Ansible is told by variables of its environment when it works in this folder: nothing of it is the user's own
/// configuration.
pub fn environment(folder: &Path) -> [(&'static str, OsString); 4] {
    let within = |name: &str| folder.join(name).into_os_string();
    [
        ("ANSIBLE_CONFIG", within("playbooks/ansible.cfg")),
        ("ANSIBLE_HOME", within("home")),
        ("ANSIBLE_LOCAL_TEMP", within("tmp")),
        // The end of a connection's socket may have 107 bytes (unix(7)); the default lies in the home folder.
        ("ANSIBLE_SSH_CONTROL_PATH_DIR", within(way::SOCKETS)),
    ]
}

#[async_trait]
impl Provisioner for AnsibleCli {
    async fn check(&self) -> Result<()> {
        self.found().await.map(drop)
    }

    async fn play(&self, play: &Play, lease: Option<&Lease>, interrupts: &Interrupts) -> Result<Played> {
        let tools = self.found().await?;
        let folder = PlayFolder::new(&self.options, play)?;
        if let Some(jump) = &play.jump
            && let Some(why) = way::open(&tools.ssh, folder.path(), jump, lease, interrupts).await?
        {
            return Ok(no_way(play, &why));
        }
        let redactor = redactor(&self.options.host.redactor, play);
        let mut hosts = Hosts::new(self.options.progress.as_ref(), &redactor, play);
        let mut log = Log::default();
        let run = self.run(&tools.ansible, &folder, play).lease(lease).cancel(interrupts, Cancel::First);
        let finished = run
            .lines(|stream, line| match stream {
                Stream::Err if hosts.line(line) => {}
                _ => log.line(&redactor.redact(line)),
            })
            .await;
        let ends = hosts.end();
        let keys = folder.host_keys()?;
        folder.keep_log(&log.text)?;
        let finished = finished?;
        let broken = (finished.stopped.is_some() || ends.is_none()).then(|| broken(&finished, &log));
        let access = folder.access()?;
        let hosts = ends.unwrap_or_default();
        Ok(Played { hosts, host_keys: keys.nodes, jump_keys: keys.jump, access, log: log.text, broken })
    }
}

/// Nobody was contacted.
fn no_way(play: &Play, why: &str) -> Played {
    let failure = HostFailure {
        unreachable: true,
        on_the_way: true,
        task: "Go through the host on the way".to_owned(),
        message: why.to_owned(),
        output: None,
    };
    let end = HostEnd { failure: Some(failure), ..HostEnd::default() };
    let hosts = play.limit.iter().map(|node| (node.clone(), end.clone())).collect();
    Played { hosts, log: format!("{why}\n"), ..Played::default() }
}

/// What this run's secrets are is told to nobody.
fn redactor(known: &Redactor, play: &Play) -> Redactor {
    let secrets = play.secrets.as_ref().and_then(|secrets| serde_json::from_str(&secrets.0).ok());
    let secrets: BTreeMap<String, serde_json::Value> = secrets.unwrap_or_default();
    // The CA's hash is on every machine and in no way secret.
    let texts = secrets.into_iter().filter(|(name, _)| name != "caCertHash");
    known.clone().with(texts.filter_map(|(_, value)| value.as_str().map(str::to_owned)))
}

/// The run itself came to nothing: no word about the hosts. What it said last is not in its error output alone.
fn broken(finished: &Finished, log: &Log) -> Failure {
    let ended = finished.failure();
    let failure = match finished.stopped {
        Some(_) => Failure::new(ended.kind, "Ansible was stopped before it was done"),
        None => Failure::new(Kind::Failed, "Ansible ended before it had anything to say about the machines"),
    };
    let lines: Vec<&str> = log.text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(QUOTED_LINES)..];
    let failure = failure.because(ended.what);
    if last.is_empty() { failure } else { failure.because(last.join("\n")) }
}

/// What Ansible says for people, up to a limit.
#[derive(Default)]
struct Log {
    text: String,
}

impl Log {
    fn line(&mut self, line: &str) {
        if self.text.len() + line.len() < LOG_LIMIT {
            self.text.push_str(line);
            self.text.push('\n');
        }
    }
}

/// One news of a step, as all that Ansible tells comes.
fn note(host: &str, note: String) -> Event {
    Event::StepNote { step: step(host), note }
}

fn step(host: &str) -> String {
    format!("provision {host}")
}
