//! The tools that `doctor` asks for their version.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use super::process::{Host, Program, Run};
use crate::model::failure::Result;
use crate::ops::ports::probe::{Printed, Tool, Tools};

/// Looks on the PATH, or where the cluster file says.
pub struct HostTools {
    pub host: Arc<Host>,
    pub kubectl: Option<PathBuf>,
    pub ansible_playbook: Option<PathBuf>,
    pub packer: Option<PathBuf>,
}

#[async_trait]
impl Tools for HostTools {
    async fn version(&self, tool: Tool) -> Result<Printed> {
        let (name, named, args): (_, _, &[&str]) = match tool {
            // Without the server's version: its own check asks for that, and says why when there is no answer.
            Tool::Kubectl => ("kubectl", &self.kubectl, &["version", "--client", "-o", "json"]),
            Tool::AnsiblePlaybook => ("ansible-playbook", &self.ansible_playbook, &["--version"]),
            Tool::Packer => ("packer", &self.packer, &["version"]),
        };
        let program = Program::find(&self.host, name, named.as_deref())?;
        let finished = Run::new(&program).args(args).output().await?.ok()?;
        let text = String::from_utf8_lossy(&finished.stdout).into_owned();
        Ok(Printed { path: program.path().display().to_string(), text })
    }
}
