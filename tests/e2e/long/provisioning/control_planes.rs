//! Clusters of several control planes.

use scaler_lab::HostOrder;

use super::cluster::Bare;
use super::cut_off::{kill_tree, resumed};
use super::spoil::{self, wait_long};
use crate::running::Running;

/// A cluster of so many, and of one worker, that is not made yet.
fn of(count: usize) -> (Bare, Vec<String>) {
    let bare = Bare::new();
    bare.write(1);
    bare.rewrite("controlPlane: { count: 1,", &format!("controlPlane: {{ count: {count},"));
    let planes = (1..=count).map(|number| format!("{}-control-plane-{number}", bare.cluster));
    let planes = planes.collect();
    (bare, planes)
}

#[test]
fn a_control_plane_that_failed_is_finished_alone_and_a_dead_one_keeps_nobody_out() {
    scaler_lab::needs!(Hosts, Ansible, AnyTerraform);
    let (bare, planes) = of(3);
    bare.bridge.order(HostOrder::new(&planes[1]).first(spoil::HALF_A_CONTROL_PLANE));
    let made = bare.run(&["apply", "--yes", "--join-timeout", "100s"]).ends(6);
    eprintln!("--- what a pipeline sees of a further control plane that failed\n{}\n{}", made.stdout, made.stderr);
    made.says(&format!("{} could not be provisioned", planes[1]))
        .says("half of it")
        .says(&format!("when that is mended: scaler provision --limit {}", planes[1]));
    let provision = ["provision", "--limit", &planes[1], "--yes"];
    let blind = bare.run(&provision).ends(6);
    eprintln!("--- what a pipeline sees of a cluster that it has no access to\n{}", blind.stderr);
    blind.says("scaler kubeconfig fetches").says(&format!("scaler provision --limit {}", planes[1]));
    bare.run(&["kubeconfig"]).ends(0);
    // The others do without it.
    assert_eq!(bare.ready(), [planes[0].clone(), planes[2].clone(), bare.node(1)]);
    let failed = bare.hosts.host(&planes[1]);
    assert!(failed.read("/etc/kubernetes/kubelet.conf").is_none(), "it does not look as if it had joined");
    bare.assert_no_token();

    // A member of etcd that kubeadm cannot take out again: what is left of it is for a person.
    spoil::without_a_node(&failed);
    let left = bare.run(&provision).ends(6);
    eprintln!("--- what a pipeline sees of a member of etcd without a Node\n{}", left.stderr);
    left.says("without a node").says("may be a member of the cluster's still").says("`etcdctl member remove`");
    bare.run(&provision).ends(6).says("began to become a control plane in an earlier run").says("`kubeadm reset`");
    assert!(failed.read("/etc/kubernetes/manifests/etcd.yaml").is_some(), "it is left as it is");
    spoil::open(&failed);
    spoil::reset_by_hand(&failed);

    let before = bare.logins();
    bare.run(&provision).ends(0);
    assert_eq!(bare.ready(), [&planes[..], &[bare.node(1)]].concat());
    for plane in &planes {
        let labels = bare.ask(&format!("/api/v1/nodes/{plane}"))["metadata"]["labels"].clone();
        assert!(labels.get("node-role.kubernetes.io/control-plane").is_some(), "{labels}");
    }
    let etcd = bare.hosts.host(&planes[1]).read("/etc/kubernetes/manifests/etcd.yaml").expect("its etcd");
    assert!(etcd.contains(bare.hosts.host(&planes[0]).address()), "one etcd of all: {etcd}");
    let after = bare.logins();
    for host in [&planes[2], &bare.node(1)] {
        assert_eq!(after[host], before[host], "{host} was contacted");
    }
    bare.assert_no_token();

    // One that was made, and its run could not say so any more.
    let uid = || bare.ask(&format!("/api/v1/nodes/{}", planes[2]))["metadata"]["uid"].clone();
    let (made, was) = (bare.hosts.host(&planes[2]), uid());
    spoil::mark_joining(&made);
    bare.run(&["provision", "--limit", &planes[2], "--yes"]).ends(0);
    assert_eq!((uid(), made.read("/etc/kubernetes/scaler-joining")), (was, None), "it is left as it is");
    bare.run(&["plan", "--detailed-exitcode"]).ends(0);

    // One of them is off, and so is a worker: neither is asked for anything.
    made.off();
    bare.host(1).off();
    bare.run(&["scale-up", "--pool", "workers", "--by", "1", "--yes"]).ends(0);
    wait_long("the dead ones to fall silent", || {
        (bare.ready() == [&planes[..2], &[bare.node(2)]].concat()).then_some(())
    });
    bare.run(&["destroy", "--yes", "--name", &bare.cluster]).ends(0);
}

/// The cluster is made, and nobody knows it: not even its token is in the hands of who comes next.
#[test]
fn a_making_that_is_killed_with_its_tree_is_finished_by_another() {
    scaler_lab::needs!(Hosts, Ansible, AnyTerraform);
    let (bare, planes) = of(3);
    bare.bridge.order(HostOrder::new(&planes[1]).first(spoil::HELD_AT_INSTALL));
    let mut making = Running::start(&bare.program, &["apply", "--yes"]);
    for (node, mark) in [(&planes[0], "/etc/kubernetes/scaler-initialised"), (&planes[1], "/etc/at-install")] {
        wait_long(&format!("{node} to write {mark}"), || {
            making.check();
            bare.hosts.all().into_iter().find(|host| host.name() == node)?.read(mark)
        });
    }
    kill_tree(&bare, making);
    spoil::open(&bare.hosts.host(&planes[1]));

    let elsewhere = tempfile::tempdir().expect("another folder");
    let said = resumed(&bare, elsewhere.path());
    eprintln!("--- what a pipeline sees of a making whose whole tree was killed\n{}\n{}", said.stdout, said.stderr);
    bare.run(&["provision", "--limit", &planes[1], "--yes"]).ends(5).says("the cluster is not made yet");
    bare.run(&["apply", "--yes"]).ends(0);
    bare.run(&["kubeconfig"]).ends(0);
    assert_eq!(bare.ready(), [&planes[..], &[bare.node(2)]].concat());
    bare.assert_no_token();
    bare.run(&["plan", "--detailed-exitcode"]).ends(0);
}

/// `kubeadm init` has ended well, and the cluster is no whole one: a person looks at it, mends the manifest, and goes on.
#[test]
fn a_pod_network_that_cannot_be_made_is_mended_and_gone_on_with() {
    scaler_lab::needs!(Hosts, Ansible, AnyTerraform);
    let (bare, planes) = of(1);
    bare.rewrite("version: 1.36.3,", "version: 1.36.3, podNetwork: { manifest: network.yml },");
    let network =
        |text: &str| std::fs::write(bare.program.folder.path().join("network.yml"), text).expect("a manifest");
    network("apiVersion: v1\nkind: Nonsense\nmetadata: { name: pod-network, namespace: kube-system }\n");
    let failed = bare.run(&["apply", "--yes"]).ends(6);
    eprintln!("--- what a pipeline sees of a pod network that cannot be made\n{}\n{}", failed.stdout, failed.stderr);
    failed
        .says("the cluster was not made on its control planes")
        .says("Apply the pod network's manifest: ")
        .says("no matches for kind \"Nonsense\"")
        .says("when that is mended, scaler apply goes on from here");
    bare.run(&["kubeconfig"]).ends(0);
    bare.run(&["status"]).ends(0);

    network("apiVersion: v1\nkind: ConfigMap\nmetadata: { name: pod-network, namespace: kube-system }\n");
    let made = bare.run(&["apply", "--yes"]).ends(0);
    eprintln!("--- and when it is gone on with\n{}\n{}", made.stdout, made.stderr);
    // It was made anew, and the former access is to another one.
    std::fs::remove_file(bare.kubeconfig()).expect("the former access");
    bare.run(&["kubeconfig"]).ends(0);
    assert_eq!(bare.ask("/api/v1/namespaces/kube-system/configmaps/pod-network")["metadata"]["name"], "pod-network");
    let ready = bare.ready();
    assert_eq!((ready.len(), &ready[0]), (2, &planes[0]));
    bare.assert_no_token();
    bare.run(&["plan", "--detailed-exitcode"]).ends(0);
}
