//! Machines that join at their first boot: EC2 and S3 are moto's, the machines are hosts of the lab, kubeadm is the real
//! one, and what a machine runs is its user-data. Stand-ins: the metadata service and cloud-init (`boot/machine.py`).

use std::collections::BTreeMap;
use std::process::Command;

use scaler_lab::{BootCloud, Hosts, tools};
use serde_json::Value;

use super::cluster::{self, all_that_is_kept, is_ready, program};
use crate::secrets::search::Search;
use crate::world::{BUCKET, Program, REGION, Said, fresh};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f t\n";

pub struct AtBoot {
    pub cloud: BootCloud,
    pub program: Program,
    pub cluster: String,
}

impl AtBoot {
    /// With its bucket.
    pub fn new() -> AtBoot {
        let cloud = BootCloud::start();
        let environment: BTreeMap<String, String> =
            cloud.environment().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let program = program(environment);
        std::fs::write(program.folder.path().join("key.pub"), KEY).expect("a public key");
        let at = AtBoot { cloud, program, cluster: fresh("boot-") };
        at.write();
        at.cloud.expect_control_plane(&format!("{}-control-plane-1", at.cluster));
        at.run(&["state", "init", "--cluster", &at.url(), "--yes"]).ends(0);
        at
    }

    /// Its store.
    pub fn url(&self) -> String {
        let (cluster, endpoint) = (&self.cluster, self.cloud.url());
        format!("s3://{BUCKET}/clusters/{cluster}?region={REGION}&endpoint={endpoint}&pathStyle=true")
    }

    pub fn write(&self) {
        let (store, cidr, endpoint) = (self.cloud.url(), self.cloud.cidr(), BootCloud::ENDPOINT);
        let text = format!(
            "apiVersion: scaler/v1\nkind: Cluster\nname: {cluster}\nprovider: aws\nregion: {REGION}\n\
             kubernetes: {{ version: 1.36.3, packages: '{mirror}', podNetwork: {{ cidr: 10.244.0.0/16 }} }}\n\
             access: {{ kubeconfig: ./kubeconfig }}\n\
             store: {{ backend: s3, bucket: {BUCKET}, prefix: clusters/{cluster}, region: {REGION}, endpoint: '{store}' }}\n\
             ssh: {{ user: {user}, privateKeyFile: '{key}', publicKeyFile: key.pub }}\n\
             network: {{ cidr: {cidr}, zones: [{REGION}a], private: true, adminCidrs: [203.0.113.7/32] }}\n\
             aws: {{ endpoints: {{ ec2: '{store}', sts: '{store}', iam: '{store}', s3: '{store}' }} }}\n\
             drain: {{ timeout: 60s, totalTimeout: 120s }}\n\
             controlPlane: {{ count: 1, machine: t3.medium, image: {{ id: ami-12c6146b }}, endpoint: {{ dns: {endpoint} }} }}\n\
             pools:\n  - name: workers\n    machine: t3.large\n    image: {{ id: ami-12c6146b }}\n    provisioning: boot\n\
             \x20   min: 1\n    max: 9\n    labels: {{ tier: 'web' }}\n\
             \x20   taints: [{{ key: dedicated, value: web, effect: PreferNoSchedule }}]\n    kubelet: {{ maxPods: 33 }}\n",
            cluster = self.cluster,
            mirror = self.cloud.hosts().mirror(),
            user = Hosts::USER,
            key = self.cloud.hosts().key().display(),
        );
        std::fs::write(self.program.folder.path().join("cluster.yml"), text).expect("the cluster file");
    }

    pub fn node(&self, number: u32) -> String {
        format!("{}-workers-{number}", self.cluster)
    }

    /// The next machine of this number is of a prepared image, and boots.
    pub fn boots(&self, number: u32) {
        self.cloud.expect_booting(&self.node(number));
    }

    pub fn run(&self, args: &[&str]) -> Said {
        self.program.run(args)
    }

    /// What the cluster says of something, asked as its admin.
    pub fn ask(&self, path: &str) -> Value {
        let mut kubectl = Command::new(tools().join("kubectl"));
        kubectl.args(["get", "--raw", path]).env_clear().envs(&self.program.environment);
        kubectl.env("KUBECONFIG", self.program.folder.path().join("kubeconfig"));
        let asked = kubectl.output().expect("kubectl starts");
        assert!(asked.status.success(), "{path}: {}", String::from_utf8_lossy(&asked.stderr));
        serde_json::from_slice(&asked.stdout).expect("an object")
    }

    /// The node is what the pool says, and nobody has logged in to its machine.
    #[track_caller]
    pub fn assert_joined(&self, number: u32) {
        let name = self.node(number);
        let node = self.ask(&format!("/api/v1/nodes/{name}"));
        assert!(is_ready(&node), "{node}");
        let instances = self.cloud.moto().instances(REGION);
        let instance = instances.iter().find(|one| one.name() == name).expect("an instance");
        assert_eq!(node["spec"]["providerID"], format!("aws:///{REGION}a/{}", instance.id));
        assert_eq!(node["spec"]["taints"][0]["key"], "dedicated", "{node}");
        let labels = &node["metadata"]["labels"];
        assert_eq!(labels["tier"], "web");
        assert_eq!(labels["topology.kubernetes.io/zone"], format!("{REGION}a"));
        assert_eq!(labels["node.kubernetes.io/instance-type"], "t3.large");
        let host = self.cloud.hosts().host(&name);
        let kubelet = host.read("/var/lib/kubelet/config.yaml").expect("its kubelet's configuration");
        assert!(kubelet.contains("maxPods: 33"), "{kubelet}");
        assert!(host.logins().is_empty(), "{:?}", host.logins());
        assert_eq!(host.read("/run/scaler-join.json"), None, "the token is taken away");
    }

    /// No token is left in the cluster, and no version of a join file in the bucket.
    #[track_caller]
    pub fn assert_no_way_in(&self) {
        let secrets =
            self.ask("/api/v1/namespaces/kube-system/secrets?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken");
        assert_eq!(secrets["items"].as_array().map(Vec::len), Some(0), "{secrets}");
        let versions = self.cloud.moto().ask_bucket(REGION, BUCKET, "versions");
        assert!(versions.contains("cluster.json"), "{versions}");
        assert!(!versions.contains("/join/"), "{versions}");
    }

    /// The tokens that went to the store are nowhere else: in nothing that was said, is kept or was an argument, here,
    /// there or on machines.
    #[track_caller]
    fn assert_tokens_stay_secret(&self, tokens: usize, mut search: Search) {
        let seen = self.cloud.tokens();
        assert_eq!(seen.len(), tokens, "each machine has one of its own");
        search.learn(seen.iter().filter_map(|token| token.split('.').nth(1)).map(str::to_owned));
        search.clean(&self.program.said(), "what was said");
        for key in self.cloud.moto().keys(REGION, BUCKET) {
            search.clean(&self.cloud.moto().object(REGION, BUCKET, &key).unwrap_or_default(), &key);
        }
        let instances = self.cloud.moto().instances(REGION);
        for id in instances.iter().filter(|one| one.name().contains("-workers-")).map(|one| &one.id) {
            let user_data = self.cloud.moto().user_data(REGION, id);
            assert!(user_data.contains("/join/"), "{user_data}");
            search.clean(&user_data, &format!("the user-data of {id}"));
        }
        for host in self.cloud.hosts().all() {
            search.clean(&all_that_is_kept(&host), host.name());
        }
        search.ends(&[]);
    }
}

#[test]
fn machines_join_by_themselves_and_leave_nothing_to_join_by() {
    scaler_lab::needs!(Hosts, Ansible, Moto, AwsProvider);
    let at = AtBoot::new();
    let search = cluster::search(&at.program);
    at.boots(1);
    at.run(&["apply", "--yes", "-vvv"]).ends(0);
    at.run(&["kubeconfig"]).ends(0);
    at.assert_joined(1);
    at.assert_no_way_in();

    at.boots(2);
    at.boots(3);
    at.run(&["scale-up", "--pool", "workers", "--by", "2", "--yes", "-vvv"]).ends(0);
    at.assert_joined(2);
    at.assert_joined(3);
    at.assert_no_way_in();

    // Its image does not boot: at the deadline its way in is closed.
    at.cloud.expect_dead(&at.node(4));
    let said = at.run(&["scale-up", "--pool", "workers", "--by", "1", "--yes", "--join-timeout", "15s"]).ends(6);
    said.says(&format!("made, but not joined to the cluster: {}", at.node(4)));
    at.assert_no_way_in();
    // Later it has, and is let in.
    let ran = at.cloud.hosts().host(&at.node(4)).run(&["sh", "-c", &(at.cloud.prepares() + &at.cloud.boot())]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    at.run(&["provision", "--limit", &at.node(4), "--yes"]).ends(0);
    at.assert_joined(4);
    at.assert_no_way_in();

    at.assert_tokens_stay_secret(5, search);
    at.run(&["plan", "--detailed-exitcode"]).ends(0);
    at.run(&["scale-down", "--pool", "workers", "--node", &at.node(2), "--yes"]).ends(0);
}

/// What a program in Python prints that has the machines' script as its first argument.
#[track_caller]
fn asked_of_the_script(program: &str, more: &[&str]) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/boot/join.py");
    let ran = Command::new("python3").args(["-c", program, script]).args(more).output().expect("python3 starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// Signatures that botocore 1.44 (`S3SigV4Auth`) makes of the same; moto looks at none.
#[test]
fn a_machine_asks_for_its_join_file_as_aws_own_tools_would() {
    let ask = "import datetime, runpy, sys
join = runpy.run_path(sys.argv[1])
login = {'AccessKeyId': 'AKIAIOSFODNN7EXAMPLE', 'SecretAccessKey': 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'Token': 't'}
settings = {'endpoint': 'https://s3.eu-west-1.amazonaws.com', 'bucket': 'acme', 'key': sys.argv[2] + '/join/AROA:'}
url = join['address_of'](settings, 'i-1')
print(url)
print(join['signed'](url, 'eu-west-1', login, datetime.datetime(2013, 5, 24))['authorization'])";
    let headers = "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token";
    for (prefix, path, signature) in [
        ("demo", "demo", "92d2bb450fc5009bfe60373f43c3f5ef3bbf6202ec64396ffdce1d8f24c9061d"),
        ("a!b*'(x)", "a%21b%2A%27%28x%29", "64c1777ae2a30985d73bb8dea39076ad0157e184d0002af517ca7cce78d4d6d8"),
    ] {
        let url = format!("https://s3.eu-west-1.amazonaws.com/acme/{path}/join/AROA%3Ai-1\n");
        let scope = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/eu-west-1/s3/aws4_request";
        assert_eq!(asked_of_the_script(ask, &[prefix]), format!("{url}{scope}, {headers}, Signature={signature}\n"));
    }
}

/// EC2 says so with status 200 ("Troubleshoot IAM and Amazon EC2"): of a role that was made a moment ago, for example.
#[test]
fn a_machine_whose_role_is_not_its_own_yet_goes_on_waiting() {
    let look = "import json, runpy, sys
look = runpy.run_path(sys.argv[1])['look']
says = {'instance-id': 'i-1', 'local-ipv4': '10.0.0.4', 'iam/security-credentials/': 'workers'}
says['iam/security-credentials/workers'] = json.dumps({'Code': 'AssumeRoleUnauthorizedAccess', 'Message': 'no'})
look.__globals__['imds_token'] = lambda: 't'
look.__globals__['imds'] = lambda path, token: says[path]
print(look({}))";
    let told = "(None, 'role workers gives this machine no login: AssumeRoleUnauthorizedAccess')\n";
    assert_eq!(asked_of_the_script(look, &[]), told);
}
