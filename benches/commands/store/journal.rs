//! The journal of an operation that removes many nodes, from its first entry to its last.

use std::collections::BTreeMap;

use scaler::model::journal::{
    Act, ApplyEnd, Command, Consent, Entry, Inputs, Outcome, Part, PartId, Permit, PlanSummary, Proof, Reason, Removal,
    Start,
};
use scaler::model::lock::Holder;
use scaler::model::machine::Place;
use scaler::model::names::{NodeName, StackId};
use scaler::model::record::{Flavour, StackSerial, TerraformPin};

pub fn entries(nodes: usize) -> Vec<Entry> {
    let names: Vec<NodeName> = (1..=nodes as u64).map(|number| NodeName::new("bench", "w", number)).collect();
    let part = PartId::new(StackId::Pool("w".into()), Act::Remove);
    let mut entries = vec![Entry::Started(Box::new(start(&part, &names)))];
    for node in &names {
        let (uid, node) = (uid(node), node.clone());
        entries.push(Entry::Cordoning { node: node.clone(), uid: uid.clone(), was_unschedulable: false });
        entries.push(Entry::Cordoned { node, uid });
    }
    for node in &names {
        let (uid, machine_id) = (Some(uid(node)), Some(machine(node)));
        entries.push(Entry::DrainStarted { node: node.clone() });
        entries.push(Entry::Evidence { node: node.clone(), uid, machine_id, proof: Proof::Drained });
    }
    let serial = StackSerial { lineage: "l".into(), serial: 2 };
    entries.push(Entry::PlanStarted { part: part.clone() });
    let (summary, base) = (PlanSummary::default(), Some(StackSerial { serial: 1, ..serial.clone() }));
    entries.push(Entry::Planned { part: part.clone(), summary, base, lock_file: None });
    let permits = names.iter().map(|node| Permit {
        node: node.clone(),
        node_uid: Some(uid(node)),
        machine_id: Some(machine(node)),
    });
    entries.push(Entry::PointOfNoReturn { part: part.clone(), permits: permits.collect() });
    entries.push(Entry::ApplyEnded { part, end: ApplyEnd::Done { serial, machines: BTreeMap::new() } });
    for node in &names {
        entries.push(Entry::MachineGone { node: node.clone(), machine_id: machine(node) });
        entries.push(Entry::NodeDeleted { node: node.clone(), uid: uid(node) });
    }
    entries.push(Entry::Committed { generation: 8 });
    entries.push(Entry::Finished { outcome: Outcome::Done });
    entries
}

fn start(part: &PartId, names: &[NodeName]) -> Start {
    let removal = |node: &NodeName| {
        let (machine_id, node_uid) = (Some(machine(node)), Some(uid(node)));
        (node.clone(), Removal { machine_id, node_uid, reason: Reason::Chosen, note: "chosen".into() })
    };
    let removals = names.iter().map(removal).collect();
    let (user, host, command) = ("bench".to_owned(), "bench".to_owned(), "scaler scale-down".to_owned());
    Start {
        command: Command::ScaleDown,
        holder: Holder { user, host, login: String::new(), pid: 1, command, version: "0".to_owned() },
        cluster_id: "bench".into(),
        place: Place { account: "1".into(), region: "r".into() },
        base_generation: Some(7),
        inputs: Inputs { sha256: "0".into(), set: Vec::new() },
        keeps: None,
        terraform: TerraformPin {
            flavour: Flavour::Terraform,
            least_version: semver::Version::new(1, 11, 0),
            locks: BTreeMap::new(),
        },
        sizes: BTreeMap::from([("w".to_owned(), 0)]),
        parts: vec![Part { id: part.clone(), additions: BTreeMap::new(), removals }],
        partial: false,
        consent: Consent::Yes,
        accept_lost: Vec::new(),
        back_to: None,
    }
}

fn uid(node: &NodeName) -> String {
    format!("uid-of-{node}")
}

fn machine(node: &NodeName) -> String {
    format!("machine-of-{node}")
}
