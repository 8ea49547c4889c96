//! What a scaler is asked for, and the task that its command line makes of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use super::process::Process;
use crate::model::file::{self, ClusterFile, Provisioning};
use crate::model::journal::Command;
use crate::model::names::NodeName;
use crate::model::plan::{Request, SizeChange};
use crate::model::record::Source;
use crate::ops::task::{Options, Task};
use crate::render::{Assets, Backend};

/// The pool that is scaled: its least and greatest size.
pub const POOL: &str = "web";
pub const BOUNDS: (usize, usize) = (2, 6);

const TEXT: &str = "\
apiVersion: scaler/v1
kind: Cluster
name: demo
provider: sandbox
region: local
kubernetes: { version: 1.36.3, podNetwork: { cidr: 10.244.0.0/16 } }
access: { kubeconfig: ./kubeconfig }
store: { backend: local, path: ./store }
network: { cidr: 10.1.0.0/20, zones: [a, b] }
controlPlane: { count: 1, machine: small, image: { id: image-1 } }
pools:
  - { name: web, machine: small, min: 2, max: 6, image: { id: image-1 } }
  - { name: db, machine: small, min: 1, max: 3, image: { id: image-1 } }
drain: { timeout: 5m, totalTimeout: 30m, parallel: 5 }
sandbox: { register: .sandbox }
";

/// The cluster file with each of these tags, and with each of these labels and taints of the scaled pool; then the same
/// where the machines of the pool are logged in to, and where they join at boot.
static FILES: LazyLock<Vec<(String, ClusterFile)>> = LazyLock::new(|| {
    let taint = "taints: [{ key: scaled, effect: PreferNoSchedule }]";
    let variants = [
        ("", String::new()),
        ("tags: { team: blue }\n", format!(", labels: {{ tier: blue }}, {taint}")),
        ("tags: { team: red }\n", ", labels: { tier: red, more: x }".to_owned()),
    ];
    let texts = variants.map(|(tags, labels)| {
        let text = TEXT.replacen("max: 6", &format!("max: 6{labels}"), 1);
        format!("{text}{tags}")
    });
    let by_ssh = |text: &String| {
        text.replace("{ name: web,", "{ name: web, provisioning: ssh,") + "ssh: { user: ops, privateKeyFile: /key }\n"
    };
    let all: Vec<String> = texts.iter().cloned().chain(texts.iter().map(by_ssh)).collect();
    let parsed = |text: String| (text.clone(), file::parse("cluster.yml", &text, &[]).expect("a cluster file"));
    // The sandbox has no such machines; the cloud here does.
    let at_boot = |text: &String| {
        let (text, mut file) = parsed(format!("{text}# They join at boot.\n"));
        file.pools[0].provisioning = Provisioning::Boot;
        (text, file)
    };
    let boot: Vec<(String, ClusterFile)> = texts.iter().map(at_boot).collect();
    all.into_iter().map(parsed).chain(boot).collect()
});
/// How many cluster files there are of each kind.
pub const FILE_COUNT: u64 = 3;
static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::embedded);

/// What is asked of a scaler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    Apply,
    /// The loss of these is accepted.
    Accept(Vec<NodeName>),
    Up(u32),
    Down(u32),
    /// These are to go.
    Without(Vec<NodeName>),
    /// These are to go, and their loss is accepted.
    Lost(Vec<NodeName>),
    Destroy,
    Abort,
    Resume,
    Unlock,
    /// `plan` of a scale-down to this size.
    Look(u32),
}

impl Order {
    pub fn command(&self) -> Command {
        match self {
            Order::Up(_) => Command::ScaleUp,
            Order::Down(_) | Order::Without(_) | Order::Lost(_) | Order::Look(_) => Command::ScaleDown,
            Order::Destroy => Command::Destroy,
            Order::Apply | Order::Accept(_) | Order::Abort | Order::Resume | Order::Unlock => Command::Apply,
        }
    }

    pub fn request(&self) -> Request {
        let scale = |change, accept_lost: &[NodeName]| Request::Scale {
            pool: POOL.into(),
            change,
            zone: None,
            write: None,
            accept_lost: accept_lost.to_vec(),
        };
        match self {
            Order::Up(to) => scale(SizeChange::UpTo(*to), &[]),
            Order::Down(to) | Order::Look(to) => scale(SizeChange::DownTo(*to), &[]),
            Order::Without(names) => scale(SizeChange::Without(names.clone()), &[]),
            Order::Lost(names) => scale(SizeChange::Without(names.clone()), names),
            Order::Destroy => Request::Destroy,
            Order::Accept(names) => Request::Apply { accept_lost: names.clone() },
            Order::Apply | Order::Abort | Order::Resume | Order::Unlock => Request::Apply { accept_lost: vec![] },
        }
    }
}

/// The task with the cluster file that is at hand.
pub fn task(process: &Process, order: &Order) -> Task {
    let of_kind = *process.world.manner.lock().unwrap() as usize * FILE_COUNT as usize;
    let (text, file) = &FILES[of_kind + *process.world.file.lock().unwrap()];
    Task {
        file: file.clone(),
        source: Source { cluster_file: text.clone(), sets: Vec::new(), files: BTreeMap::new() },
        sets: Vec::new(),
        backend: Backend::Local { path: "/store".into() },
        assets: ASSETS.clone(),
        ssh_public_key: "ssh-ed25519 AAAA".into(),
        register: "/register".into(),
        folder: PathBuf::from("/"),
        holder: process.holder(&format!("{order:?}")),
        options: Options {
            lock_timeout: Duration::from_secs(300),
            join_timeout: Duration::from_secs(300),
            partial: process.index % 2 == 1,
            own_pod: None,
        },
    }
}

/// The same with a cluster file that was stored.
pub fn with_inputs(task: &Task, source: Source) -> Task {
    let found = FILES.iter().find(|(text, _)| *text == source.cluster_file);
    let file = found.map(|(_, file)| file.clone()).expect("one of the cluster files");
    Task { file, source, ..task.clone() }
}
