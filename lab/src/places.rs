//! Where `lab/setup` has put things: below `target/lab` of the project.

use std::path::{Path, PathBuf};

use crate::error::{LabError, Result};

pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the lab's crate lies inside the project")
}

/// A folder with the lab's own `kubectl` (and `tofu`, where it was built), for a `PATH`.
pub fn tools() -> PathBuf {
    project().join("target/lab/bin")
}

/// A Terraform CLI configuration (`TF_CLI_CONFIG_FILE`) that finds providers on
/// this machine; `None` where no unpacked provider was found.
pub fn terraform_config() -> Option<PathBuf> {
    Some(project().join("target/lab/terraform.rc")).filter(|file| file.exists())
}

/// What starts moto's server, mended where AWS does otherwise; its arguments are moto's own. Whether or not it is installed.
pub fn moto_server() -> (PathBuf, PathBuf) {
    (project().join(".venv/bin/python3"), project().join("lab/moto_server.py"))
}

/// A folder with `ansible-playbook` and the rest of Ansible, for a `PATH`; whether or not it is installed.
pub fn ansible() -> PathBuf {
    project().join(".venv/bin")
}

/// What stands in for Entra ID.
pub(crate) fn entra() -> PathBuf {
    project().join("lab/entra_server.py")
}

/// What Azurite loads before itself.
pub(crate) fn azurite_keeps() -> PathBuf {
    project().join("lab/azurite/keep.js")
}

/// Azurite's blob service, whether or not it is installed.
pub(crate) fn azurite() -> PathBuf {
    project().join("target/lab/azurite/node_modules/azurite/dist/src/blob/main.js")
}

/// Where a program lies: on the PATH, or among the lab's own [`tools`].
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([tools()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

pub(crate) fn kubernetes() -> Result<PathBuf> {
    made(project().join("target/lab/bin/lab-kubernetes"))
}

pub(crate) fn supervisor() -> Result<PathBuf> {
    made(project().join("target/lab/bin/lab-supervisor"))
}

/// The program that makes hosts.
pub(crate) fn host() -> Result<PathBuf> {
    made(project().join("target/lab/bin/lab-host"))
}

/// The package repositories of hosts.
pub(crate) fn packages() -> Result<PathBuf> {
    made(project().join("target/lab/packages"))
}

pub(crate) fn versity_gateway() -> Result<PathBuf> {
    made(project().join("target/lab/bin/versitygw"))
}

/// As [`moto_server`], where it is installed.
pub(crate) fn moto() -> Result<(PathBuf, PathBuf)> {
    made(project().join(".venv/bin/moto_server"))?;
    Ok(moto_server())
}

fn made(file: PathBuf) -> Result<PathBuf> {
    if file.exists() {
        return Ok(file);
    }
    Err(LabError::new(format!(
        "the lab's {} is not there; run `lab/setup` in the project's folder first",
        file.display()
    )))
}
