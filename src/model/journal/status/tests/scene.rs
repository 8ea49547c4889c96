//! An operation that makes node a-9 of pool `a`, and removes nodes a-1 and a-2 of it and b-1 of pool `b`.

use std::collections::BTreeMap;

use super::super::super::{
    Act, ApplyEnd, Document, Entry, FORMAT, Part, PartId, Permit, PlanSummary, Proof, Reason, Removal, Start, samples,
};
use super::super::Status;
use crate::model::file::{Capacity, Disk};
use crate::model::lock::Holder;
use crate::model::names::{NodeName, OperationId, StackId};
use crate::model::record::{NodeRecord, StackSerial};

pub fn node(number: u64) -> NodeName {
    NodeName::new("demo", "a", number)
}

pub fn newcomer() -> NodeName {
    node(9)
}

pub fn other() -> NodeName {
    NodeName::new("demo", "b", 1)
}

pub fn uid(node: &NodeName) -> String {
    format!("u-{node}")
}

pub fn machine(node: &NodeName) -> String {
    format!("i-{node}")
}

fn part(pool: &str, act: Act) -> PartId {
    PartId::new(StackId::Pool(pool.into()), act)
}

/// The part that removes from pool `a`.
pub fn ours() -> PartId {
    part("a", Act::Remove)
}

fn holder(user: &str) -> Holder {
    Holder {
        user: user.into(),
        host: "h".into(),
        login: user.into(),
        pid: 1,
        command: "scaler apply".into(),
        version: "0.1.0".into(),
    }
}

fn removal(node: &NodeName) -> (NodeName, Removal) {
    let removal = Removal {
        machine_id: Some(machine(node)),
        node_uid: Some(uid(node)),
        reason: Reason::Chosen,
        note: "moves no pod".into(),
    };
    (node.clone(), removal)
}

fn made() -> NodeRecord {
    NodeRecord {
        zone: "z".into(),
        image: "img".into(),
        machine: "small".into(),
        disk: Disk { size_gib: 20, kind: "gp3".into() },
        capacity: Capacity::OnDemand,
        subnet: None,
        public_address: true,
        key_name: None,
        user_data: String::new(),
        operation: OperationId::from_text("op"),
        machine_id: None,
        adopted: false,
        addresses: None,
        host_keys: Vec::new(),
        join: None,
        joined: false,
    }
}

fn start() -> Start {
    let additions = BTreeMap::from([(newcomer(), made())]);
    let parts = vec![
        Part { id: part("a", Act::Make), additions, removals: BTreeMap::new() },
        Part { id: ours(), additions: BTreeMap::new(), removals: [node(1), node(2)].iter().map(removal).collect() },
        Part { id: part("b", Act::Remove), additions: BTreeMap::new(), removals: [removal(&other())].into() },
    ];
    samples::start(holder("ada"), parts)
}

/// The steps by which a node is emptied.
pub fn drain(node: &NodeName) -> Vec<Entry> {
    let (uid, node) = (uid(node), node.clone());
    vec![
        Entry::Cordoning { node: node.clone(), uid: uid.clone(), was_unschedulable: false },
        Entry::Cordoned { node: node.clone(), uid: uid.clone() },
        Entry::DrainStarted { node: node.clone() },
        Entry::Evidence { machine_id: Some(machine(&node)), uid: Some(uid), node, proof: Proof::Drained },
    ]
}

pub fn plan(part: &PartId) -> Vec<Entry> {
    let planned = Entry::Planned { part: part.clone(), summary: PlanSummary::default(), base: None, lock_file: None };
    vec![Entry::PlanStarted { part: part.clone() }, planned]
}

pub fn permit(node: &NodeName) -> Permit {
    Permit { node: node.clone(), node_uid: Some(uid(node)), machine_id: Some(machine(node)) }
}

pub fn passed(part: &PartId, nodes: &[NodeName]) -> Entry {
    Entry::PointOfNoReturn { part: part.clone(), permits: nodes.iter().map(permit).collect() }
}

pub fn applied(part: &PartId) -> Entry {
    let serial = StackSerial { lineage: "l".into(), serial: 2 };
    let machines = if part.act == Act::Make { [(newcomer(), machine(&newcomer()))].into() } else { BTreeMap::new() };
    Entry::ApplyEnded { part: part.clone(), end: ApplyEnd::Done { serial, machines } }
}

/// The journal so far, and its status.
pub struct Scene {
    documents: Vec<Document>,
    status: Status,
    fence: u64,
}

impl Scene {
    /// The addition is done already.
    pub fn new() -> Scene {
        let mut scene = Scene::begun();
        let make = part("a", Act::Make);
        scene.write_all(plan(&make));
        scene.write(passed(&make, &[]));
        scene.write(applied(&make));
        scene.write(Entry::NodeReady { node: newcomer(), uid: uid(&newcomer()) });
        scene
    }

    /// Nothing but the first entry.
    pub fn begun() -> Scene {
        let first = document(1, 3, Entry::Started(Box::new(start())));
        Scene { status: Status::begin(&first).unwrap(), documents: vec![first], fence: 3 }
    }

    pub fn status(&self) -> &Status {
        &self.status
    }

    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The parts that remove.
    pub fn parts(&self) -> Vec<PartId> {
        self.status.parts().keys().filter(|part| part.act == Act::Remove).cloned().collect()
    }

    pub fn document(&self, entry: Entry) -> Document {
        document(self.status.seq() + 1, self.fence, entry)
    }

    #[track_caller]
    pub fn write(&mut self, entry: Entry) {
        let document = self.document(entry);
        self.status.follow(&document).unwrap();
        self.documents.push(document);
    }

    #[track_caller]
    pub fn write_all(&mut self, entries: Vec<Entry>) {
        entries.into_iter().for_each(|entry| self.write(entry));
    }

    /// Why the entry may not come here.
    #[track_caller]
    pub fn refuses(&self, entry: Entry) -> String {
        let mut status = self.status.clone();
        let illegal = status.follow(&self.document(entry)).unwrap_err();
        assert_eq!(status, self.status, "after an error nothing has changed");
        illegal.why
    }

    /// True if the entry was taken in.
    pub fn tries(&mut self, entry: Entry) -> bool {
        let document = self.document(entry);
        let before = self.status.clone();
        let taken = self.status.follow(&document).is_ok();
        if taken {
            self.documents.push(document);
        } else {
            assert_eq!(self.status, before, "after an error nothing has changed");
        }
        taken
    }

    /// Another run goes on.
    pub fn take_over(&mut self) {
        self.fence += 1;
        self.write(Entry::TakenOver { holder: holder("bob") });
    }
}

fn document(seq: u64, fence: u64, entry: Entry) -> Document {
    Document {
        format: FORMAT,
        operation: OperationId::from_text("op"),
        seq,
        fence,
        nonce: format!("n{seq}"),
        at: jiff::Timestamp::UNIX_EPOCH,
        entry,
    }
}
