//! `ansible-playbook` with the whole inventory, as one would run it by hand.

use std::path::Path;
use std::time::Instant;

use scaler_lab::{Host, Hosts};
use serde_json::{Map, Value, json};

use super::Cost;
use super::standing::Standing;
use crate::case::must;

/// What it costs to make so many hosts nodes. They are taken away again.
pub fn join(standing: &Standing, new: usize) -> Cost {
    let names: Vec<String> = (1..=new).map(|_| format!("bench-peer-{}", uuid::Uuid::new_v4().simple())).collect();
    let hosts: Vec<Host> = names.iter().map(|name| standing.make(name)).collect();
    // Its own known hosts and connections: none is left of a run before.
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &Value| {
        std::fs::write(folder.path().join(name), content.to_string()).expect("a file of Ansible's");
    };
    write("join.json", &secrets(&standing.control_plane()));
    write("inventory.yml", &inventory(standing, &folder.path().join("join.json")));

    let before = standing.counted();
    let begun = Instant::now();
    let playbooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
    let mut ansible = standing.folder.tool("ansible-playbook");
    ansible.current_dir(folder.path()).arg("--inventory").arg("inventory.yml").arg(playbooks.join("site.yml"));
    ansible.env("ANSIBLE_CONFIG", playbooks.join("ansible.cfg")).env("ANSIBLE_HOME", folder.path().join("home"));
    // The playbooks' folder stays as it is.
    ansible.env("SCALER_EVENTS", folder.path().join("events")).env("PYTHONDONTWRITEBYTECODE", "1");
    must(ansible.arg("--private-key").arg(standing.hosts().key()));
    must(standing.kubectl(&["wait", "node", "--for=condition=Ready", "--timeout=300s"]).args(&names));
    let cost = standing.since(&before, begun, tasks(folder.path()));

    must(standing.kubectl(&["delete", "node"]).args(&names));
    hosts.iter().for_each(Host::kill);
    cost
}

fn secrets(control_plane: &Host) -> Value {
    let token = control_plane.run(&["kubeadm", "token", "create"]);
    assert_eq!(token.code, Some(0), "{token:?}");
    let hash = control_plane.read("/etc/kubernetes/scaler-initialised").expect("the hash of the cluster's CA");
    json!({ "token": token.stdout.trim(), "caCertHash": hash.trim(), "certificateKey": null })
}

/// All hosts that there are.
fn inventory(standing: &Standing, join_file: &Path) -> Value {
    let control_plane = standing.control_plane();
    let (first, workers): (Vec<Host>, Vec<Host>) =
        standing.hosts().all().into_iter().partition(|host| host.name() == control_plane.name());
    let group = |hosts: &[Host]| {
        let host = |host: &Host| {
            let (name, address) = (host.name(), host.address());
            (name.to_owned(), json!({ "ansible_host": address, "scaler_node": name, "scaler_address": address }))
        };
        json!({ "hosts": hosts.iter().map(host).collect::<Map<String, Value>>() })
    };
    let variables = json!({
        "ansible_user": Hosts::USER,
        "scaler_cluster": "bench",
        "scaler_endpoint": standing.endpoint(),
        "scaler_kubernetes_version": "1.36.3",
        "scaler_packages_mirror": standing.hosts().mirror(),
        "scaler_pod_cidr": "10.244.0.0/16",
        "scaler_join_file": join_file,
    });
    json!({ "all": {
        "vars": variables,
        "children": { "control_plane": group(&first), "workers": group(&workers) },
    } })
}

/// By its events: how many tasks ended on any host.
fn tasks(folder: &Path) -> usize {
    let events = std::fs::read_to_string(folder.join("events")).expect("Ansible's events");
    events.lines().filter(|line| line.starts_with("{\"event\": \"result\"")).count()
}
