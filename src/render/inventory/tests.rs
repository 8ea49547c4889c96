use super::*;
use crate::model::file;
use crate::model::machine::Place;
use crate::model::names::OperationId;
use crate::model::provider::Provider;
use crate::model::record::PoolRecord;
use crate::model::record::{Addresses, Source};

const FILE: &str = r#"
apiVersion: scaler/v1
kind: Cluster
name: demo
provider: aws
region: eu-west-1
kubernetes: { version: 1.36.3, packages: https://mirror.example.com/k8s }
store: { backend: s3, bucket: acme-clusters, prefix: demo, region: eu-west-1 }
ssh: { user: ubuntu, publicKeyFile: ./demo.pub }
network: { cidr: 10.1.0.0/20, zones: [eu-west-1a] }
pools:
  - name: web-front
    count: 2
    machine: t3.large
    labels: { tier: web }
    taints: [{ key: dedicated, value: web, effect: NoSchedule }, { key: bare, effect: NoExecute }]
    kubelet: { maxPods: 30, evictionHard: { memory.available: "{{ 1 }}" } }
"#;

fn file(more: &str) -> ClusterFile {
    file::parse("f", &(FILE.to_owned() + more), &[]).map_err(|problems| problems.report(false)).unwrap()
}

fn node(id: Option<&str>, addresses: Option<(&str, Option<&str>)>) -> NodeRecord {
    NodeRecord {
        zone: "eu-west-1a".into(),
        machine: "t3.large".into(),
        machine_id: id.map(str::to_owned),
        addresses: addresses
            .map(|(private, public)| Addresses { private: private.into(), public: public.map(str::to_owned) }),
        ..crate::model::plan::samples::node("eu-west-1a")
    }
}

fn record() -> Record {
    let place = Place { account: "1".into(), region: "eu-west-1".into() };
    let source = Source { cluster_file: String::new(), sets: Vec::new(), files: BTreeMap::new() };
    let mut record = Record::new("id", "demo", Provider::Aws, &place, source, OperationId::from_text("op"));
    let name = |text: &str| NodeName::from_text(text);
    record.control_plane.nodes =
        BTreeMap::from([(name("demo-control-plane-1"), node(Some("i-0"), Some(("10.1.0.4", Some("203.0.113.4")))))]);
    let nodes = BTreeMap::from([
        (name("demo-web-front-1"), node(Some("i-1"), Some(("10.1.0.5", None)))),
        (name("demo-web-front-2"), node(Some("i-2"), None)),
        (name("demo-web-front-3"), node(None, None)),
    ]);
    record.pools.insert("web-front".into(), PoolRecord { next_number: 4, size: 3, nodes });
    record
}

#[test]
fn it_tells_of_every_machine_that_can_be_reached() {
    let (file, record) = (file(""), record());
    let init = NodeName::from_text("demo-control-plane-1");
    let run = RunFacts { endpoint: "api.demo:6443", init_host: Some(&init), ..RunFacts::default() };
    insta::assert_snapshot!(String::from_utf8(inventory(&file, &record, run)).unwrap());
}

#[test]
fn through_a_host_machines_are_reached_by_their_own_addresses() {
    let mut file = file("");
    file.ssh.jump = Some("me@bastion:2222".into());
    let text = String::from_utf8(inventory(&file, &record(), RunFacts::default())).unwrap();
    assert!(text.contains("ansible_host: !unsafe \"10.1.0.4\""), "{text}");
    assert!(text.contains("-o ProxyJump=me@bastion:2222\""), "{text}");
    assert!(!text.contains("203.0.113.4"), "{text}");
}

#[test]
fn a_run_that_only_leaves_waits_for_nobody() {
    let run = RunFacts { leaving: true, patience: Some(Duration::from_secs(90)), ..RunFacts::default() };
    let text = String::from_utf8(inventory(&file(""), &record(), run)).unwrap();
    for line in ["ansible_ssh_retries: 0", "scaler_leave_timeout: 30", "scaler_connect_timeout: 90"] {
        assert!(text.contains(&format!("    {line}\n")), "{text}");
    }
}
