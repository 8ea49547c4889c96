use proptest::prelude::*;

use super::*;
use crate::model::file::{Capacity, Disk};
use crate::model::names::OperationId;
use crate::model::provider::Provider;
use crate::model::record::{FORMAT, NodeRecord, PoolRecord, Source};

fn candidate(name: &str, zone: &str, moves: usize) -> Candidate {
    Candidate {
        name: NodeName::from_text(name),
        zone: zone.to_owned(),
        standing: NodeStanding::Ready,
        moves,
        blocked: None,
    }
}

fn chosen(candidates: &[Candidate], count: usize) -> Vec<String> {
    choose(candidates, count).into_iter().map(|choice| format!("{}: {}", choice.name, choice.reason)).collect()
}

#[test]
fn the_fewest_pods_go_first_and_of_equals_the_highest_number() {
    let nodes =
        [candidate("w-1", "a", 0), candidate("w-2", "a", 3), candidate("w-9", "a", 0), candidate("w-10", "a", 0)];
    assert_eq!(
        chosen(&nodes, 4),
        ["w-10: moves no pod", "w-9: moves no pod", "w-1: moves no pod", "w-2: moves 3 pods"]
    );
    assert_eq!(chosen(&nodes, 9).len(), 4);
}

#[test]
fn zones_stay_even() {
    let nodes = [
        candidate("w-1", "a", 0),
        candidate("w-2", "a", 0),
        candidate("w-3", "b", 9),
        candidate("w-4", "b", 8),
        candidate("w-5", "b", 7),
    ];
    assert_eq!(
        chosen(&nodes, 3),
        [
            "w-5: zone b has the most nodes; moves 7 pods",
            "w-2: moves no pod",
            "w-4: zone b has the most nodes; moves 8 pods"
        ]
    );
}

#[test]
fn what_is_not_ready_goes_first_and_what_is_blocked_last() {
    let nodes = [
        candidate("w-1", "a", 1),
        Candidate { standing: NodeStanding::NotReady, ..candidate("w-2", "b", 5) },
        Candidate { standing: NodeStanding::NotJoined, ..candidate("w-3", "b", 0) },
        Candidate { blocked: Some("a budget".to_owned()), ..candidate("w-4", "a", 0) },
    ];
    assert_eq!(
        chosen(&nodes, 4),
        [
            "w-3: it never joined the cluster",
            "w-2: it is not Ready; moves 5 pods",
            "w-1: moves 1 pod",
            "w-4: moves no pod; no other is left, though its drain is blocked: a budget",
        ]
    );
}

proptest! {
    #[test]
    fn even_zones_never_get_uneven(zones in 1usize..4, each in 1usize..6, moves in prop::collection::vec(0usize..9, 18), count in 0usize..12) {
        let nodes: Vec<Candidate> = (0..zones * each)
            .map(|at| candidate(&format!("w-{at}"), &format!("z{}", at % zones), moves[at]))
            .collect();
        let gone: BTreeSet<NodeName> = choose(&nodes, count).into_iter().map(|choice| choice.name).collect();
        prop_assert_eq!(gone.len(), count.min(nodes.len()));
        let left = (0..zones).map(|zone| {
            let zone = format!("z{zone}");
            nodes.iter().filter(|node| node.zone == zone && !gone.contains(&node.name)).count()
        });
        let (least, most) = (left.clone().min().unwrap(), left.max().unwrap());
        prop_assert!(most - least <= 1);
    }
}

fn record() -> Record {
    let node = || NodeRecord {
        zone: "a".to_owned(),
        image: "ami-1".to_owned(),
        machine: "t3.small".to_owned(),
        disk: Disk { size_gib: 30, kind: "gp3".to_owned() },
        capacity: Capacity::OnDemand,
        subnet: None,
        public_address: false,
        key_name: None,
        user_data: String::new(),
        operation: OperationId::from_text("op-1"),
        machine_id: None,
        adopted: false,
        addresses: None,
        host_keys: Vec::new(),
        join: None,
        joined: false,
    };
    let pool = |names: &[&str]| PoolRecord {
        next_number: 9,
        size: 0,
        nodes: names.iter().map(|name| (NodeName::from_text(*name), node())).collect(),
    };
    Record {
        format: FORMAT,
        generation: 1,
        operation: OperationId::from_text("op-1"),
        fence: 1,
        cluster_id: "id".to_owned(),
        name: "demo".to_owned(),
        provider: Provider::Sandbox,
        account: String::new(),
        region: String::new(),
        kube_system_uid: None,
        source: Source { cluster_file: String::new(), sets: Vec::new(), files: BTreeMap::new() },
        terraform: None,
        tags: BTreeMap::new(),
        joins: None,
        jump: None,
        stacks: BTreeMap::new(),
        control_plane: pool(&["demo-cp-1"]),
        pools: BTreeMap::from([
            ("workers".to_owned(), pool(&["demo-workers-1", "demo-workers-2", "demo-workers-10"])),
            ("ops".to_owned(), pool(&["demo-ops-1"])),
        ]),
        destroyed: false,
        went_back: None,
        moved_to: None,
    }
}

fn check(named: &[&str]) -> Result<()> {
    let named: Vec<NodeName> = named.iter().map(|name| NodeName::from_text(*name)).collect();
    check_named(&record(), "workers", &named)
}

#[test]
fn everything_wrong_with_the_names_is_said_at_once() {
    let names = ["demo-workers-1", "demo-workers-1", "demo-ops-1", "demo-cp-1", "demo-workrs-2", "elsewhere"];
    let failure = check(&names).unwrap_err();
    assert_eq!(failure.kind, Kind::Usage);
    assert_eq!(
        failure.causes,
        [
            "`demo-workers-1` is named twice",
            "`demo-ops-1` belongs to pool `ops`",
            "`demo-cp-1` carries the control plane, which never shrinks by a scale-down",
            "there is no node `demo-workrs-2`; did you mean `demo-workers-2`?",
            "there is no node `elsewhere`",
        ]
    );
    assert_eq!(failure.hints, ["pool `workers` has demo-workers-1, demo-workers-2, demo-workers-10"]);
}

#[test]
fn names_of_the_pool_are_fine() {
    check(&["demo-workers-10", "demo-workers-2"]).unwrap();
}
