//! A cluster's life: made from nothing, run again, grown, shrunk.

use std::os::unix::fs::PermissionsExt;

use scaler_lab::{Host, HostOrder, Hosts, needs};
use serde_json::{Value, json};

use super::plays::Plays;

const TOKEN: &str = "abcdef.0123456789abcdef";
/// The key under which the certificates of control planes are kept for an hour.
const CERTIFICATES: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// Of no meaning to anybody but a template engine, a shell or systemd.
const HOSTILE: &str = "{{ 7 * 7 }} {% raw %} $(id) `id` ${HOME} %h \"'\\";

/// Where the token must not be: what Ansible says, events, the host's memory of the run.
fn assert_secret(played: &super::plays::Played, hosts: &[&Host]) {
    assert!(!played.text.contains("0123456789abcdef"), "Ansible printed the token");
    assert!(
        !played.events.iter().any(|event| event.to_string().contains("0123456789abcdef")),
        "an event has the token"
    );
    for host in hosts {
        let found = host.run(&[
            "grep",
            "-rlF",
            "0123456789abcdef",
            "/run",
            "/etc/kubernetes",
            "/var/lib/kubelet",
            "/var/log",
            "/tmp",
        ]);
        assert_eq!(found.stdout, "", "the token is left on {}", host.name());
    }
}

fn worker() -> Value {
    json!({
        "scaler_labels": { "tier": "web", "topology.kubernetes.io/zone": "z1" },
        "scaler_taints": [{ "key": "dedicated", "value": "web", "effect": "NoSchedule" }],
        "scaler_kubelet": { "maxPods": 42, "clusterDomain": HOSTILE },
    })
}

#[test]
fn nodes_come_stay_and_go() {
    needs!(Hosts, Ansible);
    let hosts = Hosts::start();
    let first = hosts.make("demo-cp-1");
    let second = hosts.make("demo-cp-2");
    let slow = hosts.make_as(HostOrder::new("demo-web-1").ssh_after(15));
    let other = hosts.make("demo-web-2");
    let mut plays = Plays::new(&hosts);
    plays.variables.insert("scaler_endpoint".to_owned(), json!(format!("{}:6443", first.address())));
    plays.variables.insert("scaler_init_host".to_owned(), json!("demo-cp-1"));
    plays.variables.insert("scaler_cluster".to_owned(), json!(HOSTILE));
    plays.control_plane(&first, json!({}));
    plays.control_plane(&second, json!({}));
    plays.worker(&slow, worker());
    plays.worker(&other, worker());

    // From nothing, in one run.
    plays.secrets(&json!({ "token": TOKEN, "caCertHash": null, "certificateKey": CERTIFICATES }));
    let played = plays.play(&[]).well();
    assert_secret(&played, &[&second, &slow, &other]);
    assert_eq!(std::fs::metadata(plays.kubeconfig()).unwrap().permissions().mode() & 0o777, 0o600);
    plays.wait_ready("demo-cp-1");
    let labels = plays.wait_ready("demo-cp-2")["metadata"]["labels"].clone();
    assert!(labels.get("node-role.kubernetes.io/control-plane").is_some(), "{labels}");
    assert!(second.read("/etc/kubernetes/manifests/etcd.yaml").unwrap().contains(first.address()), "one etcd of both");
    for name in ["demo-web-1", "demo-web-2"] {
        let node = plays.wait_ready(name);
        assert_eq!(node["spec"]["providerID"], format!("sandbox:///z1/m-{name}"));
        assert_eq!(node["metadata"]["labels"]["tier"], "web");
        assert_eq!(node["spec"]["taints"][0]["key"], "dedicated");
        assert_eq!(node["status"]["capacity"]["pods"], "42");
    }
    // Values are data, all the way.
    let config = slow.read("/var/lib/kubelet/config.yaml").unwrap();
    let domain = config.lines().find_map(|line| line.strip_prefix("clusterDomain: ")).unwrap();
    assert_eq!(domain, format!("'{}'", HOSTILE.replace('\'', "''")));
    let written = plays.kubectl(&["--namespace", "kube-system", "get", "configmap", "kubeadm-config"]);
    let written = written["data"]["ClusterConfiguration"].as_str().unwrap();
    assert!(written.contains(&format!("clusterName: '{}'", HOSTILE.replace('\'', "''"))), "{written}");

    // Again: nothing to do.
    let played = plays.play(&[]).well();
    for name in ["demo-cp-1", "demo-cp-2", "demo-web-1", "demo-web-2"] {
        assert_eq!(played.count(name, "changed"), 0, "{name}:\n{}", played.text);
    }

    // Two more, of which one never answers: the others are left alone, the good one is in, the bad one is named.
    let (good, dead) = (hosts.make("demo-web-3"), hosts.make_as(HostOrder::new("demo-web-4").without_ssh()));
    plays.worker(&good, worker());
    plays.worker(&dead, worker());
    let authority = first.read("/etc/kubernetes/scaler-initialised").unwrap();
    plays.secrets(&json!({ "token": TOKEN, "caCertHash": authority.trim(), "certificateKey": null }));
    plays.variables.insert("scaler_init_host".to_owned(), Value::Null);
    plays.variables.insert("scaler_connect_timeout".to_owned(), json!(10));
    let before = [&first, &second, &slow, &other].map(|host| host.logins().len());
    let played = plays.play(&["--limit", "demo-web-3,demo-web-4"]);
    assert_ne!(played.code, Some(0));
    assert_eq!(played.hosts(), ["demo-web-3", "demo-web-4"]);
    assert_eq!(played.count("demo-web-3", "failed") + played.count("demo-web-3", "unreachable"), 0, "{}", played.text);
    assert!(played.reason("demo-web-4").contains("timed out"), "{}", played.reason("demo-web-4"));
    plays.wait_ready("demo-web-3");
    assert_eq!([&first, &second, &slow, &other].map(|host| host.logins().len()), before, "others were contacted");

    // One leaves; it is reset, and its packages stay.
    let played = plays.play(&["--limit", "demo-web-3", "--tags", "leave"]).well();
    assert_eq!(played.hosts(), ["demo-web-3"]);
    assert!(good.read("/etc/kubernetes/kubelet.conf").is_none() && good.read("/var/lib/kubelet/config.yaml").is_none());
    assert_ne!(good.run(&["systemctl", "is-active", "kubelet"]).stdout, "active\n");
    assert_eq!(good.run(&["kubeadm", "version", "--output=short"]).stdout, "v1.36.3\n");

    // With a token that is wrong it does not come back: tried twice, told with kubeadm's and the kubelet's own words.
    plays.secrets(
        &json!({ "token": "abcdef.0000000000000000", "caCertHash": authority.trim(), "certificateKey": null }),
    );
    let played = plays.play(&["--limit", "demo-web-3", "--tags", "join"]);
    let attempts = played.events.iter().filter(|it| it["event"] == "task" && it["task"] == "Run kubeadm join").count();
    assert_eq!(attempts, 2, "{}", played.text);
    let reason = played.reason("demo-web-3");
    assert!(reason.contains("demo-web-3 did not join") && reason.contains("JWS signature"), "{reason}");
    assert!(reason.contains("The kubelet on demo-web-3 says:"), "{reason}");
    assert!(good.read("/run/scaler-join.json").is_none());
}

/// What an operator made by hand has no mark of ours, and its API may be away just now: nothing of it is reset.
#[test]
fn a_control_plane_that_others_made_is_left_as_it_is() {
    needs!(Hosts, Ansible);
    let hosts = Hosts::start();
    let theirs = hosts.make("demo-cp-1");
    let manifest = "/etc/kubernetes/manifests/kube-apiserver.yaml";
    theirs.run(&["mkdir", "-p", "/etc/kubernetes/manifests"]);
    theirs.run(&["sh", "-c", &format!("echo theirs > {manifest}")]);
    let mut plays = Plays::new(&hosts);
    plays.variables.insert("scaler_endpoint".to_owned(), json!(format!("{}:6443", theirs.address())));
    plays.variables.insert("scaler_init_host".to_owned(), json!("demo-cp-1"));
    plays.control_plane(&theirs, json!({}));
    plays.secrets(&json!({ "token": TOKEN, "caCertHash": null, "certificateKey": null }));
    let played = plays.play(&["--tags", "control-plane"]);
    assert_ne!(played.code, Some(0));
    let reason = played.reason("demo-cp-1");
    assert!(reason.contains("it was not made by these playbooks"), "{reason}");
    assert_eq!(theirs.read(manifest).as_deref(), Some("theirs\n"));
}
