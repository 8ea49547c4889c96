//! A Kubernetes control plane of its own, with kwok in place of the kubelets.

mod access;
mod audit;
mod client;
mod kubectl;
mod node;
mod parts;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use audit::AuditEvent;
pub use client::Client;
pub use kubectl::Kubectl;
pub use node::NodeSpec;
pub(crate) use parts::free_ports;
pub use watch::Watch;

use crate::clock::{try_wait, wait_for};
use crate::error::{LabError, Result};
use crate::http::Trust;
use crate::proxy::FaultProxy;
use crate::supervised::Supervised;
use access::Access;
use parts::{PARTS, Plan};

/// A running control plane: etcd, API server, controller manager, scheduler and
/// kwok. Dropping it ends all of them.
///
/// Reads and writes ([`Client`]'s methods) are those of the user `lab`; what a
/// [`kubeconfig`](Kubernetes::kubeconfig) does is the user `operator`'s, so
/// that the audit log tells a test's own requests from those of what it tests.
pub struct Kubernetes {
    parts: Supervised,
    plan: Plan,
    access: Access,
    client: Client,
}

impl std::ops::Deref for Kubernetes {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

static SHARED: OnceLock<Kubernetes> = OnceLock::new();
static NAMES: AtomicUsize = AtomicUsize::new(1);

impl Kubernetes {
    /// A control plane of one's own.
    ///
    /// # Panics
    /// When it cannot be started: the message says why, and ends with the log of the part at fault.
    #[track_caller]
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The control plane that the tests of this process share: each works in
    /// [namespaces](Client::namespace) and on [nodes](Client::node) of its own.
    ///
    /// # Panics
    /// As [`Kubernetes::start`].
    pub fn shared() -> &'static Self {
        SHARED.get_or_init(Self::start)
    }

    /// As [`Kubernetes::start`], for a caller that wants the error.
    ///
    /// # Errors
    /// When a part is missing, does not start or does not become ready.
    pub fn try_start() -> Result<Self> {
        // A port that was free may be taken by another a moment later: then all is begun anew.
        let mut attempts = 0;
        loop {
            attempts += 1;
            match Self::start_once() {
                Err(error) if attempts < 3 && error.to_string().contains("address already in use") => {}
                other => return other,
            }
        }
    }

    fn start_once() -> Result<Self> {
        let parts = Supervised::new("kubernetes")?;
        let access = Access::create(parts.folder())?;
        let plan = Plan::new(parts.folder())?;
        let trust = Trust::read(parts.folder())?;
        let client = access.client(&plan.address(), &trust);
        access.write_kubeconfigs(&plan.url())?;
        let running = Self { parts, plan, access, client };
        // The API server waits for etcd by itself. The others wait for it too, but for ten seconds only, and they end when
        // their rights are not there by then.
        let (first, others) = PARTS.split_at(2);
        running.start_parts(first)?;
        running.answers("the API server to be ready", "/readyz", first)?;
        running.start_parts(others)?;
        running.ready()?;
        Ok(running)
    }

    /// The API server says so, and the controllers have made what pods need.
    fn ready(&self) -> Result<()> {
        self.answers("the API server to be ready", "/readyz", &PARTS)?;
        self.answers("the default service account", "/api/v1/namespaces/default/serviceaccounts/default", &PARTS)
    }

    fn start_parts(&self, parts: &[&str]) -> Result<()> {
        parts.iter().try_for_each(|part| self.parts.start(part, self.plan.program(part)?))
    }

    /// Waits until the API server has an answer, while these parts run.
    fn answers(&self, what: &str, path: &str, parts: &[&str]) -> Result<()> {
        try_wait(what, || {
            for part in parts {
                self.parts.check(part)?;
            }
            // Refused connections and 403s are how it looks while it starts.
            Ok(self.client.request("GET", path, None).ok().filter(crate::Answer::is_success).map(drop))
        })
    }

    /// The kubeconfig of the user `operator`, who may do everything.
    pub fn kubeconfig(&self) -> &Path {
        &self.access.operator
    }

    /// `https://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        self.plan.url()
    }

    /// The file of the CA that signed the API server's certificate.
    pub fn authority(&self) -> PathBuf {
        self.parts.folder().join("ca.crt")
    }

    /// A folder of this lab's own; it goes with it.
    pub fn folder(&self) -> &Path {
        self.parts.folder()
    }

    /// A kubeconfig of the user `operator` that goes through a proxy, see [`Kubernetes::proxy`].
    pub fn kubeconfig_through(&self, proxy: &FaultProxy) -> PathBuf {
        let file = self.parts.folder().join(format!("operator-through-{}.kubeconfig", proxy.port()));
        self.access.write_kubeconfig(&file, &proxy.url(), "operator").unwrap_or_else(|error| panic!("{error}"));
        file
    }

    /// A proxy before the API server, with faults to order.
    pub fn proxy(&self) -> FaultProxy {
        let trust = Trust::read(self.parts.folder()).unwrap_or_else(|error| panic!("{error}"));
        FaultProxy::before_tls(&self.plan.address(), trust)
    }

    /// A kubeconfig of a new user (a service account of this name in `default`)
    /// who may do only what `rules` say: the `rules` of a ClusterRole.
    #[track_caller]
    pub fn restricted_kubeconfig(&self, name: &str, rules: &serde_json::Value) -> PathBuf {
        let token = self.client.restricted_token(name, rules);
        let file = self.parts.folder().join(format!("{name}.kubeconfig"));
        self.access.write_kubeconfig_with(&file, &self.url(), name, &token).unwrap_or_else(|error| panic!("{error}"));
        file
    }

    /// What the API server has been asked so far, oldest first. Leases, events
    /// and the control plane's own reads are left out.
    pub fn audit(&self) -> Vec<AuditEvent> {
        audit::read(&self.plan.audit_log())
    }

    /// The lab's kubectl with the operator's kubeconfig; it need not succeed.
    #[track_caller]
    pub fn kubectl<A: AsRef<str>>(&self, args: impl IntoIterator<Item = A>) -> Kubectl {
        kubectl::run(self.kubeconfig(), args, "")
    }

    /// Applies a manifest, as the user `lab`.
    ///
    /// # Panics
    /// When kubectl refuses it.
    #[track_caller]
    pub fn apply(&self, yaml: &str) {
        let done = kubectl::run(&self.access.lab, ["apply", "--server-side", "-f", "-"], yaml);
        assert!(done.success, "kubectl apply: {}\n{yaml}", done.stderr);
    }

    /// Kills a part (`etcd`, `apiserver`, `controller-manager`, `scheduler`, `kwok`) as `kill -9` does, and waits until it is dead.
    #[track_caller]
    pub fn kill(&self, part: &str) {
        self.signal(part, rustix::process::Signal::KILL);
        wait_for(&format!("the end of {part}"), || self.parts.check(part).is_err().then_some(()));
    }

    /// Starts a killed part again, and waits until the control plane is ready.
    #[track_caller]
    pub fn revive_part(&self, part: &str) {
        let program = self.plan.program(part).unwrap_or_else(|error| panic!("{error}"));
        let done = self.parts.start(part, program).and_then(|()| self.ready());
        done.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Stops a part where it stands (SIGSTOP): connections stay open, and nothing answers.
    #[track_caller]
    pub fn freeze(&self, part: &str) {
        self.signal(part, rustix::process::Signal::STOP);
    }

    /// Lets a frozen part go on.
    #[track_caller]
    pub fn thaw(&self, part: &str) {
        self.signal(part, rustix::process::Signal::CONT);
    }

    #[track_caller]
    fn signal(&self, part: &str, signal: rustix::process::Signal) {
        assert!(PARTS.contains(&part), "the lab has no part {part}; its parts are {}", PARTS.join(", "));
        self.parts.signal(part, signal).unwrap_or_else(|error: LabError| panic!("{error}"));
    }
}

/// `prefix-N`, with a number that this process has not used yet.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", NAMES.fetch_add(1, Ordering::Relaxed))
}
