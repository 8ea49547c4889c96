//! The modules that a run uses: the program's own, or those of a user's folder (`--assets`).

use std::collections::BTreeMap;
use std::path::Path;

use super::app::App;
use super::args::Target;
use super::load::unreadable;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::provider::Provider;
use crate::render::Assets;

pub fn read(app: &App, target: &Target) -> Result<Assets> {
    let Some(dir) = &target.assets else { return Ok(Assets::embedded()) };
    let root = app.settings.folder.join(dir).join("terraform");
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
    if files.is_empty() {
        return Err(Failure::new(Kind::Usage, format!("{} has no modules", dir.display()))
            .hint("--assets names a folder that holds terraform/<provider>/{foundation,pool}/*.tf"));
    }
    Assets::of_files(files)
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
