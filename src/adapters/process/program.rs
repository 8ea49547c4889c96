//! Where a tool lies, and what is the same for every tool of a run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Access, access};

use super::environment::Environment;
use crate::model::failure::{Failure, Result};
use crate::model::redact::Redactor;

/// What is the same for every tool: made once from the settings.
#[derive(Debug, Clone)]
pub struct Host {
    /// The program file that supervises when its first argument says so.
    pub supervisor: PathBuf,
    pub environment: Environment,
    /// Takes the secrets out of what tools say, before people see it.
    pub redactor: Redactor,
}

impl Host {
    /// With this very program as the supervisor. The link leads to the file that runs now, even if that was replaced
    /// or deleted since.
    pub fn new(environment: Environment) -> Host {
        let variables = environment.iter().map(|(name, value)| (name.to_string_lossy(), value.to_string_lossy()));
        let redactor = Redactor::for_environment(variables);
        Host { supervisor: PathBuf::from("/proc/self/exe"), environment, redactor }
    }

    /// With these secrets too, which are in no variable.
    pub fn knowing(mut self, secrets: impl IntoIterator<Item = impl AsRef<str>>) -> Host {
        self.redactor = self.redactor.with(secrets);
        self
    }

    /// With another program file as the supervisor: for tests, which are not `scaler` themselves.
    pub fn supervised_by(mut self, supervisor: impl Into<PathBuf>) -> Host {
        self.supervisor = supervisor.into();
        self
    }
}

/// A tool that was found. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Program {
    pub(super) host: Arc<Host>,
    pub(super) name: String,
    path: PathBuf,
}

impl Program {
    /// Looks a tool up: the file that was named for it, or else the first program of that name in the folders of the
    /// environment's `PATH`. A bare name without a slash stands for the name to look up. Folders that are not absolute are passed over: what runs must not depend on where one is.
    pub fn find(host: &Arc<Host>, name: &str, explicit: Option<&Path>) -> Result<Program> {
        let path = match explicit {
            Some(path) if path.components().count() == 1 && path.is_relative() => {
                looked_up(host, &path.to_string_lossy())?
            }
            Some(path) => named(name, path)?,
            None => looked_up(host, name)?,
        };
        Ok(Program { host: Arc::clone(host), name: name.to_owned(), path })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn host(&self) -> &Host {
        &self.host
    }

    pub fn redactor(&self) -> &Redactor {
        &self.host.redactor
    }
}

fn named(name: &str, path: &Path) -> Result<PathBuf> {
    let failed = || Failure::failed(format!("`{name}` cannot be run from {}", path.display()));
    let absolute = std::path::absolute(path).map_err(|error| failed().caused_by(&error))?;
    let metadata = std::fs::metadata(&absolute).map_err(|error| failed().caused_by(&error))?;
    if metadata.is_file() && access(&absolute, Access::EXEC_OK).is_ok() {
        return Ok(absolute);
    }
    Err(failed().because("it is not an executable file"))
}

fn looked_up(host: &Host, name: &str) -> Result<PathBuf> {
    let missing = Failure::failed(format!("`{name}` was not found"));
    let Some(path) = host.environment.get("PATH") else {
        return Err(missing.because("the environment has no PATH"));
    };
    let folders: Vec<PathBuf> = std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect();
    let found = folders.iter().map(|folder| folder.join(name)).find(|file| named(name, file).is_ok());
    found.ok_or_else(|| {
        let looked: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        missing.because(format!("it is in none of the folders of PATH: {}", looked.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn host(path: &str) -> Arc<Host> {
        Arc::new(Host::new(Environment::clean([("PATH".into(), path.into())]).0))
    }

    fn file(path: &Path, mode: u32) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_first_executable_in_an_absolute_folder_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        file(&at("plain/tool"), 0o644);
        std::fs::create_dir_all(at("folder/tool")).unwrap();
        file(&at("right/tool"), 0o755);
        file(&at("later/tool"), 0o755);
        let folders = ["", "relative", "plain", "folder", "right", "later"];
        let path =
            folders.map(|folder| if folder.len() < 9 && !folder.is_empty() { at(folder) } else { folder.into() });
        let path = std::env::join_paths(path).unwrap();
        let found = Program::find(&host(path.to_str().unwrap()), "tool", None).unwrap();
        assert_eq!(found.path(), at("right/tool"));
    }

    #[test]
    fn a_missing_tool_says_where_it_was_looked_for() {
        let failure = Program::find(&host("/nowhere/a:rel:/nowhere/b"), "tool", None).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "`tool` was not found: it is in none of the folders of PATH: /nowhere/a, /nowhere/b"
        );
    }

    #[test]
    fn a_named_file_is_used_or_refused_but_never_replaced_by_another() {
        let root = tempfile::tempdir().unwrap();
        file(&root.path().join("bin/tool"), 0o755);
        file(&root.path().join("mine"), 0o644);
        let host = host(root.path().join("bin").to_str().unwrap());
        let failure = Program::find(&host, "tool", Some(&root.path().join("mine"))).unwrap_err();
        assert_eq!(failure.causes, ["it is not an executable file"]);
        assert!(Program::find(&host, "tool", Some(&root.path().join("bin/tool"))).is_ok());
    }
}
