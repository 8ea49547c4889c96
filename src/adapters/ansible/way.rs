//! The way to machines that are reached through a host: one connection to it, which all that go through it share.
//!
//! For such a host `ssh` starts another `ssh` (ProxyJump), to which it hands nothing of its own options but the name of a
//! configuration file (ssh_config(5)), and whose complaints it keeps to itself where connections persist. So there is a
//! file, and the way is opened before Ansible runs: a host that is away, that has changed, or that does not let us in is
//! known at once and by its own words. One connection is also what a crowd of machines needs: sshd drops some of many
//! that come at once (`MaxStartups`).

use std::path::Path;
use std::time::Duration;

use super::folder::KNOWN_HOSTS;
use super::known_hosts::JUMP;
use crate::adapters::process::{Cancel, Program, Run};
use crate::model::failure::Result;
use crate::model::record::JumpHost;
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Lease;

/// The file's name.
pub const CONFIG: &str = "ssh_config";

/// Where the connection's socket is, beside Ansible's own.
pub const SOCKETS: &str = "cp";

/// How long opening may take in all.
const PATIENCE: Duration = Duration::from_secs(30);

/// The file's text. What comes first holds: how the host is known is said here, as playbooks/ansible.cfg says it of the
/// machines; for the rest, what a person has configured is as good as without this file.
pub fn config(jump: &JumpHost, private_key: Option<&Path>) -> String {
    let key = private_key.map_or(String::new(), |key| format!("  IdentityFile {}\n", quoted(key)));
    format!(
        "Host {name}
  HostKeyAlias {JUMP}
  UserKnownHostsFile {KNOWN_HOSTS}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking accept-new
  HashKnownHosts no
  UpdateHostKeys no
  ControlMaster auto
  ControlPath {SOCKETS}/jump
  ControlPersist 30s
  BatchMode yes
  ConnectTimeout 10
  ServerAliveInterval 10
  ServerAliveCountMax 3
{key}Match all
  Include ~/.ssh/config
  Include /etc/ssh/ssh_config
",
        name = jump.name()
    )
}

/// A percent sign begins a token.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%"))
}

/// Opens the way from this folder. Why it is closed, if it is.
pub async fn open(
    ssh: &Program,
    folder: &Path,
    jump: &JumpHost,
    lease: Option<&Lease>,
    interrupts: &Interrupts,
) -> Result<Option<String>> {
    // It goes on in the background as soon as it is let in, and ends when nobody has used it for a while.
    let destination = format!("ssh://{}", jump.host);
    let run = Run::new(ssh).args(["-F", CONFIG, "-f", "-N", &destination]).dir(folder).holds(folder);
    let run = run.lease(lease).cancel(interrupts, Cancel::First);
    let Ok(finished) = tokio::time::timeout(PATIENCE, run.output()).await else {
        return Ok(Some(format!("it did not let us in within {} s", PATIENCE.as_secs())));
    };
    let finished = finished?;
    if finished.stopped.is_some() {
        return Err(finished.failure());
    }
    let said = finished.stderr();
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
    Ok((!finished.succeeded()).then(|| last.map_or_else(|| finished.failure().what, str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_and_the_key_are_named() {
        let jump = JumpHost { host: "me@bastion:2222".into(), host_keys: Vec::new() };
        let told = config(&jump, Some(Path::new("/home/a b/100% \"x\"")));
        assert!(
            told.starts_with("Host bastion\n  HostKeyAlias ssh.jump\n  UserKnownHostsFile known_hosts\n"),
            "{told}"
        );
        assert!(told.contains("  IdentityFile \"/home/a b/100%% \\\"x\\\"\"\nMatch all\n"), "{told}");
        assert!(!config(&jump, None).contains("IdentityFile"));
    }
}
