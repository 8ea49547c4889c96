//! A node on which nothing is a stand-in: kubelet, containerd, runc, and a pod that takes its time to leave.

use std::time::Instant;

use scaler_lab::{HostOrder, Hosts, needs, wait_for};
use serde_json::{Value, json};

use super::plays::Plays;

const TOKEN: &str = "abcdef.0123456789abcdef";
/// What the pod takes to end after it was asked to.
const SECONDS: u64 = 4;

fn pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "slow" },
        "spec": {
            "nodeName": "demo-real-1", "terminationGracePeriodSeconds": 30, "automountServiceAccountToken": false,
            "containers": [{
                "name": "slow", "image": "lab.local/pod:1", "imagePullPolicy": "Never",
                "args": [SECONDS.to_string()], "command": ["/lab-host", "pod"],
            }],
        },
    })
}

#[test]
fn a_real_kubelet_joins_runs_a_pod_and_is_reset() {
    needs!(RealHost, Ansible);
    let hosts = Hosts::start();
    let first = hosts.make("demo-cp-1");
    let real = hosts.make_as(HostOrder::new("demo-real-1").real());
    let mut plays = Plays::new(&hosts);
    plays.variables.insert("scaler_endpoint".to_owned(), json!(format!("{}:6443", first.address())));
    plays.variables.insert("scaler_init_host".to_owned(), json!("demo-cp-1"));
    plays.variables.insert("scaler_cgroup_driver".to_owned(), json!("cgroupfs"));
    // This machine's cgroups, whatever their version.
    plays.variables.insert("scaler_ignore_preflight".to_owned(), json!(["SystemVerification"]));
    plays.control_plane(&first, json!({}));
    plays.worker(
        &real,
        json!({ "scaler_kubelet": { "failCgroupV1": false, "failSwapOn": false, "cgroupRoot": real.cgroup_root() } }),
    );
    plays.secrets(&json!({ "token": TOKEN, "caCertHash": null, "certificateKey": null }));
    plays.play(&[]).well();
    let node = plays.wait_ready("demo-real-1");
    assert!(
        node["status"]["nodeInfo"]["containerRuntimeVersion"].as_str().unwrap().starts_with("containerd://1."),
        "{node}"
    );

    // A pod runs there, and leaves in its own time.
    real.import_image();
    let file = plays.folder.path().join("pod.json");
    std::fs::write(&file, pod().to_string()).unwrap();
    plays.kubectl(&["create", "--filename", file.to_str().unwrap()]);
    wait_for("the pod to run", || {
        (plays.kubectl(&["get", "pod", "slow"])["status"]["phase"] == "Running").then_some(())
    });
    assert!(real.run(&["pgrep", "--full", "^/lab-host pod 4"]).code == Some(0), "its process is there");
    let asked = Instant::now();
    assert!(plays.drain("demo-real-1"));
    assert!(asked.elapsed().as_secs() >= SECONDS, "it was not given its time");
    assert_ne!(real.run(&["pgrep", "--full", "^/lab-host pod 4"]).code, Some(0), "its process is gone");

    plays.play(&["--limit", "demo-real-1", "--tags", "leave"]).well();
    assert!(
        real.read("/etc/kubernetes/kubelet.conf").is_none() && real.read("/etc/cni/net.d/10-lab.conflist").is_none()
    );
    assert_ne!(real.run(&["systemctl", "is-active", "kubelet"]).stdout, "active\n");
    assert_eq!(real.run(&["ctr", "--namespace", "k8s.io", "containers", "list", "--quiet"]).stdout, "");
}
