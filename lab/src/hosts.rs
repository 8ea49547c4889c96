//! Machines that answer to SSH: name spaces of this machine, in a network of their own.

mod bridge;
mod host;
mod logins;
mod order;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustix::process::Signal;
use serde_json::Value;

pub use bridge::HostBridge;
pub use host::{Host, Ran};
pub use logins::Login;
pub use order::HostOrder;

use crate::clock::try_wait;
use crate::error::{Doing, LabError, Result};
use crate::places;
use crate::supervised::{Program, Supervised};
use host::Made;

const MIRROR: &str = "mirror";
const MIRROR_PORT: u16 = 8000;

/// A network of hosts, the key that opens them, and the packages that they install. Hosts reach one another, this
/// machine's end of the network and nothing else; this machine reaches them by their addresses. Dropping it ends all.
#[derive(Clone)]
pub struct Hosts {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    // Dropped in this order.
    parts: Supervised,
    _sweep: Sweep,
    /// The process inside of the network.
    pid: u64,
    /// The first three numbers of each address.
    subnet: String,
    /// By name. They do not hold the network, which would hold itself then.
    made: Mutex<HashMap<String, Made>>,
}

impl Hosts {
    /// The user who may log in to every host, and is root there by `sudo`.
    pub const USER: &str = "ops";

    /// A network without hosts.
    ///
    /// # Panics
    /// When it cannot be made: the message says why.
    #[track_caller]
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_start() -> Result<Self> {
        let parts = Supervised::new("hosts")?;
        let key = parts.folder().join("key");
        let made = std::process::Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f"])
            .arg(&key)
            .status()
            .doing("running ssh-keygen")?;
        if !made.success() {
            return Err(LabError::new("ssh-keygen could not make a key"));
        }
        let args = vec!["network".to_owned(), "--folder".to_owned(), parts.folder().display().to_string()];
        parts.start("network", Program { path: places::host()?, args, log: parts.log("network") })?;
        let file = parts.folder().join("network.json");
        let network = try_wait("the network of the hosts", || {
            parts.check("network")?;
            Ok(std::fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok()))
        })?;
        let pid = network["pid"].as_u64().unwrap_or_default();
        let subnet = network["subnet"].as_str().unwrap_or_default().to_owned();
        let hosts = Self {
            inner: Arc::new(Inner { parts, _sweep: Sweep(subnet.clone()), pid, subnet, made: Mutex::default() }),
        };
        hosts.start_mirror()?;
        Ok(hosts)
    }

    /// The network as a CIDR, a /24. Hosts have .10 to .250; .1 is this machine.
    pub fn cidr(&self) -> String {
        format!("{}.0/24", self.inner.subnet)
    }

    /// The network's address with this last number.
    pub fn address(&self, number: u8) -> String {
        format!("{}.{number}", self.inner.subnet)
    }

    /// The private key of [`Hosts::USER`].
    pub fn key(&self) -> PathBuf {
        self.inner.parts.folder().join("key")
    }

    /// A folder of this lab's own; it goes with it.
    pub fn folder(&self) -> &Path {
        self.inner.parts.folder()
    }

    /// The mirror of Kubernetes' packages.
    pub fn mirror(&self) -> String {
        format!("http://{}:{MIRROR_PORT}/mirror", self.address(1))
    }

    /// The mirror refuses connections, and so does what stands for the hosts' distribution.
    #[track_caller]
    pub fn mirror_down(&self) {
        let parts = &self.inner.parts;
        parts.signal(MIRROR, Signal::KILL).unwrap_or_else(|error| panic!("{error}"));
        crate::wait_for("the mirror to end", || parts.check(MIRROR).is_err().then_some(()));
    }

    /// The mirror answers again.
    #[track_caller]
    pub fn mirror_up(&self) {
        self.start_mirror().unwrap_or_else(|error| panic!("{error}"));
    }

    fn start_mirror(&self) -> Result<()> {
        let parts = &self.inner.parts;
        let (address, port) = (self.address(1), MIRROR_PORT.to_string());
        let folder = places::packages()?;
        let folder = folder.display().to_string();
        let args = ["-m", "http.server", "--bind", &address, &port, "--directory", &folder].map(str::to_owned);
        let python = places::program("python3").ok_or_else(|| LabError::new("there is no python3 on the PATH"))?;
        parts.start(MIRROR, Program { path: python, args: args.into(), log: parts.log(MIRROR) })?;
        try_wait("the mirror of packages", || {
            parts.check(MIRROR)?;
            Ok(std::net::TcpStream::connect((address.as_str(), MIRROR_PORT)).ok().map(drop))
        })
    }

    /// A host of this name with the next free address, up at once. [`HostOrder`] is for what is to be special.
    #[track_caller]
    pub fn make(&self, name: &str) -> Host {
        self.make_as(HostOrder::new(name))
    }

    /// A host as it is ordered.
    ///
    /// # Panics
    /// When it cannot be made, or there is one of that name: the message says why.
    #[track_caller]
    pub fn make_as(&self, order: HostOrder) -> Host {
        self.try_make(order).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn try_make(&self, order: HostOrder) -> Result<Host> {
        let mut made = self.inner.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if made.contains_key(&order.name) {
            return Err(LabError::new(format!("there is a host {} already", order.name)));
        }
        let address = order.address.clone().map_or_else(|| self.free_address(&made), Ok)?;
        let started = Host::start(&self.inner, &order, &address)?;
        let host = Host::new(Arc::clone(&self.inner), started.clone());
        if let Some(image) = &order.image {
            host.unpack(image)?;
        }
        if let Some(script) = &order.first {
            host.first(script)?;
        }
        made.insert(order.name, started);
        Ok(host)
    }

    /// What a shell script, run by root on a host that is made for it, leaves on the disk there: a tar archive.
    ///
    /// # Panics
    /// When the script fails: the message has what it said.
    #[track_caller]
    pub fn image(&self, name: &str, script: &str) -> PathBuf {
        let host = self.make_as(HostOrder::new(name).without_ssh());
        let image = host.packed(script).unwrap_or_else(|error| panic!("{error}"));
        host.kill();
        image
    }

    fn free_address(&self, made: &HashMap<String, Made>) -> Result<String> {
        let taken = |address: &str| made.values().any(|host| host.address == address);
        let free = (10..=250).map(|number| self.address(number)).find(|address| !taken(address));
        free.ok_or_else(|| LabError::new("the network of the hosts is full"))
    }

    /// All hosts that were made, by name.
    pub fn all(&self) -> Vec<Host> {
        let made = self.inner.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut all: Vec<_> = made.values().map(|made| Host::new(Arc::clone(&self.inner), made.clone())).collect();
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }

    /// A host that was made.
    #[track_caller]
    pub fn host(&self, name: &str) -> Host {
        self.all().into_iter().find(|host| host.name() == name).unwrap_or_else(|| panic!("there is no host {name}"))
    }
}

/// Takes away the cgroups of a network's real hosts after their end: the kernel keeps them.
struct Sweep(String);

impl Drop for Sweep {
    fn drop(&mut self) {
        if let Ok(program) = places::host() {
            // At worst a few empty ones stay.
            let _ = std::process::Command::new(program).args(["sweep", &self.0]).status();
        }
    }
}
