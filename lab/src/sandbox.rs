//! The register in which the sandbox provider's machines live.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::bridge::{Machine, MachineState, Machines};
use crate::error::{Doing, LabError, Result};
use crate::supervised::Supervised;

/// A folder with a file `<id>.json` for each machine that was ever made there,
/// an empty `<id>.terminated` beside it once it was destroyed, `<id>.stopped`
/// while it does not run.
pub struct Sandbox {
    register: PathBuf,
    /// Removes the folder at the end, where the lab made it.
    _own: Option<Supervised>,
}

impl Sandbox {
    /// An empty register, which goes when this value is dropped.
    ///
    /// # Panics
    /// When no folder can be made for it.
    #[track_caller]
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Sandbox::start`], for a caller that wants the error.
    ///
    /// # Errors
    /// When no folder can be made for it.
    pub fn try_start() -> Result<Self> {
        let own = Supervised::new("sandbox")?;
        Ok(Self { register: own.folder().to_owned(), _own: Some(own) })
    }

    /// The register in a folder of the caller's, which stays.
    pub fn at(register: impl Into<PathBuf>) -> Self {
        Self { register: register.into(), _own: None }
    }

    pub fn register(&self) -> &Path {
        &self.register
    }

    /// The machines, sorted by id.
    ///
    /// # Panics
    /// When a file of the register cannot be read.
    #[track_caller]
    pub fn machines(&self) -> Vec<Machine> {
        read(&self.register).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What was written of a machine when it was made.
    #[track_caller]
    pub fn entry(&self, id: &str) -> Value {
        entry(&self.register.join(format!("{id}.json"))).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The machine is gone, without Terraform's doing.
    #[track_caller]
    pub fn vanish(&self, id: &str) {
        self.mark(id, "terminated");
    }

    /// The machine is stopped.
    #[track_caller]
    pub fn stop(&self, id: &str) {
        self.mark(id, "stopped");
    }

    /// A stopped machine runs again.
    #[track_caller]
    pub fn resume(&self, id: &str) {
        let file = self.register.join(format!("{id}.stopped"));
        std::fs::remove_file(&file).unwrap_or_else(|error| panic!("removing {}: {error}", file.display()));
    }

    #[track_caller]
    fn mark(&self, id: &str, what: &str) {
        let known = self.register.join(format!("{id}.json")).exists();
        assert!(known, "the register {} has no machine {id}", self.register.display());
        let file = self.register.join(format!("{id}.{what}"));
        std::fs::write(&file, "").unwrap_or_else(|error| panic!("writing {}: {error}", file.display()));
    }

    /// For a [`Bridge`](crate::Bridge).
    pub fn source(&self) -> impl Machines + 'static {
        Register(self.register.clone())
    }
}

struct Register(PathBuf);

impl Machines for Register {
    fn list(&self) -> Result<Vec<Machine>> {
        read(&self.0)
    }

    fn tell_address(&self, id: &str, address: &str) -> Result<()> {
        let file = self.0.join(format!("{id}.json"));
        let mut written = entry(&file)?;
        written["privateAddress"] = address.into();
        // Whole or not at all: others read it meanwhile.
        let new = file.with_extension("new");
        std::fs::write(&new, written.to_string()).doing(format_args!("writing {}", new.display()))?;
        std::fs::rename(&new, &file).doing(format_args!("writing {}", file.display()))
    }
}

fn read(register: &Path) -> Result<Vec<Machine>> {
    let mut machines = Vec::new();
    let files = match std::fs::read_dir(register) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(machines),
        files => files.doing(format_args!("reading the register {}", register.display()))?,
    };
    for file in files {
        let path = file.doing("reading the register")?.path();
        // Another extension is a mark, or a file that is still being written.
        if path.extension().is_some_and(|it| it == "json") {
            machines.push(machine(&path)?);
        }
    }
    machines.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(machines)
}

fn machine(path: &Path) -> Result<Machine> {
    let entry = entry(path)?;
    let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let state = if path.with_extension("terminated").exists() {
        MachineState::Gone
    } else if path.with_extension("stopped").exists() {
        MachineState::Stopped
    } else {
        MachineState::Running
    };
    Ok(Machine {
        id: text("id"),
        node: text("name"),
        pool: text("pool"),
        provider: "sandbox",
        control_plane: entry["role"] == "control-plane",
        address: text("privateAddress"),
        zone: text("zone"),
        region: text("region"),
        kind: text("machine"),
        state,
    })
}

fn entry(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).doing(format_args!("reading {}", path.display()))?;
    match serde_json::from_str(&text) {
        // Terraform's provisioner may be writing it just now: whoever polls comes back.
        Err(error) if error.is_eof() => Err(LabError::new(format!("{} is half written", path.display()))),
        other => other.doing(format_args!("reading {}", path.display())),
    }
}
