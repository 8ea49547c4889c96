//! From machines that answer to SSH to Ready nodes, with the real kubeadm.

mod bad_hosts;
pub mod boot;
pub mod cluster;
mod control_planes;
pub mod cut_off;
mod image;
mod killed;
mod leave;
mod real;
mod spoil;

use std::collections::BTreeSet;

use cluster::{Bare, all_that_is_kept};
use scaler_lab::Hosts;
use spoil::wait_long;

use crate::running::Running;

#[test]
fn a_cluster_comes_from_nothing_and_grows_without_its_others() {
    scaler_lab::needs!(Hosts, Ansible, AnyTerraform);
    let mut bare = Bare::new();
    bare.run(&["apply", "--yes"]).ends(0);
    bare.run(&["kubeconfig"]).ends(0).says(&format!("as context `{}`", bare.cluster));
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(bare.kubeconfig()).expect("it is there").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
    bare.run(&["kubeconfig"]).ends(5).says("is there already");
    bare.run(&["kubeconfig", "--merge"]).ends(0);
    let (control_plane, first) =
        (format!("{}-control-plane-1", bare.cluster), [bare.node(1), bare.node(2), bare.node(3)]);
    let mut all = vec![control_plane];
    all.extend(first.clone());
    assert_eq!(bare.ready(), all);
    let node = bare.ask(&format!("/api/v1/nodes/{}", bare.node(1)));
    assert_eq!(node["metadata"]["labels"]["tier"], "web");
    assert_eq!(node["spec"]["taints"][0]["key"], "dedicated", "{node}");
    assert!(node["spec"]["providerID"].as_str().is_some_and(|id| id.starts_with("sandbox:///")), "{node}");
    let kubelet = bare.host(1).read("/var/lib/kubelet/config.yaml").expect("its kubelet's configuration");
    assert!(kubelet.contains("maxPods: 33"), "{kubelet}");
    bare.assert_no_token();

    // One process of Ansible, and only the new machines are contacted.
    let before = bare.logins();
    let plays = bare.count_plays();
    let mut search = cluster::search(&bare.program);
    let mut growing = Running::start(&bare.program, &["scale-up", "--pool", "workers", "--by", "2", "--yes", "-vvv"]);
    let token = wait_long("a bootstrap token", || {
        growing.check();
        bare.tokens().pop()
    });
    search.learn([token]);
    let grown = growing.end_at_last().ends(0);
    search.clean(&grown.stdout, "its result");
    search.clean(&grown.stderr, "its progress");
    all.extend([bare.node(4), bare.node(5)]);
    assert_eq!(bare.ready(), all);
    let after = bare.logins();
    for (host, count) in &before {
        assert_eq!(after[host], *count, "{host} was contacted");
    }
    let plays = std::fs::read_to_string(plays).expect("the plays that were begun");
    assert_eq!(plays.lines().count(), 1, "{plays}");
    bare.assert_no_token();
    // Neither in an argument, nor in the store, nor on the new machines; here not, when what it worked with is taken away.
    cut_off::nothing_runs(&bare.program);
    for number in [4, 5] {
        search.clean(&all_that_is_kept(&bare.host(number)), &bare.node(number));
    }
    search.ends(&[]);

    // Once more changes nothing.
    let again = bare.run(&["provision", "--yes", "--limit", "workers"]).ends(0);
    for number in 1..=5 {
        let said = format!("{} is provisioned", bare.node(number));
        assert!(
            again.stderr.lines().any(|line| line.contains(&said) && line.contains(" 0 changed")),
            "{}",
            again.stderr
        );
    }
    bare.run(&["plan", "--detailed-exitcode"]).ends(0);

    bare.run(&["scale-down", "--pool", "workers", "--node", &bare.node(2), "--yes"]).ends(0);
    all.retain(|name| *name != bare.node(2));
    assert_eq!(bare.ready(), all);
    bare.run(&["destroy", "--yes", "--name", &bare.cluster]).ends(0);
}

#[test]
fn machines_are_reached_through_a_host_to_go_through() {
    scaler_lab::needs!(Hosts, Ansible, AnyTerraform);
    let bare = Bare::new();
    let bastion = bare.hosts.make("bastion");
    spoil::answers(&bastion);
    bare.write(1);
    let jump = format!("ssh: {{ jump: '{}@{}', ", Hosts::USER, bastion.address());
    bare.rewrite("ssh: { ", &jump);
    bare.run(&["apply", "--yes"]).ends(0);
    bare.run(&["kubeconfig"]).ends(0);
    let plane = format!("{}-control-plane-1", bare.cluster);
    assert_eq!(bare.ready(), [plane.clone(), bare.node(1)]);
    for name in [plane, bare.node(1)] {
        let log = bare.hosts.host(&name).ssh_log();
        let from = log.lines().filter_map(|line| line.split_once("Connection from ")?.1.split(' ').next());
        assert_eq!(
            from.collect::<BTreeSet<_>>(),
            BTreeSet::from([bastion.address()]),
            "{name} is reached by nobody else"
        );
    }
    let key = spoil::host_key(&bastion);
    assert_eq!(bare.record()["jump"]["hostKeys"], serde_json::json!([key]));

    // Another key than that is refused, until a person says that it is the one.
    bastion.new_host_key();
    spoil::answers(&bastion);
    let provision = ["provision", "--yes", "--limit", &bare.node(1)];
    let refused = bare.run(&provision).ends(6);
    eprintln!("--- what a pipeline sees of a host to go through that was replaced\n{}", refused.stderr);
    refused.says("has another host key than before").says("`ssh.jumpHostKey`");
    let new = spoil::host_key(&bastion);
    assert_ne!(new, key);
    bare.rewrite(&jump, &format!("{jump}jumpHostKey: '{new}', "));
    bare.run(&provision).ends(0);
    assert_eq!(bare.record()["jump"]["hostKeys"], serde_json::json!([new]));
    bare.run(&["destroy", "--yes", "--name", &bare.cluster]).ends(0);
}
