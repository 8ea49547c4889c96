//! A run that is killed with all that it has started, while machines join: Ansible and SSH too. The hosts stay as they
//! are, half done.

use scaler_lab::HostOrder;

use super::cluster::Bare;
use super::cut_off::{at_apply, kill_tree, resumed};
use super::spoil::{self, wait_long};
use crate::gates::Gates;
use crate::running::Running;

/// How many machines got a certificate for a bootstrap token so far.
fn joins(bare: &Bare) -> usize {
    let requests = bare.ask("/apis/certificates.k8s.io/v1/certificatesigningrequests");
    let users = requests["items"].as_array().into_iter().flatten().filter_map(|it| it["spec"]["username"].as_str());
    users.filter(|user| user.starts_with("system:bootstrap:")).count()
}

#[test]
fn a_join_is_killed_with_its_tree_and_finished_by_another() {
    scaler_lab::needs!(Hosts, Ansible, AnyTerraform);
    let bare = Bare::new();
    bare.write(1);
    bare.run(&["apply", "--yes"]).ends(0);
    bare.run(&["kubeconfig"]).ends(0);
    assert_eq!(joins(&bare), 1);

    // One installs, one has everything of its join but its kubelet.
    let (installing, joining) = (bare.node(2), bare.node(3));
    bare.bridge.order(HostOrder::new(&installing).first(spoil::HELD_AT_INSTALL));
    bare.bridge.order(HostOrder::new(&joining).first(spoil::HELD_IN_JOIN));
    let mut growing = Running::start(&bare.program, &["scale-up", "--pool", "workers", "--by", "2", "--yes"]);
    for (node, mark) in [(&installing, "/etc/at-install"), (&joining, "/etc/in-join")] {
        wait_long(&format!("{node} to write {mark}"), || {
            growing.check();
            bare.hosts.all().into_iter().find(|host| host.name() == node)?.read(mark)
        });
    }
    assert_eq!(bare.tokens().len(), 1, "the run's token is valid");
    kill_tree(&bare, growing);
    let half = bare.host(3);
    spoil::open(&bare.host(2));
    spoil::open(&half);
    wait_long("kubeadm to end on the host", || {
        (half.run(&["pgrep", "--full", "kubeadm join"]).code != Some(0)).then_some(())
    });
    assert!(half.read("/etc/kubernetes/bootstrap-kubelet.conf").is_some(), "kubeadm was at it");
    assert!(half.read("/etc/kubernetes/kubelet.conf").is_none(), "it has not joined");
    assert_eq!(bare.tokens().len(), 1, "nobody was left to end it");

    // The next one, from anywhere.
    let elsewhere = tempfile::tempdir().expect("another folder");
    let said = resumed(&bare, elsewhere.path()).ends(0);
    eprintln!("--- what a pipeline sees of a join whose whole tree was killed\n{}\n{}", said.stdout, said.stderr);
    let control_plane = format!("{}-control-plane-1", bare.cluster);
    assert_eq!(bare.ready(), [control_plane, bare.node(1), installing, joining]);
    assert_eq!(bare.recorded(), (1..=3).map(|number| bare.node(number)).collect::<Vec<_>>());
    assert_eq!(joins(&bare), 3, "each joined once");
    bare.assert_no_token();
    bare.run(&["plan", "--detailed-exitcode"]).ends(0);
}

/// The cluster is made, and whoever made it is killed before the record says which it is: whoever goes on lets machines in.
#[test]
fn a_cluster_that_was_made_is_known_to_whoever_goes_on() {
    scaler_lab::needs!(Hosts, Ansible, AnyTerraform);
    let mut bare = Bare::new();
    bare.write(1);
    let gates = Gates::before_program(&mut bare.program);
    let mut making = at_apply(&bare, &gates, &["apply", "--yes"]);
    gates.open("apply");
    let foundation = bare.program.folder.path().join("store/terraform/foundation.tfstate");
    wait_long("the foundation's state", || foundation.exists().then_some(()));
    gates.shut("apply");
    wait_long("the pool's apply", || {
        making.check();
        gates.is_reached("apply").then_some(())
    });
    kill_tree(&bare, making);
    gates.open("apply");
    assert_eq!(bare.record()["kubeSystemUid"], serde_json::Value::Null, "the record does not say it yet");

    bare.run(&["kubeconfig"]).ends(1).says("scaler resume writes down what it made");
    let elsewhere = tempfile::tempdir().expect("another folder");
    let said = resumed(&bare, elsewhere.path()).ends(0);
    eprintln!("--- what a pipeline sees that goes on after the cluster was made\n{}\n{}", said.stdout, said.stderr);
    bare.run(&["kubeconfig"]).ends(0);
    let uid = bare.ask("/api/v1/namespaces/kube-system")["metadata"]["uid"].clone();
    assert!(uid.is_string() && bare.record()["kubeSystemUid"] == uid, "{}", bare.record());
    assert_eq!(bare.ready(), [format!("{}-control-plane-1", bare.cluster), bare.node(1)]);
    bare.assert_no_token();
    bare.run(&["plan", "--detailed-exitcode"]).ends(0);
}
