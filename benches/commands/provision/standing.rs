//! A cluster that stands on hosts of the lab, made by the program itself: its machines are logged in to, or join at boot.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use scaler_lab::{BootCloud, Host, HostBridge, Hosts, Sandbox, terraform_config};
use serde_json::Value;

use super::Cost;
use crate::case::{Scale, must};
use crate::folder::Folder;

const CONTROL_PLANE: &str = "bench-control-plane-1";
const BUCKET: &str = "acme-clusters";

/// Nobody logs in with it.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f t\n";

/// What its machines are.
enum Machines {
    LoggedInTo {
        /// Dropped before the hosts.
        _bridge: HostBridge,
        hosts: Hosts,
        _sandbox: Sandbox,
    },
    Booting(BootCloud),
}

pub struct Standing {
    machines: Machines,
    pub folder: Folder,
    /// How many workers were ever made.
    workers: Cell<usize>,
}

impl Standing {
    /// One control plane, and so many workers, all of them logged in to.
    pub fn over_ssh(scale: &Scale, workers: usize) -> Standing {
        let (hosts, sandbox) = (Hosts::start(), Sandbox::start());
        let path = count_playbooks(hosts.folder());
        let folder = Folder::new(scale, &over_ssh(&hosts, &sandbox, workers), &[("PATH", path)]);
        let bridge = HostBridge::start(&hosts, sandbox.source());
        let machines = Machines::LoggedInTo { _bridge: bridge, hosts, _sandbox: sandbox };
        Standing::of(machines, folder, workers)
    }

    /// The same, with workers of a prepared image that join at boot.
    pub fn at_boot(scale: &Scale, workers: usize) -> Standing {
        let cloud = BootCloud::start();
        let mut environment = cloud.environment();
        environment.push(("PATH", count_playbooks(cloud.hosts().folder())));
        environment.extend(terraform_config().map(|file| ("TF_CLI_CONFIG_FILE", file.display().to_string())));
        let folder = Folder::new(scale, &at_boot(&cloud, workers), &environment);
        folder.write("key.pub", KEY);
        let store = format!("s3://{BUCKET}/bench?region={}&endpoint={}&pathStyle=true", BootCloud::REGION, cloud.url());
        must(&mut folder.scaler(&["state", "init", "--cluster", &store, "--yes"]));
        cloud.expect_control_plane(CONTROL_PLANE);
        (1..=workers).for_each(|number| cloud.expect_booting(&worker(number)));
        Standing::of(Machines::Booting(cloud), folder, workers)
    }

    fn of(machines: Machines, folder: Folder, workers: usize) -> Standing {
        must(&mut folder.scaler(&["apply", "--yes"]));
        must(&mut folder.scaler(&["kubeconfig"]));
        Standing { machines, folder, workers: Cell::new(workers) }
    }

    pub fn hosts(&self) -> &Hosts {
        match &self.machines {
            Machines::LoggedInTo { hosts, .. } => hosts,
            Machines::Booting(cloud) => cloud.hosts(),
        }
    }

    /// A host as new machines are when they have just been made.
    pub fn make(&self, name: &str) -> Host {
        match &self.machines {
            Machines::LoggedInTo { hosts, .. } => hosts.make(name),
            Machines::Booting(cloud) => cloud.make_prepared(name),
        }
    }

    /// Where the API server answers.
    pub fn endpoint(&self) -> String {
        match &self.machines {
            Machines::LoggedInTo { .. } => format!("{}:6443", self.control_plane().address()),
            Machines::Booting(_) => format!("{}:6443", BootCloud::ENDPOINT),
        }
    }

    /// What `scale-up` by so many costs.
    pub fn grow(&self, new: usize) -> Cost {
        let first = self.workers.get() + 1;
        self.workers.set(self.workers.get() + new);
        if let Machines::Booting(cloud) = &self.machines {
            (first..first + new).for_each(|number| cloud.expect_booting(&worker(number)));
        }
        let before = self.counted();
        let begun = Instant::now();
        let by = new.to_string();
        let up = ["scale-up", "--pool", "workers", "--by", &by, "--yes", "--output", "json"];
        let told = must(&mut self.folder.scaler(&up));
        self.since(&before, begun, tasks(&told))
    }

    pub fn kubectl(&self, args: &[&str]) -> Command {
        let mut command = self.folder.tool("kubectl");
        command.arg("--kubeconfig").arg(self.folder.path().join("kubeconfig")).args(args);
        command
    }

    pub fn control_plane(&self) -> Host {
        self.hosts().host(CONTROL_PLANE)
    }

    pub fn counted(&self) -> Counted {
        let calls = std::fs::read_to_string(calls(self.hosts().folder())).unwrap_or_default();
        // The program asks for Ansible's version first, which runs nothing.
        let processes = calls.lines().filter(|arguments| *arguments != "--version").count();
        Counted { processes, connections: self.hosts().all().iter().map(|host| host.logins().len()).sum() }
    }

    pub fn since(&self, before: &Counted, begun: Instant, tasks: usize) -> Cost {
        let (seconds, now) = (begun.elapsed().as_secs_f64(), self.counted());
        Cost {
            seconds,
            tasks,
            processes: now.processes - before.processes,
            connections: now.connections - before.connections,
        }
    }
}

/// What was counted up to a moment.
pub struct Counted {
    processes: usize,
    connections: usize,
}

/// How many tasks of Ansible ended on the new nodes. Of machines that nobody logged in to none is told.
fn tasks(told: &str) -> usize {
    let told: Value = serde_json::from_str(told).expect("a document");
    let provisioned = told["provisioned"].as_object().into_iter().flat_map(serde_json::Map::values);
    let tasks = provisioned.map(|node| node["tasks"].as_u64().unwrap_or_default());
    usize::try_from(tasks.sum::<u64>()).expect("a small number")
}

fn worker(number: usize) -> String {
    format!("bench-workers-{number}")
}

fn calls(folder: &Path) -> PathBuf {
    folder.join("calls")
}

/// A PATH on which each start of `ansible-playbook` leaves a line.
fn count_playbooks(folder: &Path) -> String {
    let bin = folder.join("bin");
    let real = scaler_lab::ansible().join("ansible-playbook");
    let script = format!("#!/bin/sh\necho \"$*\" >>'{}'\nexec '{}' \"$@\"\n", calls(folder).display(), real.display());
    std::fs::create_dir(&bin).expect("a folder");
    let file = bin.join("ansible-playbook");
    std::fs::write(&file, script).expect("a script");
    must(Command::new("chmod").arg("755").arg(&file));
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{}:{path}:{}", bin.display(), scaler_lab::tools().display())
}

fn over_ssh(hosts: &Hosts, sandbox: &Sandbox, workers: usize) -> String {
    let ssh = "image: { id: base }, provisioning: ssh";
    format!(
        "apiVersion: scaler/v1\nkind: Cluster\nname: bench\nprovider: sandbox\n\
         kubernetes: {{ version: 1.36.3, packages: '{}' }}\naccess: {{ kubeconfig: ./kubeconfig }}\n\
         store: {{ backend: local, path: store }}\nssh: {{ user: {}, privateKeyFile: '{}' }}\n\
         sandbox: {{ register: '{}' }}\ncontrolPlane: {{ count: 1, machine: small, {ssh} }}\n\
         pools: [{{ name: workers, machine: small, {ssh}, min: {workers}, max: 100 }}]\n",
        hosts.mirror(),
        Hosts::USER,
        hosts.key().display(),
        sandbox.register().display(),
    )
}

fn at_boot(cloud: &BootCloud, workers: usize) -> String {
    let (endpoint, region, hosts) = (cloud.url(), BootCloud::REGION, cloud.hosts());
    let image = "image: { id: ami-12c6146b }";
    format!(
        "apiVersion: scaler/v1\nkind: Cluster\nname: bench\nprovider: aws\nregion: {region}\n\
         kubernetes: {{ version: 1.36.3, packages: '{mirror}', podNetwork: {{ cidr: 10.244.0.0/16 }} }}\n\
         access: {{ kubeconfig: ./kubeconfig }}\n\
         store: {{ backend: s3, bucket: {BUCKET}, prefix: bench, region: {region}, endpoint: '{endpoint}' }}\n\
         ssh: {{ user: {user}, privateKeyFile: '{key}', publicKeyFile: key.pub }}\n\
         network: {{ cidr: {cidr}, zones: [{region}a], private: true, adminCidrs: [203.0.113.7/32] }}\n\
         aws: {{ endpoints: {{ ec2: '{endpoint}', sts: '{endpoint}', iam: '{endpoint}', s3: '{endpoint}' }} }}\n\
         controlPlane: {{ count: 1, machine: t3.medium, {image}, endpoint: {{ dns: {name} }} }}\n\
         pools: [{{ name: workers, machine: t3.large, {image}, provisioning: boot, min: {workers}, max: 100 }}]\n",
        mirror = hosts.mirror(),
        user = Hosts::USER,
        key = hosts.key().display(),
        cidr = cloud.cidr(),
        name = BootCloud::ENDPOINT,
    )
}
