//! Machines, and the nodes that they become.

use std::path::Path;

use scaler_lab::{Bridge, Client, Happening, InstanceState, Kubernetes, Moto, Sandbox};
use serde_json::{Value, json};

const REGION: &str = "eu-west-1";

fn make(register: &Path, id: &str, name: &str, role: &str) {
    let entry = json!({
        "id": id, "name": name, "cluster": "demo", "clusterId": "c1", "pool": "workers", "role": role,
        "zone": "local-a", "region": "local", "machine": "small", "capacity": "on-demand", "operation": "o1", "tags": {},
    });
    std::fs::write(register.join(format!("{id}.json")), entry.to_string()).unwrap();
}

fn node_path(name: &str) -> String {
    format!("/api/v1/nodes/{name}")
}

/// When the node's lease was last renewed.
fn renewed(k: &Client, node: &str) -> Value {
    let lease = k.find(&format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{node}"));
    lease.map_or(Value::Null, |lease| lease["spec"]["renewTime"].clone())
}

#[test]
fn a_sandbox_machine_becomes_a_node_once() {
    let k = Kubernetes::shared();
    let sandbox = Sandbox::start();
    let bridge = Bridge::start(k, sandbox.source());
    make(sandbox.register(), "m-1", "demo-workers-1", "worker");
    make(sandbox.register(), "m-2", "demo-control-plane-1", "control-plane");

    bridge.wait("demo-workers-1", &Happening::Joined);
    bridge.wait("demo-control-plane-1", &Happening::Joined);
    k.wait_ready("demo-workers-1");
    let node = k.get(&node_path("demo-workers-1"));
    assert_eq!(node["spec"]["providerID"], "sandbox:///local-a/m-1");
    let labels = &node["metadata"]["labels"];
    assert_eq!(
        (&labels["topology.kubernetes.io/zone"], &labels["scaler/pool"]),
        (&json!("local-a"), &json!("workers"))
    );
    assert_eq!(node["status"]["allocatable"]["pods"], "110");
    let control = k.get(&node_path("demo-control-plane-1"));
    assert_eq!(control["metadata"]["labels"]["node-role.kubernetes.io/control-plane"], "");
    let taints = control["spec"]["taints"].as_array().unwrap();
    assert!(taints.iter().any(|taint| taint["key"] == "node-role.kubernetes.io/control-plane"));

    // Its Node is deleted: the kubelet that runs on does not register again, its successor does.
    k.delete(&node_path("demo-workers-1"));
    k.wait("the node to be gone", |k| k.find(&node_path("demo-workers-1")).is_none().then_some(()));
    make(sandbox.register(), "m-3", "demo-workers-3", "worker");
    bridge.wait("demo-workers-3", &Happening::Joined);
    assert!(k.find(&node_path("demo-workers-1")).is_none());
}

#[test]
fn a_sandbox_machine_that_is_gone_falls_silent() {
    let k = Kubernetes::shared();
    let sandbox = Sandbox::start();
    let bridge = Bridge::start(k, sandbox.source());
    make(sandbox.register(), "m-1", "gone-1", "worker");
    make(sandbox.register(), "m-2", "lives-1", "worker");
    k.wait("the first renewals", |k| {
        (!renewed(k, "gone-1").is_null() && !renewed(k, "lives-1").is_null()).then_some(())
    });

    sandbox.vanish("m-1");
    bridge.wait("gone-1", &Happening::Silent);
    // Its last renewal may still have been under way.
    let other = renewed(k, "lives-1");
    k.wait("another's renewal", |k| (renewed(k, "lives-1") != other).then_some(()));
    let (last, other) = (renewed(k, "gone-1"), renewed(k, "lives-1"));
    k.wait("another's next renewal", |k| (renewed(k, "lives-1") != other).then_some(()));
    assert_eq!(renewed(k, "gone-1"), last);
    assert!(k.find(&node_path("gone-1")).is_some());

    sandbox.stop("m-2");
    bridge.wait("lives-1", &Happening::Silent);
    sandbox.resume("m-2");
    bridge.wait("lives-1", &Happening::Resumed);
    let last = renewed(k, "lives-1");
    k.wait("a renewal after the stop", |k| (renewed(k, "lives-1") != last).then_some(()));
}

#[test]
fn a_held_machine_joins_when_it_is_released() {
    let k = Kubernetes::shared();
    let sandbox = Sandbox::start();
    let bridge = Bridge::start(k, sandbox.source());
    bridge.hold("held-1");
    make(sandbox.register(), "m-1", "held-1", "worker");
    make(sandbox.register(), "m-2", "held-2", "worker");
    bridge.wait("held-2", &Happening::Joined);
    assert!(k.find(&node_path("held-1")).is_none());
    bridge.release("held-1");
    bridge.wait("held-1", &Happening::Joined);
}

#[test]
fn an_instance_becomes_a_node_and_falls_silent() {
    scaler_lab::needs!(Moto);
    let k = Kubernetes::shared();
    let moto = Moto::start();
    let bridge = Bridge::start(k, moto.source(REGION));
    moto.run_instance(REGION, &[("Name", "foreign")]);
    let id = moto.run_instance(REGION, &[("scaler:node", "aws-workers-1"), ("scaler:pool", "workers")]);
    bridge.wait("aws-workers-1", &Happening::Joined);
    k.wait_ready("aws-workers-1");

    let instance = moto.instances(REGION).into_iter().find(|it| it.id == id).unwrap();
    assert_eq!((instance.state, instance.kind.as_str()), (InstanceState::Running, "t3.large"));
    let node = k.get(&node_path("aws-workers-1"));
    assert_eq!(node["spec"]["providerID"], format!("aws:///{}/{id}", instance.zone));
    assert_eq!(node["metadata"]["labels"]["topology.kubernetes.io/region"], REGION);
    let addresses = json!([
        {"type": "Hostname", "address": "aws-workers-1"},
        {"type": "InternalIP", "address": instance.private_ip},
    ]);
    assert_eq!(node["status"]["addresses"], addresses);

    moto.stop(REGION, &id);
    bridge.wait("aws-workers-1", &Happening::Silent);
    moto.resume(REGION, &id);
    bridge.wait("aws-workers-1", &Happening::Resumed);
    moto.terminate(REGION, &id);
    k.wait("the instance's end", |_| (bridge.events().last()?.what == Happening::Silent).then_some(()));
    assert_eq!(bridge.events().len(), 4, "{:?}", bridge.events());
    assert!(moto.instances("us-east-1").is_empty());
}

#[test]
fn accounts_do_not_see_each_other() {
    scaler_lab::needs!(Moto);
    let moto = Moto::start();
    let other = moto.account("222222222222");
    assert!(other.access_key.starts_with("ASIA") && !other.session_token.is_empty(), "{other:?}");
    moto.run_instance(REGION, &[("Name", "a")]);
    assert_eq!(moto.instances(REGION).len(), 1);
    moto.reset();
    assert!(moto.instances(REGION).is_empty());
}

#[test]
fn a_request_for_a_machine_may_be_sent_twice() {
    scaler_lab::needs!(Moto);
    let moto = Moto::start();
    let run = |token: &str| {
        let params = [
            ("Action", "RunInstances"),
            ("ImageId", "ami-12c6146b"),
            ("MinCount", "1"),
            ("MaxCount", "1"),
            ("ClientToken", token),
        ];
        moto.call(REGION, "ec2", &params);
        moto.instances(REGION).len()
    };
    assert_eq!([run("one"), run("one"), run("two")], [1, 1, 2]);
}
