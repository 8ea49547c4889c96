//! What the roles do on relatives of RHEL, with the real dnf and rpm.

use scaler_lab::{Host, Hosts, needs};
use serde_json::json;

use super::plays::Plays;

fn rpm(host: &Host, package: &str) -> String {
    host.run(&["rpm", "--query", package]).stdout.trim().to_owned()
}

#[test]
fn a_relative_of_rhel_is_prepared_and_installed() {
    needs!(RedHatHost, Ansible);
    let hosts = Hosts::start();
    let host = hosts.make("demo-rocky-1");
    let source = hosts.mirror().replace("/mirror", "/redhat/");
    let script = format!(
        "echo 'deb [trusted=yes] {source} /' >/etc/apt/sources.list.d/redhat.list\n{}",
        include_str!("redhat.sh")
    );
    let made = host.run(&["sh", "-c", &script]);
    assert_eq!(made.code, Some(0), "{}{}", made.stdout, made.stderr);

    let mut plays = Plays::new(&hosts);
    plays.variables.insert("scaler_packages_mirror".to_owned(), json!("file:///srv/mirror"));
    plays.worker(&host, json!({}));
    let tags = ["--tags", "prepare,install"];
    plays.play(&tags).well();
    for package in ["kubelet", "kubeadm", "kubectl"] {
        assert_eq!(rpm(&host, package), format!("{package}-1.36.3-1.x86_64"));
    }
    assert_eq!(rpm(&host, "containerd.io"), "containerd.io-2.1.0-1.x86_64");
    for service in ["containerd", "chronyd"] {
        assert_eq!(host.run(&["systemctl", "is-active", service]).stdout, "active\n", "{service}");
    }
    assert_eq!(host.run(&["systemctl", "is-enabled", "kubelet"]).stdout, "enabled\n");
    assert_eq!(host.run(&["kubeadm", "version", "--output=short"]).stdout, "v1.36.3\n");

    // Once more changes nothing, and neither does an update of the whole machine: a newer version is there.
    let again = plays.play(&tags).well();
    assert_eq!(again.count("demo-rocky-1", "changed"), 0, "{}", again.text);
    let updated = host.run(&["dnf", "--assumeyes", "update"]);
    assert_eq!(updated.code, Some(0), "{}{}", updated.stdout, updated.stderr);
    assert_eq!(rpm(&host, "kubelet"), "kubelet-1.36.3-1.x86_64");
}
