//! The processes of one lab. They are children of `lab-supervisor`, which ends
//! them and removes the lab's folder when our end of a pipe closes: on drop, on
//! panic, and when this process is killed.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};

use serde::{Deserialize, Serialize};

use crate::clock::try_wait;
use crate::error::{Doing, LabError, Result};
use crate::places;

#[derive(Serialize)]
struct Order<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<Program>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<i32>,
}

/// A program and how to start it.
#[derive(Serialize, Clone)]
pub(crate) struct Program {
    pub path: PathBuf,
    pub args: Vec<String>,
    pub log: PathBuf,
}

#[derive(Deserialize)]
struct Report {
    name: String,
    #[serde(default)]
    pid: u32,
    #[serde(default)]
    error: String,
    #[serde(default)]
    exited: String,
}

/// How a part is, by what the supervisor last told of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    Runs(u32),
    Exited(String),
    Failed(String),
}

pub(crate) struct Supervised {
    folder: PathBuf,
    supervisor: Child,
    /// `None` once closed: that is the order to end.
    orders: Mutex<Option<ChildStdin>>,
    states: Arc<Mutex<HashMap<String, State>>>,
}

impl Supervised {
    pub fn new(name: &str) -> Result<Self> {
        let program = places::supervisor()?;
        let folder =
            tempfile::Builder::new().prefix(&format!("lab-{name}-")).tempdir().doing("making the lab's folder")?;
        let mut supervisor = Command::new(&program)
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Its own group: what ends this process's group must not end it before it has cleaned up.
            .process_group(0)
            .spawn()
            .doing(format_args!("starting {}", program.display()))?;
        let orders = Mutex::new(supervisor.stdin.take());
        let states = Arc::default();
        if let Some(reports) = supervisor.stdout.take() {
            let states = Arc::clone(&states);
            std::thread::spawn(move || listen(reports, &states));
        }
        // From here on the folder is the supervisor's to remove.
        Ok(Self { folder: folder.keep(), supervisor, orders, states })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a part, and waits until its process exists.
    pub fn start(&self, name: &str, program: Program) -> Result<()> {
        lock(&self.states).remove(name);
        let path = program.path.display().to_string();
        self.order(&Order { name, start: Some(program), signal: None })?;
        match try_wait(&format!("the process of {name}"), || Ok(self.state(name)))? {
            State::Failed(error) => Err(LabError::new(format!("{name} did not start ({path}): {error}"))),
            State::Runs(_) | State::Exited(_) => Ok(()),
        }
    }

    pub fn signal(&self, name: &str, signal: rustix::process::Signal) -> Result<()> {
        self.order(&Order { name, start: None, signal: Some(signal.as_raw()) })
    }

    pub fn state(&self, name: &str) -> Option<State> {
        lock(&self.states).get(name).cloned()
    }

    /// An error with the end of its log, when a part that should run does not.
    pub fn check(&self, name: &str) -> Result<()> {
        match self.state(name) {
            Some(State::Runs(_)) => Ok(()),
            state => {
                let log = std::fs::read_to_string(self.log(name)).unwrap_or_default();
                let end: Vec<_> = log.lines().rev().take(12).collect();
                let end: Vec<_> = end.into_iter().rev().collect();
                Err(LabError::new(format!("{name} does not run ({state:?}); its log ends:\n{}", end.join("\n"))))
            }
        }
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    fn order(&self, order: &Order) -> Result<()> {
        let mut line = serde_json::to_vec(order).doing("writing an order")?;
        line.push(b'\n');
        let mut orders = self.orders.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let pipe = orders.as_mut().ok_or_else(|| LabError::new("this lab has ended"))?;
        pipe.write_all(&line).doing(format_args!("telling the lab's supervisor about {}", order.name))
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        *self.orders.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
        // Waited for, so that ports and folder are free when drop returns.
        let _ = self.supervisor.wait();
        // Gone already, unless the supervisor itself was killed.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn listen(reports: ChildStdout, states: &Mutex<HashMap<String, State>>) {
    for line in BufReader::new(reports).lines().map_while(std::io::Result::ok) {
        let Ok(report) = serde_json::from_str::<Report>(&line) else { continue };
        let mut states = lock(states);
        let state = if !report.error.is_empty() {
            State::Failed(report.error)
        } else if report.exited.is_empty() {
            State::Runs(report.pid)
        } else if matches!(states.get(&report.name), Some(State::Runs(pid)) if *pid != report.pid) {
            continue; // a successor runs already
        } else {
            State::Exited(report.exited)
        };
        states.insert(report.name, state);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
