//! Temporary folders that go with `scaler`, whatever way it ends.
//!
//! A destructor does not run after SIGKILL, and a tool may still work in the folder when `scaler` is gone. So a process
//! of ours waits beside each folder: the end of its standard input tells it that nobody wants the folder any more, and
//! a lock on the folder that the last tool which worked in it has ended.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::{FlockOperation, flock};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use tokio::process::{Child, Command};

use super::program::Host;
use crate::model::failure::{Failure, Result};

/// The hidden first argument that makes `scaler` the keeper of a folder.
pub const KEEP: &str = "__keep";

/// A folder that only this user can look into. It and all that is in it goes when this value is dropped, and when
/// `scaler` is killed.
pub struct TemporaryFolder {
    folder: tempfile::TempDir,
    /// Dropping it closes its standard input.
    _keeper: Child,
}

impl TemporaryFolder {
    /// Must be called within a runtime. A file called `spared` within it, or within a folder of it, makes a keeper that
    /// outlives `scaler` leave everything as it is.
    pub fn new(host: &Host, prefix: &str, spared: Option<&str>) -> Result<TemporaryFolder> {
        let failed = |error: io::Error| {
            let failure = Failure::failed("a temporary folder cannot be made").caused_by(&error);
            match error.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    failure.hint("make room on the disk of temporary files, or name another folder as TMPDIR")
                }
                _ => failure,
            }
        };
        let folder = tempfile::Builder::new().prefix(prefix).tempdir().map_err(failed)?;
        let keeper = command(host, folder.path(), spared).spawn().map_err(failed)?;
        Ok(TemporaryFolder { folder, _keeper: keeper })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that starts keepers")]
fn command(host: &Host, folder: &Path, spared: Option<&str>) -> Command {
    let mut command = Command::new(&host.supervisor);
    command.arg0("scaler").arg(KEEP).arg(folder).args(spared).env_clear();
    // A group of its own: what a terminal sends to `scaler` is not meant for it.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command
}

/// Keeps a folder from its keeper as long as the returned value lives, or the process that holds it.
pub(super) fn hold(folder: &Path) -> io::Result<OwnedFd> {
    let held = OwnedFd::from(File::open(folder)?);
    flock(&held, FlockOperation::LockShared)?;
    Ok(held)
}

/// The keeper's `main`.
pub fn keep_main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let (Some(folder), spared) = (arguments.next().map(PathBuf::from), arguments.next()) else {
        eprintln!("scaler {KEEP}: no folder was named (this command is scaler's own, and of no use to people)");
        return ExitCode::from(64);
    };
    match keep(&folder, spared) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn keep(folder: &Path, spared: Option<OsString>) -> io::Result<()> {
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    // Whoever looks at the list of processes reads this name instead of `exe`.
    let _ = std::fs::write("/proc/self/comm", "scaler-keeper");
    // Opened while it is there for certain: the lock is on this very folder, wherever its name leads by then.
    let lock = File::open(folder)?;
    wait_for_the_end(&mut io::stdin().lock())?;
    while let Err(error) = flock(&lock, FlockOperation::LockExclusive) {
        if error != rustix::io::Errno::INTR {
            return Err(error.into());
        }
    }
    if spared.is_some_and(|name| holds(folder, &name)) {
        return Ok(());
    }
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn wait_for_the_end(input: &mut impl Read) -> io::Result<()> {
    let mut bytes = [0; 64];
    loop {
        match input.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
    }
}

fn holds(folder: &Path, name: &OsString) -> bool {
    let within = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    folder.join(name).exists() || within.map(|path| path.join(name)).any(|path| path.exists())
}
