//! A cluster that stands on hosts of the lab, made by the program itself.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use scaler_lab::{Host, HostBridge, Hosts, Sandbox};
use serde_json::Value;

use super::Cost;
use crate::case::{Scale, must};
use crate::folder::Folder;

pub struct Standing {
    /// Dropped before the hosts.
    _bridge: HostBridge,
    pub hosts: Hosts,
    _sandbox: Sandbox,
    pub folder: Folder,
}

impl Standing {
    /// One control plane, and so many workers.
    pub fn make(scale: &Scale, workers: usize) -> Standing {
        let (hosts, sandbox) = (Hosts::start(), Sandbox::start());
        let path = count_playbooks(hosts.folder());
        let folder = Folder::new(scale, &cluster_file(&hosts, &sandbox, workers), &[("PATH", path)]);
        let bridge = HostBridge::start(&hosts, sandbox.source());
        must(&mut folder.scaler(&["apply", "--yes"]));
        must(&mut folder.scaler(&["kubeconfig"]));
        Standing { _bridge: bridge, hosts, _sandbox: sandbox, folder }
    }

    /// What `scale-up` by so many costs.
    pub fn grow(&self, new: usize) -> Cost {
        let before = self.counted();
        let begun = Instant::now();
        let by = new.to_string();
        let up = ["scale-up", "--pool", "workers", "--by", &by, "--yes", "--output", "json"];
        let told = must(&mut self.folder.scaler(&up));
        self.since(&before, begun, tasks(&told, new))
    }

    pub fn kubectl(&self, args: &[&str]) -> Command {
        let mut command = self.folder.tool("kubectl");
        command.arg("--kubeconfig").arg(self.folder.path().join("kubeconfig")).args(args);
        command
    }

    pub fn control_plane(&self) -> Host {
        self.hosts.host("bench-control-plane-1")
    }

    pub fn counted(&self) -> Counted {
        let calls = std::fs::read_to_string(calls(self.hosts.folder())).unwrap_or_default();
        // The program asks for Ansible's version first, which runs nothing.
        let processes = calls.lines().filter(|arguments| *arguments != "--version").count();
        Counted { processes, connections: self.hosts.all().iter().map(|host| host.logins().len()).sum() }
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

/// How many tasks ended on the new nodes, each of which is told of.
fn tasks(told: &str, new: usize) -> usize {
    let told: Value = serde_json::from_str(told).expect("a document");
    let provisioned = told["provisioned"].as_object().expect("a record a machine");
    assert_eq!(provisioned.len(), new, "{told}");
    let tasks = provisioned.values().map(|node| node["tasks"].as_u64().expect("a number of tasks"));
    usize::try_from(tasks.sum::<u64>()).expect("a small number")
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

fn cluster_file(hosts: &Hosts, sandbox: &Sandbox, workers: usize) -> String {
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
