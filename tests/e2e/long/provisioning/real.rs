//! Nodes on which nothing is a stand-in: kubelet, containerd, runc. One is drained and reset. Of each the Node object is
//! deleted while its kubelet lives, and the kubelet is started again.

use std::process::Command;

use scaler_lab::{Host, HostBridge, HostOrder, Sandbox, tools};
use serde_json::Value;

use super::cluster::Bare;
use super::cut_off;
use super::spoil::{self, wait_long};
use crate::gates::Gates;
use crate::running::Running;

/// What this machine's cgroups want, whatever their version: the lab's hosts share them.
const OF_THIS_MACHINE: &str = r#"echo KUBELET_EXTRA_ARGS=--cgroup-driver=cgroupfs >/etc/default/kubelet
dpkg-divert --quiet --local --rename --divert /usr/bin/kubeadm.real --add /usr/bin/kubeadm
cat >/usr/bin/kubeadm <<'END'
#!/bin/sh
[ "$1" != join ] || set -- "$@" --ignore-preflight-errors=SystemVerification
exec /usr/bin/kubeadm.real "$@"
END
chmod 755 /usr/bin/kubeadm"#;

/// A pod that takes four seconds to leave.
const WORKLOAD: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: slow, namespace: default }
spec:
  selector: { matchLabels: { app: slow } }
  template:
    metadata: { labels: { app: slow } }
    spec:
      nodeSelector: { tier: real }
      automountServiceAccountToken: false
      containers:
        - { name: slow, image: 'lab.local/pod:1', imagePullPolicy: Never, command: [/lab-host, pod], args: ['4'] }
";

/// A cluster whose pool `real` has one machine, at this address.
fn with_real(bare: &Bare, address: &str, min: u32) {
    bare.write(1);
    let root = format!("/lab-{}", address.replace('.', "-"));
    let pool = format!(
        "  - name: real\n    machine: small\n    image: {{ id: base }}\n    provisioning: ssh\n    min: {min}\n    max: 1\n\
         \x20   labels: {{ tier: real }}\n    kubelet: {{ failCgroupV1: false, failSwapOn: false, cgroupRoot: {root} }}\n"
    );
    bare.rewrite("pools:\n", &format!("pools:\n{pool}"));
}

fn kubectl(bare: &Bare, args: &[&str]) {
    let done = Command::new(tools().join("kubectl")).args(args).env("KUBECONFIG", bare.kubeconfig()).output();
    let done = done.expect("kubectl starts");
    assert!(done.status.success(), "kubectl {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn uid(bare: &Bare, node: &str) -> Option<String> {
    let nodes = bare.ask("/api/v1/nodes");
    let found = nodes["items"].as_array().into_iter().flatten().find(|it| it["metadata"]["name"] == node)?;
    found["metadata"]["uid"].as_str().map(str::to_owned)
}

/// Waits until a pod of the workload runs, by the API and on the machine.
fn runs(bare: &Bare, host: &Host) {
    wait_long("the pod to run", || {
        let pods = bare.ask("/api/v1/namespaces/default/pods?labelSelector=app%3Dslow");
        let mut pods = pods["items"].as_array().into_iter().flatten();
        pods.any(|pod| pod["status"]["phase"] == "Running" && pod["metadata"]["deletionTimestamp"] == Value::Null)
            .then_some(())
    });
    assert!(has_process(host));
}

fn has_process(host: &Host) -> bool {
    host.run(&["pgrep", "--full", "^/lab-host pod 4"]).code == Some(0)
}

/// Deletes the Node of a kubelet that lives, and waits until that has noticed and given up twice more.
fn delete_under_its_kubelet(bare: &Bare, host: &Host) {
    let given_up = || {
        let log = host.run(&["journalctl", "--unit=kubelet", "--lines=100000"]).stdout;
        log.matches("Unable to update node status").count()
    };
    let before = given_up();
    kubectl(bare, &["delete", "node", host.name()]);
    wait_long("the kubelet to miss its Node", || (given_up() >= before + 2).then_some(()));
    assert_eq!(uid(bare, host.name()), None, "a kubelet that lives registers once");
    assert_eq!(host.run(&["systemctl", "is-active", "kubelet"]).stdout, "active\n");
}

/// Starts the kubelet again, and waits for its new Node.
fn restart(bare: &Bare, host: &Host) -> String {
    let started = host.run(&["systemctl", "restart", "kubelet"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    wait_long("the kubelet to register again", || uid(bare, host.name()))
}

/// What it says, however its lines are broken.
fn status(bare: &Bare) -> String {
    let said = bare.run(&["status"]).ends(0);
    said.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A machine of the pool, which is made by an `apply`, runs the workload.
fn made(bare: &Bare, number: u32, address: &str) -> Host {
    let real = format!("{}-real-{number}", bare.cluster);
    with_real(bare, address, 1);
    bare.bridge.order(HostOrder::new(&real).address(address).real().first(OF_THIS_MACHINE));
    bare.run(&["apply", "--yes"]).ends(0);
    let host = bare.hosts.host(&real);
    host.import_image();
    host
}

/// Begins to remove it, up to Terraform's apply.
fn at_apply(bare: &Bare, gates: &Gates, node: &str) -> Running {
    cut_off::at_apply(bare, gates, &["scale-down", "--pool", "real", "--node", node, "--yes"])
}

/// Nothing of Kubernetes is left on it but what was installed.
fn assert_reset(host: &Host) {
    assert_eq!(host.run(&["systemctl", "is-active", "kubelet"]).stdout, "inactive\n");
    for file in ["/etc/kubernetes/kubelet.conf", "/var/lib/kubelet/config.yaml", "/etc/kubernetes/pki/ca.crt"] {
        assert_eq!(host.read(file), None, "{file}");
    }
    let left = "grep /var/lib/kubelet/ /proc/mounts; pgrep --full '[c]ontainerd-shim|^/[p]ause'; true";
    let left = host.run(&["sh", "-c", left]);
    assert_eq!((left.code, left.stdout.as_str()), (Some(0), ""), "{left:?}");
}

#[test]
fn real_nodes_leave_and_are_known_for_what_they_are_when_their_nodes_are_deleted() {
    scaler_lab::needs!(RealHost, Ansible, AnyTerraform);
    let mut bare = Bare::new();
    let gates = Gates::before_program(&mut bare.program);
    let (real, address) = (format!("{}-real-1", bare.cluster), bare.hosts.address(77));
    let host = made(&bare, 1, &address);
    bare.run(&["kubeconfig"]).ends(0);
    let file = bare.program.folder.path().join("workload.yml");
    std::fs::write(&file, WORKLOAD).expect("the workload");
    kubectl(&bare, &["create", "--filename", file.to_str().expect("a path in UTF-8")]);
    runs(&bare, &host);
    let no_node = format!("{real}: its machine");

    // Its machine stands. Whoever deletes its Node by hand makes it a machine of which nothing is seen, until its kubelet
    // starts: it is none that never joined, and does not go as such.
    let first = uid(&bare, &real).expect("its Node");
    delete_under_its_kubelet(&bare, &host);
    let said = status(&bare);
    eprintln!("--- what a person sees of a Node that was deleted\n{said}");
    assert!(said.contains(&no_node) && said.contains("Its kubelet makes another when it is restarted"), "{said}");
    with_real(&bare, &address, 0);
    let refused = bare.run(&["scale-down", "--pool", "real", "--node", &real, "--yes"]).ends(5);
    refused.says("its Node was deleted").says(&format!("--accept-lost {real}"));
    with_real(&bare, &address, 1);
    assert_ne!(restart(&bare, &host), first);
    wait_long("the node to be Ready", || bare.ready().contains(&real).then_some(()));
    runs(&bare, &host);
    let said = status(&bare);
    assert!(!said.contains(&no_node), "{said}");
    bare.run(&["plan", "--detailed-exitcode"]).ends(0);

    // It is drained and reset before its machine ends.
    with_real(&bare, &address, 0);
    let shrinking = at_apply(&bare, &gates, &real);
    assert!(!has_process(&host), "the pod has left");
    assert_reset(&host);
    assert!(shrinking.said().contains(&format!("{real} is reset")), "{}", shrinking.said());
    gates.open("apply");
    shrinking.end_at_last().ends(0);
    assert_eq!(uid(&bare, &real), None);

    // The next one answers to no SSH when it is to go, and its power stays on whatever its cloud says; past the point of
    // no return its Node is deleted by hand, and its kubelet makes another one.
    let (real, address) = (format!("{}-real-2", bare.cluster), bare.hosts.address(78));
    let host = made(&bare, 2, &address);
    runs(&bare, &host);
    with_real(&bare, &address, 0);
    bare.bridge = HostBridge::start(&bare.hosts, Sandbox::start().source());
    spoil::silence(&host);
    let shrinking = at_apply(&bare, &gates, &real);
    assert!(!has_process(&host), "the pod has left");
    delete_under_its_kubelet(&bare, &host);
    restart(&bare, &host);
    gates.open("apply");
    let said = shrinking.end_at_last().ends(0).says(&format!("not reset, and removed all the same: {real} ("));
    eprintln!("--- what a pipeline sees of a Node that came back\n{}\n{}", said.stdout, said.stderr);
    assert_eq!(uid(&bare, &real), None, "the Node that came back went with its machine");

    // A kubelet that still lives is nobody's then. It is named, and nothing goes by it.
    restart(&bare, &host);
    let stray = format!("belongs to no machine of this cluster; if its machine is gone: `kubectl delete node {real}`");
    let said = status(&bare);
    eprintln!("--- what a person sees of a ghost\n{said}");
    assert!(said.contains(&stray), "{said}");
    bare.run(&["apply", "--yes"]).ends(0);
    bare.run(&["plan", "--detailed-exitcode"]).ends(0);
    assert!(uid(&bare, &real).is_some(), "nothing is done to it");
    host.kill();
    kubectl(&bare, &["delete", "node", &real]);
    let said = status(&bare);
    assert!(!said.contains(&real), "{said}");
    bare.run(&["destroy", "--yes", "--name", &bare.cluster]).ends(0);
}
