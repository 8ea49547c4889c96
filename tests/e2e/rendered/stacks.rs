//! Every rendered stack is one that Terraform takes, and is written as Terraform writes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::folder::{Rendered, starter};

const ACCOUNT: &str = "123456789012";

/// Between them: networks public and private, endpoints by load balancer and by name, stores in S3 and in a folder, a
/// profile, services at other URLs, spot machines, one zone and three, one pool and three, new clusters and one that
/// stands.
fn clusters() -> Vec<(&'static str, Rendered, BTreeSet<&'static str>)> {
    let private = include_str!("../../../examples/aws.yml");
    let starter = starter();
    vec![
        (
            "private",
            Rendered::of(private, &[]),
            BTreeSet::from(["foundation", "pool-workers", "pool-spot", "pool-ops"]),
        ),
        (
            "public, at other URLs",
            Rendered::of(
                &starter,
                &[
                    "network.zones=[eu-west-1a]",
                    "store.endpoint=http://127.0.0.1:1",
                    "store.pathStyle=true",
                    "aws.endpoints={ec2: \"http://127.0.0.1:1\", elbv2: \"http://127.0.0.1:1\", s3: \"http://127.0.0.1:1\"}",
                ],
            ),
            BTreeSet::from(["foundation", "pool-workers"]),
        ),
        (
            "an endpoint's own name",
            Rendered::of(
                &starter,
                &["controlPlane.endpoint={dns: api.example.com}", "store={backend: local, path: store}"],
            ),
            BTreeSet::from(["foundation", "pool-workers"]),
        ),
        ("one that stands", standing(&starter), BTreeSet::from(["foundation", "pool-workers"])),
    ]
}

/// Of a record: the account is known, and the provider is held to it.
fn standing(text: &str) -> Rendered {
    let rendered = Rendered::recorded(text, &record(text));
    for (stack, folder) in rendered.stacks() {
        let provider = std::fs::read_to_string(folder.join("provider.tf")).expect("a provider");
        assert!(provider.contains(&format!("allowed_account_ids = [\"{ACCOUNT}\"]")), "{stack}: {provider}");
    }
    rendered
}

/// `cluster.json` of a cluster of this file, with a control plane and a worker.
fn record(text: &str) -> Value {
    let node = |id: &str| {
        json!({
            "zone": "eu-west-1a", "image": "ami-12c6146b", "machine": "t3.medium", "capacity": "on-demand",
            "disk": { "sizeGib": 64, "type": "gp3" }, "subnet": "subnet-1", "publicAddress": true, "keyName": "a-key",
            "userData": "#cloud-config\n{}\n", "operation": "o1", "machineId": id,
        })
    };
    let pool = |name: &str, id: &str| json!({ "nextNumber": 2, "size": 1, "nodes": { name: node(id) } });
    json!({
        "format": { "major": 1, "minor": 1 }, "generation": 2, "operation": "o1", "fence": 1,
        "clusterId": "6a1e6f0e-0000-4000-8000-000000000001", "name": "demo", "provider": "aws",
        "account": ACCOUNT, "region": "eu-west-1", "kubeSystemUid": null, "terraform": null, "stacks": {},
        "source": { "clusterFile": text, "files": {} },
        "controlPlane": pool("demo-control-plane-1", "i-1"),
        "pools": { "workers": pool("demo-workers-1", "i-2") },
    })
}

#[test]
fn every_rendered_stack_of_aws_is_formatted_and_valid() {
    scaler_lab::needs!(AwsProvider, AnyTerraform);
    for (name, cluster, expected) in clusters() {
        assert_accepted(name, &cluster, &expected);
    }
}

#[test]
fn every_rendered_stack_of_the_sandbox_is_formatted_and_valid() {
    scaler_lab::needs!(AnyTerraform);
    let cluster = Rendered::of(include_str!("../../../examples/sandbox.yml"), &[]);
    assert_accepted("sandbox", &cluster, &BTreeSet::from(["foundation", "pool-workers", "pool-ops"]));
}

/// Terraform takes every stack of the cluster, which has these and no other.
#[track_caller]
fn assert_accepted(name: &str, cluster: &Rendered, expected: &BTreeSet<&str>) {
    let nobody = BTreeMap::new();
    let stacks = cluster.stacks();
    assert_eq!(stacks.keys().map(String::as_str).collect::<BTreeSet<_>>(), *expected, "{name}");
    cluster.terraform(&cluster.folder(), &nobody, &["fmt", "-check", "-diff", "-recursive"]);
    for folder in stacks.values() {
        cluster.terraform(folder, &nobody, &["init", "-backend=false", "-input=false"]);
        cluster.terraform(folder, &nobody, &["validate"]);
    }
}
