//! The files of a local store.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, futimens};
use sha2::{Digest, Sha256};

use super::guard::Guard;
use crate::adapters::store::keys;
use crate::model::failure::{Failure, Result};
use crate::ops::ports::{Condition, Object, Put, Version};

/// A folder with objects. Its own files lie in `.scaler`, a name that no key maps to.
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    pub fn new(root: PathBuf) -> Folder {
        Folder { root }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn private(&self) -> PathBuf {
        self.root.join(".scaler")
    }

    pub fn guard_file(&self) -> PathBuf {
        self.private().join("guard")
    }

    /// Where the next content of an object is written. One file is enough: only who has the guard writes.
    fn draft(&self) -> PathBuf {
        self.private().join("draft")
    }

    pub fn read(&self, key: &str) -> Result<Option<Object>> {
        let path = self.root.join(keys::path_of(key));
        self.read_path(&path).map_err(|error| self.failure("cannot read an object of the store", &path, &error))
    }

    fn read_path(&self, path: &Path) -> io::Result<Option<Object>> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        if file.metadata()?.is_dir() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let version = version_of(&bytes);
        Ok(Some(Object { bytes: Bytes::from(bytes), version, age: self.age(&file) }))
    }

    /// How old a file is by the clock of its file system, which on a server is not this machine's: the guard file is
    /// touched and its time compared. None where that may not be done.
    fn age(&self, file: &File) -> Option<Duration> {
        let probe = OpenOptions::new().write(true).open(self.guard_file()).ok()?;
        let now = Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
            last_modification: Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
        };
        futimens(&probe, &now).ok()?;
        let now = probe.metadata().ok()?.modified().ok()?;
        let then = file.metadata().ok()?.modified().ok()?;
        Some(now.duration_since(then).unwrap_or_default())
    }

    pub fn write(&self, _turn: &Guard, key: &str, bytes: &[u8], condition: &Condition) -> Result<Put> {
        let path = self.root.join(keys::path_of(key));
        let wrap = |error: io::Error| self.failure("cannot write an object of the store", &path, &error);
        let current = self.read_path(&path).map_err(wrap)?;
        let holds = match condition {
            Condition::Absent => current.is_none(),
            Condition::Is(version) => current.is_some_and(|object| object.version == *version),
        };
        if !holds {
            return Ok(Put::Conflict);
        }
        self.replace(&path, bytes).map_err(wrap)?;
        Ok(Put::Written(version_of(bytes)))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let draft = self.draft();
        let written = self.write_draft(&draft, bytes).and_then(|()| {
            let parent = path.parent().unwrap_or(&self.root);
            self.make_folders(parent)?;
            fs::rename(&draft, path)?;
            sync_folder(parent)
        });
        if written.is_err() {
            // What is left of it would only take up room; the next writer starts it anew in any case.
            let _ = fs::remove_file(&draft);
        }
        written
    }

    fn write_draft(&self, draft: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(draft)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// Makes what is missing of a folder's path, each one synced into the one above it.
    fn make_folders(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(above) = path.parent().filter(|_| path != self.root) {
            self.make_folders(above)?;
        }
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        path.parent().map_or(Ok(()), sync_folder)
    }

    pub fn list(&self, prefix: &str) -> Result<Vec<String>> {
        let below = prefix.strip_suffix('/').unwrap_or(prefix);
        let start = if below.is_empty() { self.root.clone() } else { self.root.join(keys::path_of(below)) };
        let mut found = Vec::new();
        collect(&start, prefix, &mut found)
            .map_err(|error| self.failure("cannot list the objects of the store", &start, &error))?;
        found.sort();
        Ok(found)
    }

    pub fn remove(&self, _turn: &Guard, key: &str) -> Result<()> {
        let path = self.root.join(keys::path_of(key));
        let removed = match fs::remove_file(&path) {
            Ok(()) => self.remove_empty(path.parent().unwrap_or(&self.root)),
            Err(error) if is_absence(&error) => Ok(()),
            Err(error) => Err(error),
        };
        removed.map_err(|error| self.failure("cannot delete an object of the store", &path, &error))
    }

    /// Removes a folder that has nothing in it any more, and those above it: a listing would go through them for ever. Only
    /// who has the guard makes folders, so none is removed that is about to be used.
    fn remove_empty(&self, path: &Path) -> io::Result<()> {
        match path.parent().filter(|_| path != self.root) {
            Some(above) if fs::remove_dir(path).is_ok() => self.remove_empty(above),
            _ => sync_folder(path),
        }
    }

    /// The file that Terraform's `local` backend leaves beside a state while it has its lock
    /// (`internal/states/statemgr/filesystem.go`). A process that is killed leaves it too; the lock itself was the
    /// kernel's, and is gone then.
    pub fn state_lock(&self, key: &str) -> Result<Option<Object>> {
        let path = self.state_lock_path(key);
        let read = || Ok((fs::read(&path)?, fs::metadata(&path)?.modified()?));
        match read() {
            Ok((bytes, written)) => {
                let age = written.elapsed().ok();
                Ok(Some(Object { version: version_of(&bytes), bytes: Bytes::from(bytes), age }))
            }
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(self.failure("cannot read Terraform's own lock in the store", &path, &error)),
        }
    }

    pub fn break_state_lock(&self, key: &str) -> Result<()> {
        let path = self.state_lock_path(key);
        match fs::remove_file(&path) {
            Err(error) if !is_absence(&error) => {
                Err(self.failure("cannot remove Terraform's own lock in the store", &path, &error))
            }
            _ => Ok(()),
        }
    }

    fn state_lock_path(&self, key: &str) -> PathBuf {
        let state = self.root.join(keys::path_of(key));
        let name = state.file_name().unwrap_or_default().to_string_lossy().into_owned();
        state.with_file_name(format!(".{name}.lock.info"))
    }

    pub fn failure(&self, what: &str, path: &Path, error: &io::Error) -> Failure {
        let failure = Failure::failed(format!("{what}: {}", path.display())).because(error);
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                failure.hint("make room on that disk and try again; what the store held before is unharmed")
            }
            io::ErrorKind::PermissionDenied => {
                failure.hint(format!("the store {} must belong to the user that runs `scaler`", self.root.display()))
            }
            io::ErrorKind::ReadOnlyFilesystem => failure.hint("the store must lie where it can be written"),
            _ => failure,
        }
    }
}

/// Adds the keys of every object below a folder. `prefix` is the folder's key with its slash.
fn collect(folder: &Path, prefix: &str, found: &mut Vec<String>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absence(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        // Files of others, such as Terraform's lock files, are no objects of ours.
        let Some(part) = entry.file_name().to_str().and_then(keys::decode) else { continue };
        let key = format!("{prefix}{part}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{key}/"), found)?;
        } else {
            found.push(key);
        }
    }
    Ok(())
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn version_of(bytes: &[u8]) -> Version {
    Version(hex::encode(Sha256::digest(bytes)))
}

/// There is no such file, or a part of its path is a file itself.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
