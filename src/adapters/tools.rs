//! The programs beside Terraform, asked for their versions.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::adapters::process::{Host, Program, Run};
use crate::model::failure::Result;
use crate::ops::ports::probe::{Printed, Tool, Tools};

/// Looked up on the PATH, or where the cluster file says.
pub struct Programs {
    host: Arc<Host>,
    /// Name → the file that the cluster file names.
    named: BTreeMap<&'static str, PathBuf>,
}

impl Programs {
    pub fn new(host: Arc<Host>, named: BTreeMap<&'static str, PathBuf>) -> Programs {
        Programs { host, named }
    }
}

#[async_trait]
impl Tools for Programs {
    async fn version(&self, tool: Tool) -> Result<Printed> {
        let (name, arguments): (&str, &[&str]) = match tool {
            Tool::Kubectl => ("kubectl", &["version", "--client", "-o", "json"]),
            Tool::AnsiblePlaybook => ("ansible-playbook", &["--version"]),
            Tool::Packer => ("packer", &["version"]),
        };
        let program = Program::find(&self.host, name, self.named.get(name).map(PathBuf::as_path))?;
        let finished = Run::new(&program).args(arguments.iter().copied()).output().await?.ok()?;
        Ok(Printed {
            path: program.path().display().to_string(),
            text: String::from_utf8_lossy(&finished.stdout).into_owned(),
        })
    }
}
