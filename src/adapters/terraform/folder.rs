//! The folders that Terraform works in: ours alone, one a stack.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;
use tempfile::Builder;

use crate::model::failure::{Failure, Result};
use crate::model::names::StackId;
use crate::ops::ports::terraform::Stack;

pub const LOCK_FILE: &str = ".terraform.lock.hcl";

/// Where Terraform leaves a state that it could not write to the store: in the folder that it runs in.
pub const ERRORED_STATE: &str = "errored.tfstate";

/// A folder that no other run uses as long as this value lives.
#[derive(Debug)]
pub struct WorkFolder {
    root: PathBuf,
    _lock: File,
}

impl WorkFolder {
    /// Makes the folder, or takes one that is there and is ours.
    pub fn open(root: &Path) -> Result<WorkFolder> {
        let root = std::path::absolute(root).map_err(|error| unusable(root).caused_by(&error))?;
        private(&root).map_err(|error| failing(&root, &error))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(root.join(".lock"));
        let lock = lock.map_err(|error| failing(&root, &error))?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(unusable(&root).because("another run of scaler uses it now"));
        }
        Ok(WorkFolder { root, _lock: lock })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn stack(&self, stack: &StackId) -> PathBuf {
        self.root.join(stack.to_string())
    }

    /// Where providers are kept for all stacks.
    pub fn providers(&self) -> Result<PathBuf> {
        let path = self.root.join("providers");
        private(&path).map_err(|error| failing(&path, &error))?;
        Ok(path)
    }

    /// Writes a stack's files to its folder, from which everything else but installed providers is removed.
    pub fn write(&self, stack: &Stack, lock_file: Option<&str>) -> Result<PathBuf> {
        let folder = self.stack(&stack.id);
        let failed = |error: io::Error| failing(&folder, &error);
        if !is_plain(Path::new(&stack.id.to_string())) {
            return Err(unusable(&folder).because("the stack's name is not a file name"));
        }
        private(&folder).map_err(failed)?;
        self.rescue_state(&stack.id)?;
        clear(&folder, ".terraform").map_err(failed)?;
        if folder.join(".terraform").exists() {
            clear(&folder.join(".terraform"), "providers").map_err(failed)?;
        }
        let lock_file = lock_file.map(|text| (LOCK_FILE, text.as_bytes()));
        let files = stack.files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
        for (name, bytes) in files.chain(lock_file) {
            if !is_plain(Path::new(name)) {
                return Err(unusable(&folder).because(format!("`{name}` does not lie below it")));
            }
            write(&folder.join(name), bytes).map_err(failed)?;
        }
        Ok(folder)
    }

    /// Writes only the values of a stack whose other files are there already.
    pub fn write_values(&self, stack: &Stack) -> Result<()> {
        let folder = self.stack(&stack.id);
        self.rescue_state(&stack.id)?;
        for (name, bytes) in stack.files.iter().filter(|(name, _)| is_values(name)) {
            let path = folder.join(name);
            let written = fs::remove_file(&path).and_then(|()| write(&path, bytes));
            written.map_err(|error| failing(&folder, &error))?;
        }
        Ok(())
    }

    /// Copies a state that Terraform could not write to the store to beside this folder, which may be emptied or go
    /// with this run, and returns where it is now. It holds secrets, so only this user can read it.
    pub fn rescue_state(&self, stack: &StackId) -> Result<Option<PathBuf>> {
        let left = self.stack(stack).join(ERRORED_STATE);
        let failed = |error: io::Error| {
            Failure::failed(format!("the state in {} could not be brought to safety", left.display()))
                .caused_by(&error)
                .hint("it is the only record of what Terraform has just made: copy it now")
        };
        let bytes = match fs::read(&left) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let name = format!("scaler-errored-{stack}-");
        let make = |folder: &Path| Builder::new().prefix(&name).suffix(".tfstate").tempfile_in(folder);
        let beside = self.root.parent().unwrap_or(&self.root);
        let mut kept = make(beside).or_else(|_| make(&self.root)).map_err(failed)?;
        kept.write_all(&bytes).and_then(|()| kept.as_file().sync_all()).map_err(failed)?;
        let (_, path) = kept.keep().map_err(|error| failed(error.error))?;
        fs::remove_file(&left).map_err(failed)?;
        Ok(Some(path))
    }

    /// The text of a stack's dependency lock file; empty if it needs no provider that is installed.
    pub fn lock_file(&self, stack: &StackId) -> Result<String> {
        let path = self.stack(stack).join(LOCK_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(unusable(&path).caused_by(&error)),
        }
    }
}

/// Files that `terraform init` does not read.
pub fn is_values(name: &str) -> bool {
    name.ends_with(".tfvars.json")
}

fn unusable(path: &Path) -> Failure {
    Failure::failed(format!("{} cannot be used for Terraform's working files", path.display()))
        .hint("name another folder with --work-dir")
}

fn failing(path: &Path, error: &io::Error) -> Failure {
    let failure = unusable(path).caused_by(error);
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => failure.hint("or make room on that disk"),
        _ => failure,
    }
}

/// A folder that only this user can look into. Somebody else's is refused: they could change what we run.
pub(super) fn private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() || metadata.uid() != geteuid().as_raw() {
        return Err(io::Error::other("it is not a folder of this user"));
    }
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Only names of folders and a file: nothing that leads elsewhere.
fn is_plain(path: &Path) -> bool {
    path.components().next().is_some() && path.components().all(|part| matches!(part, Component::Normal(_)))
}

fn clear(folder: &Path, kept: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == kept {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn stack(files: &[(&str, &str)]) -> Stack {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
        Stack { id: StackId::Pool("w".into()), files: files.collect::<BTreeMap<_, _>>() }
    }

    #[test]
    fn a_folder_is_private_and_holds_the_stack_and_nothing_old() {
        let root = tempfile::tempdir().unwrap();
        let work = WorkFolder::open(&root.path().join("a/work")).unwrap();
        let folder = work.write(&stack(&[("old.tf", "1"), ("modules/m/main.tf", "2")]), None).unwrap();
        fs::create_dir_all(folder.join(".terraform/providers/p")).unwrap();
        fs::write(folder.join(".terraform/terraform.tfstate"), "").unwrap();
        work.write(&stack(&[("main.tf", "3")]), Some("lock")).unwrap();

        let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".terraform", LOCK_FILE, "main.tf"]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("main.tf"))), (0o700, 0o600));
        assert!(folder.join(".terraform/providers/p").exists());
        assert!(!folder.join(".terraform/terraform.tfstate").exists());
        assert_eq!(work.lock_file(&StackId::Pool("w".into())).unwrap(), "lock");
        assert_eq!(work.lock_file(&StackId::Foundation).unwrap(), "");
    }

    #[test]
    fn a_state_that_could_not_be_saved_outlives_the_folder() {
        let root = tempfile::tempdir().unwrap();
        let temporary = tempfile::tempdir_in(root.path()).unwrap();
        let work = WorkFolder::open(temporary.path()).unwrap();
        let id = StackId::Pool("w".into());
        let folder = work.write(&stack(&[]), None).unwrap();
        assert_eq!(work.rescue_state(&id).unwrap(), None);
        fs::write(folder.join("errored.tfstate"), "one").unwrap();
        work.write(&stack(&[]), None).unwrap();
        fs::write(folder.join("errored.tfstate"), "two").unwrap();
        let second = work.rescue_state(&id).unwrap().unwrap();
        drop(temporary);
        assert_eq!(fs::metadata(&second).unwrap().permissions().mode() & 0o777, 0o600);
        let kept = fs::read_dir(root.path()).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
        let mut kept: Vec<String> = kept.collect();
        kept.sort();
        assert_eq!(kept, ["one", "two"]);
    }

    #[test]
    fn two_runs_do_not_share_a_folder() {
        let root = tempfile::tempdir().unwrap();
        let first = WorkFolder::open(root.path()).unwrap();
        let failure = WorkFolder::open(root.path()).unwrap_err();
        assert_eq!(failure.causes, ["another run of scaler uses it now"]);
        drop(first);
        assert!(WorkFolder::open(root.path()).is_ok());
    }

    #[test]
    fn no_file_leads_out_of_the_folder() {
        let root = tempfile::tempdir().unwrap();
        let work = WorkFolder::open(&root.path().join("work")).unwrap();
        for name in ["../x", "/tmp/x", "a/../../x", ""] {
            assert!(work.write(&stack(&[(name, "")]), None).is_err(), "{name}");
        }
        let id = StackId::Pool("/../../x".into());
        assert!(work.write(&Stack { id, files: BTreeMap::new() }, None).is_err());
    }

    #[test]
    fn a_link_in_its_place_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("theirs")).unwrap();
        std::os::unix::fs::symlink(root.path().join("theirs"), root.path().join("work")).unwrap();
        assert!(WorkFolder::open(&root.path().join("work")).is_err());
    }
}
