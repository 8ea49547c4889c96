//! Every rendered stack is one that Terraform takes, and is written as Terraform writes.

use std::collections::{BTreeMap, BTreeSet};

use super::folder::{Rendered, starter};

/// Between them: networks public and private, endpoints by load balancer and by name, stores in S3 and in a folder, a
/// profile, services at other URLs, spot machines, one zone and three, one pool and three.
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
    ]
}

#[test]
fn every_rendered_stack_is_formatted_and_valid() {
    scaler_lab::needs!(AwsProvider);
    let nobody = BTreeMap::new();
    for (name, cluster, expected) in clusters() {
        let stacks = cluster.stacks();
        assert_eq!(stacks.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{name}");
        cluster.terraform(&cluster.folder(), &nobody, &["fmt", "-check", "-diff", "-recursive"]);
        for folder in stacks.values() {
            cluster.terraform(folder, &nobody, &["init", "-backend=false", "-input=false"]);
            cluster.terraform(folder, &nobody, &["validate"]);
        }
    }
}
