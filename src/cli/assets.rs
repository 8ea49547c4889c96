//! What a run gives Terraform, Ansible and Packer: the program's own, or what a user's folder has (`--assets`).

use std::collections::BTreeMap;
use std::path::Path;

use walkdir::WalkDir;

use super::app::App;
use super::args::Target;
use super::load::unreadable;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::provider::Provider;
use crate::render::{Assets, Brought};

/// The playbook that all others come from.
const PLAYBOOK: &str = "site.yml";

pub fn read(app: &App, target: &Target) -> Result<Assets> {
    let Some(dir) = &target.assets else { return Ok(Assets::embedded()) };
    let root = app.settings.folder.join(dir);
    let playbooks = all(&root.join("playbooks"))?;
    let brought =
        Brought { terraform: modules(&root.join("terraform"))?, packer: all(&root.join("packer"))?, playbooks };
    if brought.terraform.is_empty() && brought.playbooks.is_empty() && brought.packer.is_empty() {
        return Err(Failure::new(Kind::Usage, format!("{} has no assets", dir.display())).hint(
            "--assets names a folder that holds one or more of terraform/<provider>/{foundation,pool}/*.tf, playbooks/ \
             and packer/<provider>/*.pkr.hcl",
        ));
    }
    if !brought.playbooks.is_empty() && !brought.playbooks.contains_key(PLAYBOOK) {
        let folder = dir.join("playbooks");
        return Err(Failure::new(Kind::Usage, format!("{} has no {PLAYBOOK}", folder.display()))
            .hint("the playbooks of --assets take the place of all that are built in: begin with a copy of those"));
    }
    Assets::of(brought)
}

/// Terraform's modules that are there.
fn modules(root: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for provider in Provider::ALL {
        for module in ["foundation", "pool"] {
            let below = format!("{provider}/{module}/");
            let folder = root.join(&below);
            if folder.is_dir() {
                files.extend(listed(&folder)?.into_iter().map(|(name, content)| (below.clone() + &name, content)));
            }
        }
    }
    Ok(files)
}

/// All files below a folder, but for what Python keeps of those that it has run. Nothing where there is no such folder.
fn all(root: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if !root.is_dir() {
        return Ok(files);
    }
    for entry in WalkDir::new(root).follow_links(true) {
        let entry = entry.map_err(|error| unreadable(root, "the folder", &error.into()))?;
        let path = entry.path();
        if entry.file_type().is_file() && path.extension().is_none_or(|extension| extension != "pyc") {
            let content = std::fs::read(path).map_err(|error| unreadable(path, "the file", &error))?;
            let below = path.strip_prefix(root).unwrap_or(path);
            files.insert(below.to_string_lossy().into_owned(), content);
        }
    }
    Ok(files)
}

/// Everything in a module's folder, so that what Terraform would read there can be refused by name; a folder has a
/// slash at its end. Only the content of `*.tf` is read: nothing else is used.
fn listed(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, "the modules' folder", &error))?;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, "the modules' folder", &error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            files.insert(name + "/", Vec::new());
        } else if path.extension().is_some_and(|extension| extension == "tf") {
            let content = std::fs::read(&path).map_err(|error| unreadable(&path, "a module's file", &error))?;
            files.insert(name, content);
        } else {
            files.insert(name, Vec::new());
        }
    }
    Ok(files)
}
