//! A folder with a cluster file, and the programs as they are run in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::case::Scale;

/// Goes with its folder.
pub struct Folder {
    folder: tempfile::TempDir,
    program: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Folder {
    /// `more` is the rest of the environment: nothing is inherited but the PATH, where the lab's own tools come last.
    pub fn new(scale: &Scale, cluster_file: &str, more: &[(&str, String)]) -> Folder {
        let folder = tempfile::tempdir().expect("a folder");
        let path = std::env::var("PATH").unwrap_or_default();
        let mut environment = BTreeMap::from([
            ("PATH".to_owned(), format!("{path}:{}", scaler_lab::tools().display())),
            ("HOME".to_owned(), folder.path().display().to_string()),
            ("USER".to_owned(), "bench".to_owned()),
        ]);
        environment.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let made = Folder { folder, program: scale.program.clone(), environment };
        made.write("cluster.yml", cluster_file);
        made
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("a file is written");
    }

    pub fn scaler(&self, args: &[&str]) -> Command {
        let mut command = self.tool(self.program.to_str().expect("a path in UTF-8"));
        command.args(args);
        command
    }

    pub fn tool(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env_clear().envs(&self.environment);
        command
    }
}
