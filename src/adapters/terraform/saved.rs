//! A saved plan, as a file in memory.

use std::fs::{File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, memfd_create};
use serde_json::Value;

use crate::model::failure::{Failure, Result};
use crate::model::names::StackId;
use crate::ops::ports::terraform::{PlanMode, SavedPlan};

/// A file that no file system knows: Terraform opens it through this process's folder in `/proc`, and it is gone when
/// this value or this process is, by whatever end.
pub struct PlanFile {
    file: File,
}

impl PlanFile {
    pub fn new() -> Result<PlanFile> {
        let failed = |error: std::io::Error| {
            Failure::failed("no file in memory could be made for Terraform's plan").caused_by(&error)
        };
        let file = memfd_create("terraform-plan", MemfdFlags::CLOEXEC).map_err(|error| failed(error.into()))?;
        let file = File::from(file);
        file.set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(PlanFile { file })
    }

    /// Valid for every process of this user, as long as this value lives.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), self.file.as_raw_fd()))
    }
}

/// A plan and what Terraform says is in it.
pub struct CliPlan {
    pub stack: StackId,
    pub mode: PlanMode,
    pub file: PlanFile,
    pub json: Value,
}

impl SavedPlan for CliPlan {
    fn stack(&self) -> &StackId {
        &self.stack
    }

    fn json(&self) -> &Value {
        &self.json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_no_name_is_its_users_alone_and_goes_with_its_value() {
        let file = PlanFile::new().unwrap();
        let path = file.path();
        std::fs::write(&path, "secret").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "secret");
        let target = std::fs::read_link(&path).unwrap();
        assert!(target.starts_with("/memfd:terraform-plan (deleted)"), "{}", target.display());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(file);
        assert!(std::fs::read_link(&path).map_or(true, |other| other != target));
    }
}
