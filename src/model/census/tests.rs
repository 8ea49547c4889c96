//! The census as a whole: each case by itself, and what holds for every case.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::machine::MachineState;
use crate::model::names::OperationId;
use samples::{Books, machine, node};

pub(crate) mod samples {
    use super::*;
    use crate::model::file::{Capacity, Disk};
    use crate::model::kubernetes::Resources;
    use crate::model::machine::{Place, Role};
    use crate::model::record::{PoolRecord, Source};

    pub fn node(name: &str, machine_id: &str, ready: bool) -> Node {
        Node {
            name: name.into(),
            uid: format!("uid-{name}"),
            resource_version: "1".into(),
            provider_id: Some(format!("aws:///z1/{machine_id}")),
            addresses: Vec::new(),
            unschedulable: false,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            taints: Vec::new(),
            ready,
            last_heartbeat: None,
            created: None,
            allocatable: Resources::default(),
            changes: Vec::new(),
        }
    }

    pub fn machine(id: &str, name: &str, state: MachineState) -> Machine {
        Machine {
            id: id.into(),
            node: Some(NodeName::from_text(name)),
            pool: Some("w".into()),
            role: Some(Role::Worker),
            operation: None,
            state,
            launched: None,
            zone: "z1".into(),
            machine_type: "t".into(),
            image: "ami".into(),
            private_address: Some(format!("10.0.0.{}", id.trim_start_matches("i-"))),
            public_address: None,
            provider_id: format!("aws:///z1/{id}"),
            tags: BTreeMap::new(),
        }
    }

    fn recorded(machine_id: Option<&str>) -> NodeRecord {
        NodeRecord {
            zone: "z1".into(),
            image: "ami".into(),
            machine: "t".into(),
            disk: Disk { size_gib: 8, kind: "gp3".into() },
            capacity: Capacity::OnDemand,
            subnet: None,
            public_address: false,
            key_name: None,
            user_data: String::new(),
            operation: OperationId::from_text("op-1"),
            machine_id: machine_id.map(str::to_owned),
            adopted: false,
            addresses: None,
            host_keys: Vec::new(),
            join: None,
            joined: false,
        }
    }

    /// What the four sources say; everything fits together until something is changed.
    #[derive(Debug)]
    pub struct Books {
        pub record: Record,
        pub states: BTreeMap<StackId, BTreeMap<NodeName, String>>,
        pub machines: Vec<Machine>,
        pub nodes: Option<Vec<Node>>,
    }

    impl Books {
        /// `d-w-1` is `i-1`, and so on.
        pub fn of(count: usize) -> Books {
            let place = Place { account: "1".into(), region: "r".into() };
            let source = Source { cluster_file: String::new(), sets: Vec::new(), files: BTreeMap::new() };
            let operation = OperationId::from_text("op-1");
            let mut record = Record::new("id", "d", Provider::Aws, &place, source, operation);
            let mut books = Books { record: record.clone(), states: BTreeMap::new(), machines: vec![], nodes: None };
            let mut pool = PoolRecord::default();
            let mut nodes = Vec::new();
            for number in 1..=count {
                let (name, id) = (format!("d-w-{number}"), format!("i-{number}"));
                pool.nodes.insert(NodeName::from_text(&name), recorded(Some(&id)));
                books.states.entry(stack()).or_default().insert(NodeName::from_text(&name), id.clone());
                books.machines.push(machine(&id, &name, MachineState::Running));
                nodes.push(node(&name, &id, true));
            }
            record.pools.insert("w".into(), pool);
            Books { record, nodes: Some(nodes), ..books }
        }

        pub fn record(&mut self, name: &str, machine_id: Option<&str>) {
            let pool = self.record.pools.get_mut("w").unwrap();
            pool.nodes.insert(NodeName::from_text(name), recorded(machine_id));
        }

        pub fn state(&mut self) -> &mut BTreeMap<NodeName, String> {
            self.states.entry(stack()).or_default()
        }

        pub fn nodes(&mut self) -> &mut Vec<Node> {
            self.nodes.as_mut().unwrap()
        }

        pub fn take(&self) -> Census {
            take(&Sources {
                provider: Provider::Aws,
                record: Some(&self.record),
                machines: &self.machines,
                states: &self.states,
                nodes: self.nodes.as_deref().ok_or_else(|| "etcd is away".to_owned()),
                at: now(),
            })
        }
    }

    pub fn now() -> jiff::Timestamp {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    pub fn stack() -> StackId {
        StackId::Pool("w".into())
    }
}

fn name(number: usize) -> NodeName {
    NodeName::from_text(format!("d-w-{number}"))
}

/// How `d-w-1` stands among two, and all findings.
fn first(change: impl FnOnce(&mut Books)) -> (Standing, Vec<Finding>) {
    let mut books = Books::of(2);
    change(&mut books);
    let census = books.take();
    (census.standings()[&name(1)].clone(), census.findings().to_vec())
}

fn is_unproven(standing: &Standing, needle: &str) -> bool {
    matches!(&standing.condition, Condition::Unproven { why } if why.contains(needle))
}

#[test]
fn what_fits_together_has_no_findings() {
    let (standing, findings) = first(|_| {});
    assert_eq!(findings, []);
    let expected =
        Standing { machine_id: Some("i-1".into()), node_uid: Some("uid-d-w-1".into()), condition: Condition::Ready };
    assert_eq!(standing, expected);
}

#[test]
fn a_terminated_machine_has_vanished() {
    let (standing, findings) = first(|books| books.machines[0].state = MachineState::Terminated);
    assert_eq!(standing.condition, Condition::Gone);
    assert_eq!(standing.node_uid.as_deref(), Some("uid-d-w-1"), "its Node is to be deleted");
    assert_eq!(findings, [Finding::Vanished { node: name(1), machine_id: "i-1".into() }]);
    let (standing, _) = first(|books| {
        books.machines[0].state = MachineState::Terminated;
        books.state().clear();
        books.nodes = None;
    });
    assert_eq!(standing.condition, Condition::Gone, "with no state and no cluster to ask either");
}

#[test]
fn a_machine_that_is_not_listed_is_a_suspect_and_no_more() {
    let mut books = Books::of(2);
    books.machines.remove(0);
    let mut census = books.take();
    assert!(is_unproven(&census.standings()[&name(1)], "proves nothing"));
    assert_eq!(census.findings(), [Finding::Missing { node: name(1), machine_id: "i-1".into() }]);
    let suspect = census.suspects()[0].clone();
    assert_eq!((&suspect.node, suspect.machine_id.as_str()), (&name(1), "i-1"));

    census.doubt(&suspect, "it lives".into());
    assert!(is_unproven(&census.standings()[&name(1)], "it lives"));
    let terminated = crate::model::machine::Sighting::Found(MachineState::Terminated);
    let death::First::Dead(death) = suspect.first(terminated, None, death::Moment(Default::default())) else {
        panic!()
    };
    census.settle(&death);
    assert_eq!(census.standings()[&name(1)].condition, Condition::Gone);
    assert_eq!(census.findings(), [Finding::Vanished { node: name(1), machine_id: "i-1".into() }]);
    assert!(census.suspects().is_empty());
}

#[test]
fn an_empty_listing_makes_nobody_a_suspect() {
    let mut books = Books::of(3);
    books.machines.clear();
    let census = books.take();
    assert_eq!(census.findings(), [Finding::EmptyInventory { known: 3 }]);
    assert!(census.suspects().is_empty());
    assert!(census.standings().values().all(|standing| is_unproven(standing, "does not list")));
}

#[test]
fn a_machine_without_a_node_never_joined() {
    let (standing, findings) = first(|books| drop(books.nodes().remove(0)));
    assert_eq!((standing.condition, standing.node_uid), (Condition::NeverJoined, None));
    assert_eq!(findings, [Finding::NeverJoined { node: name(1), machine_id: "i-1".into() }]);
}

#[test]
fn a_machine_that_was_a_node_once_is_none_that_never_joined() {
    let (standing, findings) = first(|books| {
        drop(books.nodes().remove(0));
        books.record.nodes_mut().next().unwrap().1.joined = true;
    });
    let Condition::Unseen { why } = &standing.condition else { panic!("{standing:?}") };
    assert!(why.contains("its Node was deleted"), "{why}");
    assert_eq!(findings, [Finding::NodeMissing { node: name(1), machine_id: "i-1".into() }]);
}

#[test]
fn a_machine_that_is_starting_may_still_join() {
    let alone = |change: &dyn Fn(&mut Machine)| {
        let (standing, _) = first(|books| {
            drop(books.nodes().remove(0));
            change(&mut books.machines[0]);
        });
        standing.condition
    };
    let ago = |minutes: i64| Some(samples::now() - jiff::SignedDuration::from_mins(minutes));
    let Condition::Unseen { why } = alone(&|machine| machine.state = MachineState::Pending) else { panic!() };
    assert!(why.contains("i-1 is still starting"), "{why}");
    for (minutes, starting) in [(-5, true), (0, true), (14, true), (15, false), (600, false)] {
        let condition = alone(&|machine| machine.launched = ago(minutes));
        let unseen = matches!(condition, Condition::Unseen { .. });
        assert_eq!(unseen, starting, "{minutes}: {condition:?}");
        assert!(unseen || condition == Condition::NeverJoined, "{minutes}: {condition:?}");
    }
}

#[test]
fn a_list_of_an_unknown_cluster_proves_that_nothing_joined_only_if_a_node_is_ours() {
    let foreign: fn(&mut Books) = |books| {
        *books.nodes() = vec![node("guest", "i-9", true), Node { provider_id: None, ..node("d-w-2", "i-2", true) }];
    };
    let (standing, _) = first(foreign);
    let Condition::Unseen { why } = &standing.condition else { panic!("{standing:?}") };
    assert!(why.contains("--kubeconfig"), "{why}");
    let (standing, _) = first(|books| books.nodes().clear());
    assert!(matches!(standing.condition, Condition::Unseen { .. }), "{standing:?}");
    let (standing, _) = first(|books| {
        foreign(books);
        books.record.kube_system_uid = Some("uid".into());
    });
    assert_eq!(standing.condition, Condition::NeverJoined);
}

#[test]
fn a_node_is_found_by_name_where_it_has_no_provider_id() {
    let (standing, findings) = first(|books| books.nodes()[0].provider_id = None);
    assert_eq!((standing.condition, findings.len()), (Condition::Ready, 0));
}

#[test]
fn a_node_with_something_of_the_machines_keeps_it_from_having_never_joined() {
    let provider_id: fn(&mut Books) = |books| books.nodes()[0].name = "else".into();
    let same_name: fn(&mut Books) = |books| books.nodes()[0].provider_id = Some("aws:///z1/i-9".into());
    let address: fn(&mut Books) = |books| {
        books.nodes()[0] = node("else", "i-9", true);
        books.nodes()[0].addresses = vec!["10.0.0.1".into()];
    };
    for (change, needle) in [(provider_id, "is called `else`"), (same_name, "another machine's"), (address, "10.0.0.1")]
    {
        let (standing, findings) = first(change);
        assert!(is_unproven(&standing, needle), "{needle}: {standing:?}");
        assert!(matches!(&findings[0], Finding::Mismatch { node, .. } if *node == name(1)), "{findings:?}");
        assert_eq!(findings.len(), 1, "{findings:?}");
    }
}

#[test]
fn two_nodes_of_one_machine_are_a_mismatch() {
    let (standing, _) = first(|books| {
        let twin = node("else", "i-1", true);
        books.nodes().push(twin);
    });
    assert!(is_unproven(&standing, "claim its machine"), "{standing:?}");
}

#[test]
fn each_state_of_a_machine_is_told() {
    use MachineState::{Pending, ShuttingDown, Stopped, Stopping};
    let stopped = Finding::Stopped { node: name(1), machine_id: "i-1".into() };
    let unsettled = |state| Finding::Unsettled { node: name(1), machine_id: "i-1".into(), state };
    let not_ready = Finding::NotReady { node: name(1), machine_id: "i-1".into(), last_heartbeat: None };
    for (state, ready, condition, findings) in [
        (MachineState::Running, false, Some(Condition::NotReady), vec![not_ready.clone()]),
        (Pending, true, Some(Condition::Ready), vec![unsettled(Pending)]),
        (Stopped, true, None, vec![stopped.clone()]),
        (Stopped, false, Some(Condition::NotReady), vec![stopped, not_ready.clone()]),
        (Stopping, true, None, vec![unsettled(Stopping)]),
        (ShuttingDown, true, None, vec![unsettled(ShuttingDown)]),
        (ShuttingDown, false, None, vec![unsettled(ShuttingDown), not_ready]),
    ] {
        let (standing, found) = first(|books| {
            books.machines[0].state = state;
            books.nodes()[0].ready = ready;
        });
        match condition {
            Some(condition) => assert_eq!(standing.condition, condition, "{state} {ready}"),
            None => assert!(is_unproven(&standing, "machine is"), "{state} {ready}: {standing:?}"),
        }
        assert_eq!(found, findings, "{state} {ready}");
    }
}

#[test]
fn without_the_cluster_nothing_is_known_of_a_machine_that_lives() {
    let (standing, findings) = first(|books| books.nodes = None);
    assert!(is_unproven(&standing, "cannot be asked: etcd is away"));
    assert_eq!(findings, []);
}

#[test]
fn record_and_state_must_agree() {
    let (standing, findings) = first(|books| drop(books.state().insert(name(1), "i-8".into())));
    assert!(is_unproven(&standing, "i-8"), "{standing:?}");
    assert!(matches!(&findings[0], Finding::TwoMachines { in_state, .. } if in_state == "i-8"));

    let (standing, findings) = first(|books| drop(books.state().remove(&name(1))));
    assert!(is_unproven(&standing, "does not have its machine i-1"), "{standing:?}");
    assert!(matches!(&findings[..], [Finding::NotInState { .. }]), "{findings:?}");

    let (standing, findings) = first(|books| books.record("d-w-1", None));
    assert_eq!((standing.machine_id.as_deref(), standing.condition), (Some("i-1"), Condition::Ready));
    assert!(matches!(&findings[..], [Finding::NotRecorded { .. }]), "{findings:?}");

    let (_, findings) = first(|books| drop(books.record.pools.get_mut("w").unwrap().nodes.remove(&name(2))));
    assert_eq!(findings, [Finding::NotRecorded { node: name(2), machine_id: "i-2".into(), stack: samples::stack() }]);
}

#[test]
fn a_node_without_a_machine_was_not_made_or_left_an_orphan() {
    let forget = |books: &mut Books| {
        books.record("d-w-1", None);
        books.state().remove(&name(1));
    };
    let (standing, findings) = first(|books| {
        forget(books);
        books.machines.remove(0);
        books.nodes().remove(0);
    });
    assert_eq!((standing.condition, standing.machine_id), (Condition::NeverJoined, None));
    assert_eq!(findings, [Finding::NotMade { node: name(1) }]);

    let (standing, findings) = first(forget);
    assert!(is_unproven(&standing, "i-1"), "{standing:?}");
    assert!(matches!(&findings[..], [Finding::Orphan { twin_of: None, node: Some(_), .. }]), "{findings:?}");
}

#[test]
fn a_second_machine_of_a_name_is_an_orphan_and_a_dead_one_is_nothing() {
    let (standing, findings) = first(|books| {
        books.machines.push(machine("i-7", "d-w-1", MachineState::Running));
        books.machines.push(machine("i-6", "d-w-1", MachineState::Terminated));
    });
    assert_eq!(standing.condition, Condition::Ready);
    assert!(
        matches!(&findings[..], [Finding::Orphan { machine_id, twin_of: Some(rightful), .. }]
        if machine_id == "i-7" && rightful == "i-1"),
        "{findings:?}"
    );
}

#[test]
fn a_machine_with_another_nodes_tag_is_not_touched() {
    let (standing, findings) = first(|books| books.machines[0].node = None);
    assert!(is_unproven(&standing, "tag"), "{standing:?}");
    assert!(matches!(&findings[..], [Finding::Mislabelled { tag: None, .. }]), "{findings:?}");
}

#[test]
fn a_node_of_nobody_is_a_stray() {
    let (_, findings) = first(|books| books.nodes().push(node("guest", "i-99", true)));
    let provider_id = Some("aws:///z1/i-99".to_owned());
    assert_eq!(findings, [Finding::Stray { kubernetes_node: "guest".into(), provider_id }]);
    let (_, findings) = first(|books| {
        books.machines.push(machine("i-7", "d-w-7", MachineState::Running));
        books.nodes().push(node("d-w-7", "i-7", true));
    });
    assert!(matches!(&findings[..], [Finding::Orphan { .. }]), "an orphan's Node is no stray: {findings:?}");
    let (_, findings) = first(|books| {
        books.machines.push(machine("i-7", "d-w-7", MachineState::Terminated));
        books.nodes().push(node("d-w-7", "i-7", false));
    });
    assert!(
        matches!(&findings[..], [Finding::Stray { .. }]),
        "nobody's machine is dead, its Node is left: {findings:?}"
    );
}

#[test]
fn every_finding_says_what_to_what_and_what_next() {
    let (node, machine_id, stack) = (name(1), "i-1".to_owned(), samples::stack());
    let text = |finding: Finding| finding.to_string();
    for (told, needles) in [
        (text(Finding::EmptyInventory { known: 3 }), ["knows 3", "nothing is taken for gone"]),
        (text(Finding::Missing { node: node.clone(), machine_id: machine_id.clone() }), ["i-1", "proves nothing"]),
        (text(Finding::Stopped { node: node.clone(), machine_id: machine_id.clone() }), ["d-w-1", "not gone"]),
        (text(Finding::NotInState { node: node.clone(), machine_id: machine_id.clone(), stack }), ["pool-w", "mport"]),
        (
            text(Finding::NotReady { node: node.clone(), machine_id, last_heartbeat: None }),
            ["never heard", "--accept-lost d-w-1"],
        ),
        (
            text(Finding::Stray { kubernetes_node: "guest".into(), provider_id: None }),
            ["`guest`", "kubectl delete node guest"],
        ),
    ] {
        assert!(needles.iter().all(|needle| told.contains(needle)), "{told}");
    }
}

/// Any mixture of what four sources may say of up to six nodes.
fn any_books() -> impl Strategy<Value = Books> {
    let states = prop::sample::select(vec![
        MachineState::Pending,
        MachineState::Running,
        MachineState::Stopping,
        MachineState::Stopped,
        MachineState::ShuttingDown,
        MachineState::Terminated,
    ]);
    let one = (any::<[bool; 6]>(), states, 1..7usize);
    (prop::collection::vec(one, 1..6), any::<bool>()).prop_map(|(all, reachable)| {
        let mut books = Books::of(all.len());
        books.machines.clear();
        books.nodes().clear();
        for (number, ([recorded, in_state, listed, joined, ready, tagged], state, other)) in (1..).zip(all) {
            let (text, id) = (format!("d-w-{number}"), format!("i-{number}"));
            books.record(&text, recorded.then_some(id.as_str()));
            if !in_state {
                books.state().remove(&name(number));
            }
            if listed {
                let label = if tagged { number } else { other };
                books.machines.push(machine(&id, &format!("d-w-{label}"), state));
            }
            if joined {
                let claimed = if tagged { id } else { format!("i-{other}") };
                books.nodes().push(node(&text, &claimed, ready));
            }
        }
        if !reachable {
            books.nodes = None;
        }
        books
    })
}

proptest! {
    #[test]
    fn only_the_clouds_word_for_this_very_machine_makes_it_gone(books in any_books()) {
        for (name, standing) in books.take().standings() {
            let terminated = books.machines.iter().any(|machine| {
                Some(&machine.id) == standing.machine_id.as_ref() && machine.state == MachineState::Terminated
            });
            if standing.condition == Condition::Gone {
                prop_assert!(terminated, "{name}: {standing:?}");
            }
        }
    }

    #[test]
    fn what_is_not_listed_is_never_gone(mut books in any_books()) {
        books.machines.clear();
        let census = books.take();
        prop_assert!(census.standings().values().all(|standing| standing.condition != Condition::Gone));
        let known = books.record.pools["w"].nodes.values().any(|node| node.machine_id.is_some());
        prop_assert!(!known || census.suspects().is_empty());
    }

    #[test]
    fn never_joined_means_that_no_node_has_anything_of_it(books in any_books()) {
        for (name, standing) in books.take().standings() {
            if standing.condition == Condition::NeverJoined {
                let nodes = books.nodes.as_ref().expect("nobody can say so without a list");
                let id = standing.machine_id.as_deref().map(|id| format!("aws:///z1/{id}"));
                prop_assert!(!nodes.iter().any(|node| node.name == name.as_str()));
                prop_assert!(id.is_none() || !nodes.iter().any(|node| node.provider_id == id));
            }
        }
    }

    #[test]
    fn every_recorded_node_has_a_standing_and_every_finding_a_text(books in any_books()) {
        let census = books.take();
        prop_assert!(census.standings().keys().eq(books.record.pools["w"].nodes.keys()));
        prop_assert!(census.findings().iter().all(|finding| finding.to_string().len() > 40));
    }
}
