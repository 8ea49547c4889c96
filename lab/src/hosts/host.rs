//! One host.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{HostOrder, Hosts, Inner, Login, logins};
use crate::clock::try_wait;
use crate::error::{Doing, LabError, Result};
use crate::places;
use crate::supervised::Program;

/// A machine of the network: its own file system laid over this machine's, its own processes, names, users and sshd.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
    made: Made,
}

/// What is known of a host that was made.
#[derive(Clone)]
pub(super) struct Made {
    pub name: String,
    pub address: String,
    /// Its first process, as this machine counts them.
    pub pid: u64,
}

/// How a command on a host went.
#[derive(Clone, Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Host {
    pub(super) fn new(inner: Arc<Inner>, made: Made) -> Self {
        Self { inner, made }
    }

    pub(super) fn start(inner: &Inner, order: &HostOrder, address: &str) -> Result<Made> {
        let folder = inner.parts.folder().join(&order.name);
        std::fs::create_dir(&folder).doing(format_args!("making {}", folder.display()))?;
        let key = std::fs::read_to_string(inner.parts.folder().join("key.pub")).doing("reading the hosts' key")?;
        let source =
            |name: &str| format!("deb [trusted=yes] http://{}.1:{}/{name}/ /\n", inner.subnet, super::MIRROR_PORT);
        let sources = source("distribution") + &if order.real { source("real") } else { String::new() };
        // As clouds name their machines: not as their nodes are named.
        let host_name = format!("ip-{}", address.replace('.', "-"));
        let ordered = json!({
            "name": host_name, "folder": folder, "network": inner.pid, "address": address, "user": Hosts::USER,
            "key": key.trim(), "tools": places::tools(), "sources": sources,
            "ssh": order.ssh, "real": order.real,
        });
        let name = order.name.clone();
        let program = Program {
            path: places::host()?,
            args: vec!["host".to_owned(), ordered.to_string()],
            log: inner.parts.log(&name),
        };
        inner.parts.start(&name, program)?;
        let file = folder.join("host.json");
        let written = try_wait(&format!("the host {name}"), || {
            inner.parts.check(&name)?;
            Ok(std::fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok()))
        })?;
        let pid = written["pid"].as_u64().unwrap_or_default();
        Ok(Made { name, address: address.to_owned(), pid })
    }

    pub fn name(&self) -> &str {
        &self.made.name
    }

    /// In the network; SSH is at port 22.
    pub fn address(&self) -> &str {
        &self.made.address
    }

    /// Its power is cut: everything on it ends, its disk stays.
    #[track_caller]
    pub fn off(&self) {
        self.signal(Signal::USR1);
    }

    /// It boots, with what is enabled there and its sshd.
    #[track_caller]
    pub fn on(&self) {
        self.signal(Signal::USR2);
    }

    /// It is no more, and neither is its disk.
    #[track_caller]
    pub fn kill(&self) {
        self.signal(Signal::KILL);
        crate::wait_for(&format!("the end of {}", self.made.name), || {
            self.inner.parts.check(&self.made.name).is_err().then_some(())
        });
        self.inner.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&self.made.name);
    }

    #[track_caller]
    fn signal(&self, signal: Signal) {
        self.inner.parts.signal(&self.made.name, signal).unwrap_or_else(|error| panic!("{}: {error}", self.made.name));
    }

    /// The cgroup in which the kubelet of a [real](HostOrder::real) host is to make its own: `cgroupRoot`.
    pub fn cgroup_root(&self) -> String {
        format!("/lab-{}", self.made.address.replace('.', "-"))
    }

    /// A real host's containerd learns the lab's own image, `lab.local/pod:1`: its process does nothing until it is
    /// told to end, and ends as many seconds after that as its one argument says.
    #[track_caller]
    pub fn import_image(&self) {
        let url = format!("http://{}.1:{}/real/pod.tar", self.inner.subnet, super::MIRROR_PORT);
        let script = format!(
            "python3 -c \"import urllib.request; urllib.request.urlretrieve('{url}', '/run/pod.tar')\" && \
             ctr --namespace k8s.io images import --snapshotter native /run/pod.tar && rm /run/pod.tar"
        );
        let ran = self.run(&["sh", "-c", &script]);
        assert_eq!(ran.code, Some(0), "the image of {}: {}{}", self.made.name, ran.stdout, ran.stderr);
    }

    /// Every connection that its sshd had so far.
    pub fn logins(&self) -> Vec<Login> {
        logins::read(&self.ssh_log())
    }

    /// What its sshd wrote.
    pub fn ssh_log(&self) -> String {
        std::fs::read_to_string(self.folder().join("sshd.log")).unwrap_or_default()
    }

    fn folder(&self) -> PathBuf {
        self.inner.parts.folder().join(&self.made.name)
    }

    /// Runs a command there as root, without SSH: for a look at what was done.
    #[track_caller]
    pub fn run(&self, command: &[&str]) -> Ran {
        self.try_run(command).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(super) fn first(&self, script: &str) -> Result<()> {
        self.must("the first script", self.enter(&["sh", "-c", script]))
    }

    /// Runs a script, and packs every file that it made or changed.
    pub(super) fn packed(&self, script: &str) -> Result<PathBuf> {
        let archive = self.inner.parts.folder().join(format!("{}.tar", self.made.name));
        let out = std::fs::File::create(&archive).doing(format_args!("making {}", archive.display()))?;
        // Files have the time of the kernel's last tick: the script begins with another one.
        let mark = "touch /run/before; until touch /run/now && [ /run/now -nt /run/before ]; do :; done";
        self.must("the script", self.enter(&["sh", "-c", &format!("{mark}\n{script}")]))?;
        // Folders in memory, such as /tmp, are not on the disk.
        let pack =
            "cd / && find . -xdev -cnewer /run/before -print0 | tar --create --null --no-recursion --files-from -";
        let mut packing = self.enter(&["sh", "-c", pack]);
        packing.stdout(out);
        self.must("packing the disk", packing)?;
        Ok(archive)
    }

    /// Its disk gets what is in this archive.
    pub(super) fn unpack(&self, archive: &Path) -> Result<()> {
        let file = std::fs::File::open(archive).doing(format_args!("reading {}", archive.display()))?;
        let mut unpacking = self.enter(&["tar", "--extract", "--directory", "/"]);
        unpacking.stdin(file);
        self.must("unpacking an image", unpacking)
    }

    fn must(&self, what: &str, command: Command) -> Result<()> {
        let ran = self.ended(command)?;
        match ran.code {
            Some(0) => Ok(()),
            _ => Err(LabError::new(format!("{what} of {} failed: {}{}", self.made.name, ran.stdout, ran.stderr))),
        }
    }

    fn try_run(&self, command: &[&str]) -> Result<Ran> {
        self.ended(self.enter(command))
    }

    fn ended(&self, mut command: Command) -> Result<Ran> {
        let output = command.output().doing(format_args!("running {command:?} on {}", self.made.name))?;
        Ok(Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// A command there, which reads nothing.
    fn enter(&self, command: &[&str]) -> Command {
        let mut enter = Command::new("nsenter");
        enter.args([
            "--target",
            &self.made.pid.to_string(),
            "--mount",
            "--uts",
            "--ipc",
            "--net",
            "--pid",
            "--root",
            "--wd",
        ]);
        enter.arg("--").args(command).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null());
        enter
    }

    /// The text of a file there; `None` where there is none.
    #[track_caller]
    pub fn read(&self, file: &str) -> Option<String> {
        let ran = self.run(&["cat", file]);
        (ran.code == Some(0)).then_some(ran.stdout)
    }

    /// Its sshd's public key, as a line of `known_hosts`.
    #[track_caller]
    pub fn known_hosts_line(&self) -> String {
        let key =
            self.read("/etc/ssh/ssh_host_ed25519_key.pub").unwrap_or_else(|| panic!("{} has no key", self.made.name));
        let words: Vec<&str> = key.split_whitespace().take(2).collect();
        format!("{} {}\n", self.made.address, words.join(" "))
    }

    /// Its sshd has another key from now on: the machine at this address is another.
    #[track_caller]
    pub fn new_host_key(&self) {
        let key = "/etc/ssh/ssh_host_ed25519_key";
        let made = self.run(&["sh", "-c", &format!("rm {key} {key}.pub && ssh-keygen -q -t ed25519 -N '' -f {key}")]);
        assert_eq!(made.code, Some(0), "a key for {}: {}", self.made.name, made.stderr);
        let before = self.ssh_log().matches("Server listening").count();
        let ended = self.run(&["sh", "-c", "kill $(cat /run/sshd.pid)"]);
        assert_eq!(ended.code, Some(0), "sshd of {}: {}", self.made.name, ended.stderr);
        // Twice: for IPv4 and IPv6.
        crate::wait_for(&format!("sshd of {} to start again", self.made.name), || {
            (self.ssh_log().matches("Server listening").count() > before).then_some(())
        });
    }

    /// The host as something that ended by itself, with the end of its log.
    ///
    /// # Errors
    /// When it does not run.
    pub fn check(&self) -> std::result::Result<(), LabError> {
        self.inner.parts.check(&self.made.name)
    }
}
