//! A healthy patient, and one that has everything at once.

use std::sync::Arc;

use async_trait::async_trait;

use super::*;
use crate::model::failure::Failure;
use crate::model::file;
use crate::model::machine::{Place, Sighting};
use crate::model::names::{OperationId, StackId};
use crate::model::provider::Provider;
use crate::model::record::{Flavour, Source};
use crate::ops::gone::fakes::Fake;
use crate::ops::lease::Lease;
use crate::ops::ports::probe::{Answer, Printed, Probed, Tool as ToolName};
use crate::ops::ports::terraform::{Applied, PlanMode, SavedPlan, Stack, Tool};
use crate::ops::ports::{Kubernetes, Terraform};
use crate::ops::testing::{MemoryStore, NobodyProvisions};

const FILE: &str = "
apiVersion: scaler/v1
kind: Cluster
name: demo
provider: sandbox
region: r
kubernetes: { version: 1.33.1, podNetwork: { cidr: 10.244.0.0/16 } }
store: { backend: local, path: ./store }
ssh: { user: me }
network: { cidr: 10.1.0.0/20, zones: [z1] }
controlPlane: { count: 1, machine: small, image: { family: ubuntu-24.04 } }
sandbox: { register: ./register }
pools: [{ name: w, machine: small, min: 1, max: 5, image: { family: ubuntu-24.04 } }]
";

/// Everything of the outside that [`Fake`] is not. `None` or false: it is broken.
struct Outside {
    works: bool,
}

impl Outside {
    fn or_broken<T>(&self, value: T) -> Result<T> {
        if self.works { Ok(value) } else { Err(Failure::failed("it is broken").hint("mend it")) }
    }
}

#[async_trait]
impl Terraform for Outside {
    async fn tool(&self) -> Result<Tool> {
        let version = semver::Version::new(1, 11, 4);
        self.or_broken(Tool { flavour: Flavour::Terraform, version, path: "/bin/terraform".into() })
    }

    async fn init(&self, _: &Stack, _: Option<&str>) -> Result<String> {
        unimplemented!()
    }

    async fn plan(&self, _: &StackId, _: PlanMode, _: Option<&Lease>) -> Result<Box<dyn SavedPlan>> {
        unimplemented!()
    }

    async fn apply(&self, _: Box<dyn SavedPlan>, _: &Lease) -> Result<Applied> {
        unimplemented!()
    }

    async fn import(&self, _: &StackId, _: &str, _: &str, _: &Lease) -> Result<()> {
        unimplemented!()
    }

    async fn untaint(&self, _: &StackId, _: &str, _: &Lease) -> Result<()> {
        unimplemented!()
    }
}

#[async_trait]
impl Tools for Outside {
    async fn version(&self, tool: ToolName) -> Result<Printed> {
        let text = match tool {
            ToolName::Kubectl => "{\"clientVersion\": {\"gitVersion\": \"v1.32.4\"}}",
            ToolName::AnsiblePlaybook => "ansible-playbook [core 2.19.3]",
            ToolName::Packer => "Packer v1.6.6",
        };
        self.or_broken(Printed { path: "/bin/tool".into(), text: text.into() })
    }
}

#[async_trait]
impl CloudProbe for Outside {
    async fn rights(&self, _: Option<&str>) -> Vec<Probed> {
        let answer = if self.works { Answer::Good } else { Answer::Bad("no".into()) };
        vec![Probed { name: "ec2:RunInstances".into(), answer, fix: "allow it".into() }]
    }

    async fn now(&self) -> Result<jiff::Timestamp> {
        // The clock of the test stands at its epoch.
        Ok(jiff::Timestamp::from_second(if self.works { 0 } else { 3600 }).unwrap())
    }
}

#[async_trait]
impl BucketProbe for Outside {
    async fn care(&self) -> Vec<Probed> {
        let answer = if self.works { Answer::Good } else { Answer::Bad("no".into()) };
        vec![Probed { name: "encryption".into(), answer, fix: "switch it on".into() }]
    }
}

fn file() -> ClusterFile {
    file::parse("demo.yml", FILE, &[]).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn record() -> Record {
    let place = Place { account: "1".into(), region: "r".into() };
    let source = Source { cluster_file: FILE.into(), sets: Vec::new(), files: Default::default() };
    let record = Record::new("id", "demo", Provider::Sandbox, &place, source, OperationId::from_text("op-1"));
    Record { kube_system_uid: Some("uid-kube-system".into()), ..record }
}

async fn examined(works: bool, record: &Record, change: impl FnOnce(&mut Fake)) -> Report {
    let mut fake = Fake::answering(|_, _| Ok(Sighting::Unknown));
    change(&mut fake);
    let fake = Arc::new(fake);
    let store = MemoryStore::default();
    store.overwrite(record::KEY, serde_json::to_vec(record).unwrap());
    let kubernetes: Result<Arc<dyn Kubernetes>> =
        if works { Ok(fake.clone()) } else { Err(Failure::failed("no kubectl").hint("install it")) };
    let ports = Ports {
        store: Arc::new(store),
        cloud: fake.clone(),
        terraform: Arc::new(Outside { works }),
            provisioner: Arc::new(NobodyProvisions),
            images: Arc::new(NobodyProvisions),
            image_builder: Arc::new(NobodyProvisions),
            door: Arc::new(NobodyProvisions),
        kubernetes,
        clock: fake.clone(),
        progress: fake,
    };
    let outside = Outside { works };
    let patient = Patient {
        file: &file(),
        ports: &ports,
        tools: &outside,
        cloud: Some(&outside),
        bucket: Some(&outside),
        write_probe: true,
    };
    examine(&patient).await
}

fn found<'a>(report: &'a Report, name: &str) -> &'a Check {
    report.checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("no check {name}: {report:?}"))
}

#[tokio::test]
async fn a_healthy_patient_has_nothing() {
    let report = examined(true, &record(), |_| {}).await;
    assert_eq!(report.worst(), Status::Ok, "{report:#?}");
    assert!(report.checks.iter().all(|check| check.fix.is_none()), "{report:#?}");
    assert_eq!(found(&report, "terraform").detail, "Terraform 1.11.4 at /bin/terraform");
    assert!(found(&report, "record").detail.contains("`demo`, generation"));
}

#[tokio::test]
async fn every_fault_is_found_at_once_and_each_has_a_fix() {
    let report = examined(false, &record(), |_| {}).await;
    assert_eq!(report.worst(), Status::Fail);
    for name in ["terraform", "kubectl", "right: ec2:RunInstances", "cluster", "clock"] {
        let check = found(&report, name);
        assert_eq!(check.status, Status::Fail, "{check:?}");
        assert!(check.fix.is_some(), "{check:?}");
    }
    assert_eq!(found(&report, "packer").status, Status::Skipped);
    assert_eq!(found(&report, "store: encryption").status, Status::Warn);
    assert_eq!(found(&report, "store").status, Status::Ok, "what is well is said too");
}

#[tokio::test]
async fn another_cluster_another_account_and_missing_rights_are_named() {
    let foreign = Record { kube_system_uid: Some("uid-other".into()), account: "2".into(), ..record() };
    let report = examined(true, &foreign, |fake| fake.denied = vec!["pods"]).await;
    let identity = found(&report, "cluster identity");
    assert!(identity.status == Status::Fail && identity.detail.contains("uid-other"), "{identity:?}");
    let login = found(&report, "login");
    assert!(login.status == Status::Fail && login.detail.contains("account 2"), "{login:?}");
    let rights = found(&report, "cluster rights");
    assert!(rights.status == Status::Fail && rights.detail.contains("create pods/eviction"), "{rights:?}");
}

#[tokio::test]
async fn who_lets_machines_join_needs_the_rights_for_that() {
    let mut fake = Fake::answering(|_, _| Ok(Sighting::Unknown));
    fake.denied = vec!["secrets"];
    let by_ssh = FILE.replace("{ name: w,", "{ name: w, provisioning: ssh,");
    for (text, status) in [(FILE.to_owned(), Status::Ok), (by_ssh, Status::Fail)] {
        let file = file::parse("demo.yml", &text, &[]).unwrap_or_else(|problems| panic!("{problems:?}"));
        let checks = cluster::checks(Ok(&fake), &file, None).await;
        let rights = checks.iter().find(|check| check.name == "cluster rights").unwrap();
        assert_eq!(rights.status, status, "{rights:?}");
        let named = rights.detail.contains("create secrets in namespace kube-system");
        assert_eq!(named, status == Status::Fail, "{rights:?}");
    }
}

#[tokio::test]
async fn a_store_is_left_as_it_was_found_unless_a_trial_is_asked_for() {
    let store = MemoryStore::default();
    let fake = Fake::answering(|_, _| Ok(Sighting::Unknown));
    let look = async |write_probe| store::checks(&store, &fake, None, &Ok(None), write_probe).await[0].clone();
    let untried = look(false).await;
    assert!(untried.status == Status::Skipped && untried.detail.contains("--write-probe"), "{untried:?}");
    assert_eq!(crate::ops::ports::Store::list(&store, "").await.unwrap(), Vec::<String>::new());
    assert_eq!(look(true).await.status, Status::Ok);
    let proven = look(false).await;
    assert!(proven.status == Status::Ok && proven.detail.contains("was seen to keep conditions"), "{proven:?}");
}
