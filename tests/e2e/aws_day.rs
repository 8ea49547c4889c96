//! An operator's day on AWS: Terraform's own provider, moto's EC2 and S3, real Nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};

use scaler_lab::{Bridge, Client, InstanceState, Kubernetes, Moto};

use crate::world::{Program, environment, fresh};

const REGION: &str = "eu-west-1";
const BUCKET: &str = "acme-clusters";

struct Aws {
    program: Program,
    moto: Moto,
    k: &'static Kubernetes,
    _bridge: Bridge,
    cluster: String,
    pool: String,
}

impl Aws {
    fn new() -> Aws {
        let k = Kubernetes::shared();
        let moto = Moto::start();
        let bridge = Bridge::start(k, moto.source(REGION));
        let (cluster, pool) = (fresh("aws-"), fresh("p"));
        let mut variables = environment(k.kubeconfig());
        variables.extend(moto.environment(REGION).into_iter().map(|(name, value)| (name.to_owned(), value)));
        let program = Program::new(variables);
        let aws = Aws { program, moto, k, _bridge: bridge, cluster, pool };
        aws.make_bucket();
        std::fs::write(
            aws.program.folder.path().join("key.pub"),
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f t\n",
        )
        .expect("a public key");
        std::fs::write(aws.program.folder.path().join("cluster.yml"), aws.file()).expect("a cluster file");
        aws
    }

    fn file(&self) -> String {
        let url = self.moto.url();
        format!(
            "apiVersion: scaler/v1\n\
             kind: Cluster\n\
             name: {cluster}\n\
             provider: aws\n\
             region: {REGION}\n\
             kubernetes: {{ version: 1.36.3 }}\n\
             store: {{ backend: s3, bucket: {BUCKET}, prefix: {cluster}, region: {REGION}, endpoint: '{url}', pathStyle: true }}\n\
             ssh: {{ user: ubuntu, publicKeyFile: key.pub }}\n\
             network: {{ cidr: 10.1.0.0/20, zones: [{REGION}a, {REGION}b], adminCidrs: [203.0.113.7/32] }}\n\
             aws: {{ endpoints: {{ ec2: '{url}', sts: '{url}', iam: '{url}', elbv2: '{url}', s3: '{url}' }} }}\n\
             controlPlane: {{ count: 1, machine: t3.medium, image: {{ id: ami-12c6146b }} }}\n\
             pools:\n  - {{ name: {pool}, machine: t3.large, image: {{ id: ami-12c6146b }}, min: 2, max: 6 }}\n",
            cluster = self.cluster,
            pool = self.pool,
        )
    }

    /// An S3 request without a signature: moto looks at none.
    fn make_bucket(&self) {
        let url = self.moto.url();
        let host = url.strip_prefix("http://").expect("plain http");
        let body = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        );
        let mut connection = std::net::TcpStream::connect(host).expect("moto listens");
        write!(
            connection,
            "PUT /{BUCKET} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=k/20260101/{REGION}/s3/aws4_request, SignedHeaders=host, Signature=0\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("a request");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// The workers that run: name → id.
    fn workers(&self) -> BTreeMap<String, String> {
        let instances = self.moto.instances(REGION);
        let workers =
            instances.iter().filter(|one| one.state == InstanceState::Running && one.name().contains(&self.pool));
        workers.map(|one| (one.name().to_owned(), one.id.clone())).collect()
    }

    fn node(&self, number: u32) -> String {
        format!("{}-{}-{number}", self.cluster, self.pool)
    }

    /// Every termination comes after the last eviction from its node.
    fn assert_drained_before_terminated(
        &self,
        removed: &BTreeMap<String, String>,
        pods: &BTreeMap<String, BTreeSet<String>>,
    ) {
        let audit = self.k.audit();
        for request in self.moto.requests().iter().filter(|request| request.action == "TerminateInstances") {
            let Some(id) = request.param("InstanceId.1") else { continue };
            let Some((node, _)) = removed.iter().find(|(_, machine)| **machine == id) else { continue };
            let evicted = audit.iter().filter(|event| {
                event.subresource == "eviction" && pods.get(node).is_some_and(|pods| pods.contains(&event.name))
            });
            let last = evicted.map(|event| event.answered).max();
            assert!(last.is_some(), "{node}: its pods were evicted");
            assert!(last < Some(request.at), "{node}: terminated before the last eviction was answered");
        }
    }
}

/// Pods by node.
fn pods(k: &Client, namespace: &str) -> BTreeMap<String, BTreeSet<String>> {
    let list = k.get(&format!("/api/v1/namespaces/{namespace}/pods"));
    let mut pods: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for pod in list["items"].as_array().expect("a list") {
        let (node, name) = (&pod["spec"]["nodeName"], &pod["metadata"]["name"]);
        if let (Some(node), Some(name)) = (node.as_str(), name.as_str()) {
            pods.entry(node.to_owned()).or_default().insert(name.to_owned());
        }
    }
    pods
}

#[test]
fn a_cluster_on_aws_lives_its_day() {
    scaler_lab::needs!(Moto, AwsProvider);
    let aws = Aws::new();
    let scale = |args: &[&str]| {
        let mut all = vec![args[0], "--pool", &aws.pool, "--yes"];
        all.extend(&args[1..]);
        aws.program.run(&all).ends(0)
    };
    aws.program.run(&["apply", "--yes"]).ends(0);
    assert_eq!(aws.workers().len(), 2);
    aws.program.run(&["plan", "--detailed-exitcode"]).ends(0);

    scale(&["scale-up", "--to", "5"]);
    assert_eq!(aws.workers().keys().cloned().collect::<Vec<_>>(), [1, 2, 3, 4, 5].map(|number| aws.node(number)));

    let namespace = aws.k.namespace("aws");
    aws.k.apply(&crate::world::workload(&namespace, &aws.pool, 10, 1));
    aws.k.wait("the workload to run", |k| {
        (pods(k, &namespace).values().map(BTreeSet::len).sum::<usize>() == 10).then_some(())
    });
    let before = aws.workers();
    let placed = pods(aws.k, &namespace);
    let (second, fourth) = (aws.node(2), aws.node(4));
    scale(&["scale-down", "--node", &second, "--node", &fourth]);
    let after = aws.workers();
    assert_eq!(after.keys().cloned().collect::<Vec<_>>(), [1, 3, 5].map(|number| aws.node(number)));
    let removed: BTreeMap<String, String> = before.into_iter().filter(|(name, _)| !after.contains_key(name)).collect();
    aws.assert_drained_before_terminated(&removed, &placed);
}
