//! Nodes that leave before their machines end; and runs that are killed while the playbooks are at work.

use scaler_lab::HostOrder;

use super::cluster::Bare;
use super::cut_off::{at_apply, kill_tree, nothing_runs, resumed};
use super::spoil::{self, wait_long};
use crate::gates::Gates;
use crate::running::Running;

fn is_reset(bare: &Bare, number: u32) -> bool {
    let host = bare.host(number);
    host.read("/etc/kubernetes/kubelet.conf").is_none()
        && host.read("/var/lib/kubelet/config.yaml").is_none()
        && host.run(&["systemctl", "is-active", "kubelet"]).stdout.trim() != "active"
}

fn is_ready(bare: &Bare, number: u32) -> bool {
    bare.ready().contains(&bare.node(number))
}

#[test]
fn nodes_leave_and_whoever_dies_meanwhile_is_followed() {
    scaler_lab::needs!(Hosts, Ansible, AnyTerraform);
    let mut bare = Bare::new();
    bare.run(&["apply", "--yes"]).ends(0);
    bare.run(&["kubeconfig"]).ends(0);
    bare.write(1);
    bare.run(&["apply", "--yes"]).ends(0);
    let gates = Gates::before_program(&mut bare.program);

    // Two go. One of them answers to nobody any more; the other one is reset before Terraform is told to apply.
    spoil::silence(&bare.host(2));
    let kept = bare.logins();
    let (one, two) = (bare.node(1), bare.node(2));
    let args = ["scale-down", "--pool", "workers", "--node", &one, "--node", &two, "--yes"];
    let shrinking = at_apply(&bare, &gates, &args);
    assert!(is_reset(&bare, 1), "{}", shrinking.said());
    assert!(bare.host(2).read("/etc/kubernetes/kubelet.conf").is_some());
    let said = shrinking.said();
    assert!(said.contains(&format!("{one} is reset")), "{said}");
    assert!(said.contains(&format!("not reset, and removed all the same: {two} (")), "{said}");
    gates.open("apply");
    let shrunk = shrinking.end_at_last().ends(0);
    eprintln!("--- what a pipeline sees of leaving\n{}\n{}", shrunk.stdout, shrunk.stderr);
    let control_plane = format!("{}-control-plane-1", bare.cluster);
    assert_eq!(bare.ready(), [control_plane.clone(), bare.node(3)]);
    assert_eq!(bare.recorded(), [bare.node(3)]);
    let log = bare.kept_logs("leave");
    assert!(log.contains("leave : Reset the node") && log.contains(&one), "{log}");
    let now = bare.logins();
    assert_eq!(now[&control_plane], kept[&control_plane], "only who leaves is contacted");
    assert_eq!(now[&bare.node(3)], kept[&bare.node(3)], "only who leaves is contacted");

    // A run that is killed while a machine installs: who goes on joins it, once.
    bare.bridge.order(HostOrder::new(&bare.node(4)).first(spoil::HELD_AT_INSTALL));
    let mut growing = Running::start(&bare.program, &["scale-up", "--pool", "workers", "--by", "1", "--yes"]);
    wait_long("the install on a host", || {
        growing.check();
        bare.hosts.all().into_iter().find(|host| host.name() == bare.node(4))?.read("/etc/at-install")
    });
    growing.signal("KILL");
    drop(growing);
    nothing_runs(&bare.program);
    spoil::open(&bare.host(4));
    let elsewhere = tempfile::tempdir().expect("another folder");
    let said = resumed(&bare, elsewhere.path()).ends(0);
    eprintln!("--- what a pipeline sees of a join that was cut off\n{}\n{}", said.stdout, said.stderr);
    assert!(is_ready(&bare, 4));
    assert_eq!(bare.recorded(), [bare.node(3), bare.node(4)]);
    bare.assert_no_token();
    bare.run(&["plan", "--detailed-exitcode"]).ends(0);

    // A run that is killed with all that it started, when a node was reset and Terraform had not begun: it is removed,
    // and not given back.
    let four = bare.node(4);
    let shrinking = at_apply(&bare, &gates, &["scale-down", "--pool", "workers", "--node", &four, "--yes"]);
    assert!(is_reset(&bare, 4), "{}", shrinking.said());
    kill_tree(&bare, shrinking);
    gates.open("apply");
    wait_long("the Node without its kubelet to fall silent", || (!is_ready(&bare, 4)).then_some(()));
    let said = resumed(&bare, elsewhere.path()).ends(0);
    eprintln!("--- what a pipeline sees of a removal that was cut off\n{}\n{}", said.stdout, said.stderr);
    assert_eq!(bare.ready(), [control_plane, bare.node(3)]);
    assert_eq!(bare.recorded(), [bare.node(3)]);
    bare.run(&["destroy", "--yes", "--name", &bare.cluster]).ends(0);
}
