//! Decisions about clusters that stand, stand in part, or do not stand yet.

use std::collections::BTreeMap;

use super::*;
use crate::model::failure::{Failure, Kind};
use crate::model::file::{self, ClusterFile};
use crate::model::machine::Place;
use crate::model::names::OperationId;
use crate::model::record::Record;

const FILE: &str = "apiVersion: scaler/v1\nkind: Cluster\nname: demo\nprovider: sandbox\nregion: local\n\
    kubernetes: { version: 1.36.3 }\nstore: { backend: local, path: store }\nnetwork: { zones: [a, b] }\n\
    sandbox: { register: /register }\ntags: { team: red }\n\
    controlPlane: { count: 1, machine: small, image: { id: base } }\n\
    pools:\n  - { name: workers, machine: small, image: { id: base }, min: 0, max: 3 }\n";

fn source(text: &str) -> Source {
    Source { cluster_file: text.to_owned(), sets: Vec::new(), files: BTreeMap::new() }
}

fn parsed(text: &str) -> ClusterFile {
    file::parse("cluster.yml", text, &[]).unwrap()
}

/// The record after a first apply of `FILE` that failed in the foundation.
fn begun() -> Record {
    let place = Place { account: "1".into(), region: "local".into() };
    let mut record =
        Record::new("id", "demo", Provider::Sandbox, &place, source(FILE), OperationId::from_text("first"));
    let FoundationChange::Create { nodes } = decided(None, FILE, false, &BTreeMap::new()).unwrap().foundation else {
        panic!("a new cluster has a foundation to make");
    };
    record.control_plane.nodes = nodes;
    record
}

/// What `apply` of this text comes to.
fn decided(
    record: Option<&Record>,
    text: &str,
    stands: bool,
    standings: &BTreeMap<NodeName, Standing>,
) -> Result<Plan, Failure> {
    let previous = record.map(|record| parsed(&record.source.cluster_file));
    decide(&Inputs {
        file: &parsed(text),
        source: source(text),
        record,
        previous: previous.as_ref(),
        cluster_id: "id",
        request: Request::Apply { accept_lost: Vec::new() },
        operation: OperationId::from_text("planned"),
        serials: BTreeMap::new(),
        stands,
        standings,
        nodes: &[],
        images: &BTreeMap::from([(CONTROL_PLANE.to_owned(), "base".to_owned())]),
        choose: &|_, _, _| Vec::new(),
    })
}

#[test]
fn what_a_first_apply_began_to_make_fixes_the_file() {
    let record = begun();
    let none = BTreeMap::new();
    for (before, after, field) in [("[a, b]", "[b]", "`network.zones`"), ("red", "blue", "`tags`")] {
        let text = FILE.replace(before, after);
        decided(Some(&record), &text, false, &none).unwrap();
        let refused = decided(Some(&record), &text, true, &none).unwrap_err();
        assert_eq!(refused.kind, Kind::Refused);
        assert!(refused.to_string().contains(field), "{refused}");
    }
}

#[test]
fn control_planes_are_decided_anew_until_one_stands() {
    let record = begun();
    let name = record.control_plane.nodes.keys().next().unwrap().clone();
    let text = FILE.replace("count: 1, machine: small", "count: 1, machine: big");
    let plane = |standings: &BTreeMap<NodeName, Standing>| match decided(Some(&record), &text, true, standings)
        .unwrap()
        .foundation
    {
        FoundationChange::Create { mut nodes } => nodes.remove(&name).unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(plane(&BTreeMap::new()).machine, "big");
    let standing = Standing { machine_id: Some("m-1".into()), node_uid: None, condition: Condition::NeverJoined };
    let kept = plane(&BTreeMap::from([(name.clone(), standing)]));
    assert_eq!((kept.machine.as_str(), kept.machine_id.as_deref()), ("small", Some("m-1")));
    // It carries the name of the operation that made it, and the other the name of the one that will.
    let plan = decided(Some(&record), &text, false, &BTreeMap::new()).unwrap();
    let FoundationChange::Create { nodes } = plan.carried_out_by(&OperationId::from_text("second")).foundation else {
        panic!("the foundation is still to be made");
    };
    assert_eq!(nodes[&name].operation, OperationId::from_text("second"));
}
