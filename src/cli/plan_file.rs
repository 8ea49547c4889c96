//! PLAN files: decisions, to be applied later. They hold no secret and no plan of Terraform's.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::failure::{Failure, Kind, Result};
use crate::model::plan::{PLAN_FORMAT, Plan, Request};
use crate::ops::task::Task;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedPlan {
    pub format: u32,
    pub plan: Plan,
    /// The folder that relative paths of the cluster file count from, where it still exists.
    pub folder: PathBuf,
}

pub fn write(path: &Path, plan: &Plan, task: &Task) -> Result<()> {
    let saved = SavedPlan { format: PLAN_FORMAT, plan: plan.clone(), folder: task.folder.clone() };
    let text = serde_json::to_string_pretty(&saved)
        .map_err(|error| Failure::failed("the plan cannot be written as JSON").caused_by(&error))?;
    // Beside its place first: a reader never finds half a plan.
    let dir = path.parent().unwrap_or(Path::new("."));
    tempfile::NamedTempFile::new_in(dir)
        .and_then(|file| std::fs::write(file.path(), text).map(|()| file))
        .and_then(|file| file.persist(path).map_err(|error| error.error))
        .map_err(|error| Failure::failed(format!("the plan cannot be written to {}", path.display())).because(error))?;
    Ok(())
}

pub fn read(path: &Path) -> Result<SavedPlan> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::failed(format!("the plan {} cannot be read", path.display())).because(error))?;
    let saved: SavedPlan = serde_json::from_str(&text).map_err(|error| {
        Failure::new(Kind::Usage, format!("{} is not a plan of scaler's", path.display()))
            .because(error)
            .hint("`scaler plan --out PLAN` writes one; a cluster file is applied with `scaler apply -f FILE`")
    })?;
    if saved.format != PLAN_FORMAT {
        return Err(Failure::refused(format!("the plan {} has format {}", path.display(), saved.format))
            .because(format!("this scaler writes and reads format {PLAN_FORMAT}"))
            .hint("make the plan anew with this version"));
    }
    // A PLAN is its own consent; `destroy` has another, and nothing writes a PLAN of it.
    if !matches!(saved.plan.request, Request::Apply { .. }) {
        return Err(Failure::refused(format!("the plan {} asks for something else than `apply`", path.display()))
            .because("`scaler plan` writes no such plan, so it was changed")
            .hint("nothing was changed; give the command itself: scale-up, scale-down or destroy"));
    }
    Ok(saved)
}
