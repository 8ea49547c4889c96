//! The cloud, the record and Terraform's states tell the same.

use std::collections::BTreeMap;

use scaler_lab::InstanceState;
use serde_json::Value;

use super::cluster::{Aws, REGION};

/// Node name → machine id.
pub type Machines = BTreeMap<String, String>;

impl Aws {
    /// The cluster consists of its control plane and of these workers, whoever is asked. Gives them all.
    #[track_caller]
    pub fn assert_consists_of(&self, workers: &[u32]) -> Machines {
        let mut names: Vec<String> = workers.iter().map(|number| self.node(*number)).collect();
        names.push(self.control_plane());
        names.sort();
        let running = self.running();
        assert_eq!(running.keys().cloned().collect::<Vec<_>>(), names, "what runs in EC2");
        assert_eq!(self.recorded(), running, "the record");
        assert_eq!(self.in_states(), running, "Terraform's states");
        assert_eq!(self.told(), running, "what `status` says on another machine");
        running
    }

    /// Every machine that runs has this tag of the cluster file's, and no other one.
    #[track_caller]
    pub fn assert_tagged(&self, tag: &str, value: &str) {
        let (id, machines) = (self.cluster_id(), self.running());
        let instances = self.moto.instances(REGION);
        for one in instances.iter().filter(|one| machines.values().any(|id| *id == one.id)) {
            let of_file = |name: &&String| !name.starts_with("scaler:") && *name != "Name";
            assert_eq!(one.tags.keys().filter(of_file).collect::<Vec<_>>(), [tag], "{}", one.name());
            assert_eq!((one.tags[tag].as_str(), &one.tags["scaler:cluster-id"]), (value, &id), "{}", one.name());
        }
    }

    /// The names of the pool's Nodes.
    pub fn nodes(&self) -> Vec<String> {
        let list = self.k.get(&format!("/api/v1/nodes?labelSelector=scaler/pool%3D{}", self.pool));
        list["items"].as_array().expect("a list of nodes").iter().map(|node| text(&node["metadata"]["name"])).collect()
    }

    pub fn cluster_id(&self) -> String {
        self.record()["clusterId"].as_str().expect("the record has the cluster's id").to_owned()
    }

    pub fn record(&self) -> Value {
        json(&self.object("cluster.json").expect("a record"))
    }

    /// Everything in EC2 that carries the cluster's id and may do something yet.
    #[track_caller]
    fn running(&self) -> Machines {
        let id = self.cluster_id();
        let instances = self.moto.instances(REGION);
        let ours = instances.iter().filter(|one| one.tags.get("scaler:cluster-id") == Some(&id));
        let mut machines = Machines::new();
        for one in ours.filter(|one| one.state != InstanceState::Terminated) {
            assert_eq!(one.state, InstanceState::Running, "{}", one.name());
            assert_eq!(one.tags.get("scaler:node").map(String::as_str), Some(one.name()));
            let twin = machines.insert(one.name().to_owned(), one.id.clone());
            assert_eq!(twin, None, "{} has two machines", one.name());
        }
        machines
    }

    /// By the record.
    pub fn recorded(&self) -> Machines {
        let record = self.record();
        let pools = record["pools"].as_object().expect("pools").values();
        let nodes = pools.chain([&record["controlPlane"]]).flat_map(|pool| pool["nodes"].as_object().expect("nodes"));
        nodes.map(|(name, node)| (name.clone(), text(&node["machineId"]))).collect()
    }

    fn in_states(&self) -> Machines {
        let mut machines = Machines::new();
        for stack in ["foundation".to_owned(), format!("pool-{}", self.pool)] {
            let state = self.object(&format!("terraform/{stack}.tfstate")).expect("a state");
            assert_eq!(self.object(&format!("terraform/{stack}.tfstate.tflock")), None, "Terraform's lock is free");
            let state = json(&state);
            let instances = state["resources"].as_array().expect("resources").iter();
            let instances = instances.filter(|resource| resource["type"] == "aws_instance");
            for instance in instances.flat_map(|resource| resource["instances"].as_array().expect("instances")) {
                machines.insert(text(&instance["index_key"]), text(&instance["attributes"]["id"]));
            }
        }
        machines
    }

    /// From the store alone, in a folder without a cluster file.
    #[track_caller]
    fn told(&self) -> Machines {
        let status = self.elsewhere.run(&["status", "--cluster", &self.url(), "--output", "json"]).ends(0).json();
        // Nodes of other tests' clusters are strangers here.
        let findings = status["findings"].as_array().expect("a list").iter();
        let ours: Vec<&Value> = findings.filter(|finding| finding["finding"] != "stray").collect();
        assert!(ours.is_empty(), "{ours:?}");
        assert_eq!(status["unfinished"], Value::Null, "{status}");
        assert_eq!(status["clusterId"], self.cluster_id().as_str(), "{status}");
        let pools = status["pools"].as_object().expect("pools").values().map(|pool| &pool["nodes"]);
        let lines = pools.chain([&status["controlPlane"]]).flat_map(|nodes| nodes.as_array().expect("nodes"));
        let told = lines.inspect(|line| {
            assert_eq!((&line["machine"], &line["node"]), (&"running".into(), &"ready".into()), "{line}");
        });
        told.map(|line| (text(&line["name"]), text(&line["machineId"]))).collect()
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
