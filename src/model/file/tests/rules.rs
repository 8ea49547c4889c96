//! The rules between fields, and those of each cloud: a change of an example, and what is told about it.

use super::*;

/// Changes one text of an example for another and wants a problem with these words; or none, for the empty words.
#[track_caller]
fn check(example: &str, from: &str, to: &str, expected: &str) {
    assert!(example.contains(from), "{from} is not in the example");
    let text = example.replacen(from, to, 1);
    match (parse("f", &text, &[]), expected) {
        (Ok(_), "") => {}
        (Ok(_), _) => panic!("{to}: valid"),
        (Err(problems), "") => panic!("{to}: {}", problems.report(false)),
        (Err(problems), _) => assert!(problems.to_string().contains(expected), "{to}: {problems}"),
    }
}

#[test]
fn names() {
    check(SANDBOX, "name: demo", "name: 123", "`name` must be a DNS label");
    check(SANDBOX, "name: workers", "name: control-plane", "meaning of its own");
    check(SANDBOX, "name: workers", "name: ops", "the pool `ops` is given twice");
    check(SANDBOX, "name: workers", "name: ops-1", "");
    let long = format!("name: {}", "p".repeat(51));
    check(SANDBOX, "name: workers", &long, "this has 51 characters");
    check(SANDBOX, "provider: sandbox", "provider: gcp", "must be `aws`, `azure` or `sandbox`");
    check(SANDBOX, "kind: Cluster", "kind: cluster", "`kind` must be `Cluster`");
    check(SANDBOX, "apiVersion: scaler/v1", "apiVersion: scaler/v2", "`apiVersion` must be `scaler/v1`");
}

#[test]
fn sizes() {
    check(SANDBOX, "    min: 1\n    max: 20\n", "", "it has none of them");
    check(SANDBOX, "    max: 20\n", "", "there is no `max`");
    check(SANDBOX, "    min: 1\n", "    count: 1\n", "this stands beside `max`");
    check(SANDBOX, "min: 1", "min: 21", "must be at most `max`");
    check(SANDBOX, "min: 1", "min: 0", "");
    check(
        "apiVersion: scaler/v1\nkind: Cluster\nname: abc\nprovider: sandbox\nkubernetes: {version: 1.36.3}\nstore: {backend: local, path: x}\npools: []\n",
        "abc",
        "abc",
        "",
    );
    check(SANDBOX, "max: 20", "max: 5001", "must be a whole number from 0 to 5000");
    check(SANDBOX, "min: 1", "min: -1", "this is too little");
    check(SANDBOX, "min: 1", "min: 1.5", "must be a whole number");
    check(SANDBOX, "min: 1", "min: 01", "must be a whole number");
    check(SANDBOX, "controlPlane: { count: 1", "controlPlane: { count: 2", "must be odd");
    check(SANDBOX, "controlPlane: { count: 1", "controlPlane: { count: 9", "from 1 to 7");
    check(SANDBOX, "parallel: 5", "parallel: 0", "from 1 to");
    check(SANDBOX, "timeout: 5m", "timeout: 2h", "must be at most `totalTimeout`");
    check(SANDBOX, "timeout: 5m", "timeout: 5", "the unit is missing");
    check(SANDBOX, "timeout: 5m", "timeout: 0s", "no time at all");
    check(SANDBOX, "timeout: 5m, totalTimeout: 30m", "totalTimeout: 5m", "`timeout` is 15m");
}

#[test]
fn networks() {
    check(AWS, "cidr: 10.1.0.0/20", "cidr: 10.1.0.0/24", "a /24 is too small");
    check(AWS, "cidr: 10.1.0.0/20", "cidr: 10.0.0.0/8", "too large");
    check(AWS, "cidr: 10.1.0.0/20", "cidr: 10.1.0.9/20", "bits behind the first 20");
    check(AWS, "cidr: 10.1.0.0/20", "cidr: 10.244.0.0/20", "must not overlap");
    check(AWS, "cidr: 10.1.0.0/20", "cidr: 10.100.0.0/20", "must be apart from the services");
    check(AWS, "cidr: 10.244.0.0/16", "cidr: 10.1.0.0/16", "must not overlap");
    check(AWS, "cidr: 10.244.0.0/16", "cidr: 10.96.0.0/16", "services");
    check(AWS, "  cidr: 10.1.0.0/20\n", "", "");
    check(AWS, "max: 50", "max: 1500", "must have room for all machines");
    check(AWS, "[eu-west-1a, eu-west-1b, eu-west-1c]", "[eu-west-1a, eu-west-2b]", "not a zone of eu-west-1");
    check(AWS, "[eu-west-1a, eu-west-1b, eu-west-1c]", "[eu-west-1a, eu-west-1a]", "given twice");
    check(AWS, "[eu-west-1a, eu-west-1b, eu-west-1c]", "[]", "must name one zone");
    check(AWS, "  zones: [eu-west-1a, eu-west-1b, eu-west-1c]\n", "", "`network.zones` is missing");
    check(AWS, "[203.0.113.7/32, ", "[0.0.0.0/0, ", "the whole internet");
    check(AWS, "[203.0.113.7/32, ", "[203.0.113.7, ", "prefix length is missing");
    check(AWS, "port: 443", "port: 22", "this is SSH");
    check(AWS, "port: 443", "port: 6443", "this is the Kubernetes API");
    check(AWS, "port: 443", "port: 0", "from 1 to 65535");
    check(
        AWS,
        "{ port: 51820, protocol: udp, from: 198.51.100.0/24 }",
        "{ port: 443, from: 0.0.0.0/0 }",
        "given twice",
    );
    check(AWS, "region: eu-west-1\n", "region: eu-wset-1\n", "not a region");
    check(AWS, "region: eu-west-1\n", "", "`region` is missing");
    check(SANDBOX, "region: local\n", "", "");
}

#[test]
fn machines_and_images() {
    check(AWS, "machine: t3.large", "machine: Standard_D2s_v5", "not an EC2 instance type");
    check(AWS, "type: gp3", "type: io2", "must be a type of root disk");
    check(AWS, "sizeGiB: 64", "sizeGiB: 4", "from 8 to");
    check(AWS, "image: { build: worker }", "image: { build: wroker }", "`images` has none of this name");
    check(
        AWS,
        "image: { build: worker }",
        "image: { build: worker, family: debian-12 }",
        "one of `id`, `family` and `build`",
    );
    check(AWS, "image: { build: worker }", "image: {}", "one of `id`, `family` and `build`");
    check(AWS, "image: { family: ubuntu-24.04 }", "image: { family: ubuntu-24.4 }", "an operating system");
    check(AWS, "ami-0123456789abcdef0", "ubuntu", "not an AMI's id");
    check(AWS, "base: ubuntu-24.04", "base: windows", "an operating system");
    check(AWS, "capacity: spot", "capacity: Spot", "must be `on-demand` or `spot`");
    check(AZURE, "machine: Standard_D4s_v5", "machine: t3.large", "not an Azure VM size");
    check(AZURE, "region: westeurope", "region: West Europe", "not a region's name");
    check(AZURE, "type: Premium_LRS", "type: gp3", "must be a type of root disk");
    check(AZURE, "[\"1\", \"2\", \"3\"]", "[]", "");
    check(AZURE, "[\"1\", \"2\", \"3\"]", "[1]", "this is a number");
    check(AZURE, "subscription: 00000000-0000-0000-0000-000000000000", "subscription: pay-as-you-go", "not an id");
    check(AZURE, "dns: api.demo.example.com", "dns: localhost", "a full host name");
}

#[test]
fn labels_taints_and_kubelets() {
    check(AWS, "labels: { tier: web }", "labels: { tier: 1 }", "this is a number");
    check(AWS, "labels: { tier: web }", "labels: { tier: a b }", "must be a label's value");
    check(AWS, "labels: { tier: web }", "labels: { node-role.kubernetes.io/worker: '' }", "its own node a role");
    check(AWS, "labels: { tier: web }", "labels: { topology.kubernetes.io/zone: x }", "by itself");
    check(AWS, "effect: NoSchedule", "effect: noSchedule", "must be `NoSchedule`");
    check(AWS, "key: dedicated", "key: node.kubernetes.io/not-ready", "come and go");
    check(SANDBOX, "taints: [", "taints: [{ key: dedicated, effect: NoSchedule }, ", "is given twice");
    check(AWS, "cpuCFSQuota: false", "cpuCfsQuotta: false", "no such field");
    check(AWS, "cpuCFSQuota: false", "providerID: x", "set for every node");
    check(AWS, "cpuCFSQuota: false", "cpuCFSQuota: null", "a value that JSON can hold");
    check(AWS, "cpuCFSQuota: false", "evictionHard: { memory.available: 5% }", "");
}

#[test]
fn tags_and_stores() {
    check(AWS, "team: platform", "scaler:node: x", "sets this tag itself");
    check(AWS, "team: platform", "aws:x: x", "keeps names");
    check(AWS, "team: platform", "Name: x", "sets this tag itself");
    check(AWS, "team: platform", "team: '${x}'", "does not take `$`");
    check(SANDBOX, "team: platform", "team: \"${file(1)} %{ for } {{ x }} '$(id)'\"", "");
    check(SANDBOX, "team: platform", "team: \"a\\nb\"", "invisible character");
    check(AZURE, "team: platform", "team: x, Team: y", "given twice");
    check(AWS, "bucket: acme-clusters", "bucket: s3://acme", "must be a bucket's name");
    check(AWS, "prefix: clusters/demo", "prefix: ../demo", "a folder within the store");
    check(AWS, "prefix: clusters/demo, ", "", "");
    check(AWS, "backend: s3", "backend: gcs", "must be `s3`, `azblob` or `local`");
    check(AWS, "backend: s3", "backend: local", "`store` has no field `bucket`");
    check(SANDBOX, "path: ./store", "bucket: x", "`store.path` is missing");
    check(AZURE, "account: acmeclusters", "account: Acme", "cannot be a storage account");
    check(AWS, "aws: { profile: acme }", "aws: { endpoints: { s3: 'http://u:p@h' } }", "a login in it");
    check(AWS, "aws: { profile: acme }", "azure: {}", "is for provider `azure`");
    check(SANDBOX, "sandbox: { register: .sandbox }", "aws: {}", "is for provider `aws`");
    check(AWS, "  publicKeyFile: ~/.ssh/demo.pub\n", "", "`ssh.publicKeyFile` is missing");
    check(AWS, "publicKeyFile: ~/.ssh/demo.pub", "publicKeyFile: ~/.ssh/demo", "another file");
    check(AWS, "jump: ubuntu@bastion.example.com", "jump: -oProxyCommand=x", "a host");
    check(AWS, "manifest: ./flannel.yml", "manifest: \"a\\0b\"", "invisible character");
    check(AWS, "autoscaler: {}", "autoscaler: { enabled: true }", "no field `enabled`");
}

#[test]
fn joining_at_boot() {
    let boot = "provisioning: boot";
    check(AWS, "    image: { build: worker }\n", &format!("    image: {{ build: worker }}\n    {boot}\n"), "");
    check(
        AWS,
        "image: { id: ami-0123456789abcdef0 } }",
        &format!("image: {{ id: ami-1 }}, {boot} }}"),
        "not an AMI's id",
    );
    check(
        AWS,
        "image: { id: ami-0123456789abcdef0 } }",
        &format!("{boot} }}"),
        "`pools[2].provisioning` cannot be `boot`",
    );
    check(AWS, "image: { id: ami-0123456789abcdef0 } }", &format!("{boot} }}"), "an image that has kubelet");
    check(
        AWS,
        "image: { build: worker }",
        &format!("image: {{ family: debian-12 }}\n    {boot}"),
        "an image that has kubelet",
    );
    let long = format!("name: {}, {boot},", "p".repeat(49));
    check(AWS, "name: ops,", &long, "with 48 characters at most");
    // Who makes the others join is there already.
    check(AWS, "  count: 3\n  machine", &format!("  count: 3\n  {boot}\n  machine"), "must be `ssh` or `none`");
    check(AWS, "base: ubuntu-24.04", &format!("base: ubuntu-24.04, {boot}"), "must be `ssh` or `none`");
    let workers = format!("name: workers\n    {boot}\n");
    check(AZURE, "name: workers\n", &workers, "not built for Azure yet");
    check(SANDBOX, "name: workers\n", &workers, "have no boot");
    let at_boot = AWS.replace("name: ops,", &format!("name: ops, {boot},"));
    let store = "backend: s3, bucket: acme-clusters, prefix: clusters/demo, region: eu-west-1";
    check(&at_boot, store, "backend: local, path: ./store", "machines read no folder of yours");
    check(&at_boot, store, "backend: azblob, account: acmeclusters, container: clusters", "read no store in Azure");
}
