//! The folder that one run of Ansible works in: readable for this user alone, and gone with the run.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path};

use super::known_hosts::HostKeys;
use super::{Options, known_hosts, way};
use crate::adapters::private;
use crate::adapters::process::TemporaryFolder;
use crate::model::failure::{Failure, Result};
use crate::ops::ports::provisioner::{Play, Secrets};

/// The files beside the inventory; `known_hosts` is named in playbooks/ansible.cfg.
pub(super) const KNOWN_HOSTS: &str = "known_hosts";
const SECRETS: &str = "join.json";
const ACCESS: &str = "access/admin.conf";
const POD_NETWORK: &str = "pod-network.yml";

pub struct PlayFolder<'a> {
    folder: TemporaryFolder,
    /// Where a copy of what may be seen is left.
    kept: Option<&'a Path>,
}

impl PlayFolder<'_> {
    /// Writes everything that the run needs.
    pub fn new<'a>(options: &'a Options, play: &Play) -> Result<PlayFolder<'a>> {
        let folder = TemporaryFolder::new(&options.host, "scaler-ansible-", None)
            .map_err(|failure| failure.context("there is no place for Ansible's files"))?;
        let new = PlayFolder { folder, kept: options.work_dir.as_deref() };
        for (name, content) in &options.playbooks {
            new.write(&format!("playbooks/{name}"), content)?;
        }
        new.write("inventory.yml", &play.inventory)?;
        new.write("run.yml", new.own_inventory(play).as_bytes())?;
        let jump = play.jump.as_ref().map(|jump| jump.host_keys.clone()).unwrap_or_default();
        let keys = HostKeys { nodes: play.host_keys.clone(), jump };
        new.write(KNOWN_HOSTS, known_hosts::write(&keys).as_bytes())?;
        if let Some(jump) = &play.jump {
            new.write(way::CONFIG, way::config(jump, options.private_key.as_deref()).as_bytes())?;
        }
        if let Some(Secrets(secrets)) = &play.secrets {
            new.write(SECRETS, secrets.as_bytes())?;
        }
        if let Some(manifest) = &play.pod_network {
            new.write(POD_NETWORK, manifest.as_bytes())?;
        }
        for empty in ["access", "home", "tmp", way::SOCKETS] {
            private::folder(&new.path().join(empty)).map_err(|error| unusable(new.path(), &error))?;
        }
        new.keep("ansible/inventory.yml", &play.inventory)?;
        Ok(new)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A second inventory, of where this run's files lie. JSON quotes a path as YAML would; `!unsafe` keeps Ansible from
    /// reading it as a template.
    fn own_inventory(&self, play: &Play) -> String {
        let files = [
            ("scaler_join_file", play.secrets.is_some(), SECRETS),
            ("scaler_kubeconfig_file", play.fetches_access, ACCESS),
            ("scaler_pod_network_manifest", play.pod_network.is_some(), POD_NETWORK),
        ];
        let vars = files.iter().map(|(name, there, file)| match there {
            true => format!("    {name}: !unsafe {}\n", serde_json::json!(self.path().join(file))),
            false => format!("    {name}: null\n"),
        });
        format!("---\nall:\n  vars:\n{}", vars.collect::<String>())
    }

    /// The keys that are known by now.
    pub fn host_keys(&self) -> Result<HostKeys> {
        let path = self.path().join(KNOWN_HOSTS);
        let text = fs::read_to_string(&path).map_err(|error| unusable(&path, &error))?;
        Ok(known_hosts::read(&text))
    }

    /// The kubeconfig that the playbooks fetched.
    pub fn access(&self) -> Result<Option<Secrets>> {
        let path = self.path().join(ACCESS);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Secrets(text))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(&path, &error)),
        }
    }

    /// Leaves what Ansible said for a person who named a folder for it.
    pub fn keep_log(&self, text: &str) -> Result<()> {
        self.keep("ansible/ansible.log", text.as_bytes())
    }

    fn keep(&self, name: &str, content: &[u8]) -> Result<()> {
        let Some(kept) = self.kept else { return Ok(()) };
        let path = kept.join(name);
        private::write(&path, content).map_err(|error| unusable(&path, &error))
    }

    fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        let path = self.path().join(name);
        if !plain {
            return Err(Failure::failed(format!("`{name}` does not lie below {}", self.path().display())));
        }
        private::write(&path, content).map_err(|error| unusable(&path, &error))
    }
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("{} cannot be used for Ansible", path.display())).caused_by(error)
}
