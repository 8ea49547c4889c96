use std::collections::BTreeMap;

use super::*;
use crate::model::census::tests::samples::Books;
use crate::model::drain::samples::{on, owned};
use crate::model::machine::{MachineState, Place};
use crate::ops::ports::Version;

fn name(number: usize) -> NodeName {
    NodeName::from_text(format!("d-w-{number}"))
}

/// Of three nodes of a pool `w`, whose third was never seen to join.
fn observed(change: impl FnOnce(&mut Books)) -> Observed {
    let mut books = Books::of(3);
    books.nodes.as_mut().unwrap().truncate(2);
    change(&mut books);
    let view = View {
        identity: "uid".into(),
        nodes: books.nodes.clone().unwrap(),
        pods: Vec::new(),
        budgets: Vec::new(),
        attachments: Vec::new(),
    };
    Observed {
        place: Place { account: "1".into(), region: "r".into() },
        census: books.take(),
        record: Some((books.record, Version("1".into()))),
        previous: None,
        states: BTreeMap::new(),
        machines: books.machines,
        cluster: Ok(view),
    }
}

fn chosen(observed: &Observed, accepted: &[NodeName]) -> NodeName {
    choose(observed, "w", &[name(1), name(2), name(3)], 1, accepted, Own { pod: None, host: "laptop" })[0].0.clone()
}

#[test]
fn one_that_never_joined_goes_first_and_one_that_is_starting_last() {
    assert_eq!(chosen(&observed(|_| {}), &[]), name(3));
    let starting = observed(|books| books.machines[2].state = MachineState::Pending);
    assert_eq!(chosen(&starting, &[]), name(2));
    assert_eq!(chosen(&starting, &[name(3)]), name(3), "its loss is accepted");
}

#[test]
fn the_node_that_scaler_itself_runs_on_goes_only_when_no_other_is_left() {
    let mut observed = observed(|_| {});
    let pods = [("d-w-1", "a"), ("d-w-1", "b"), ("d-w-2", "scaler")];
    observed.cluster.as_mut().unwrap().pods = pods.map(|(node, pod)| on(node, owned(pod, "ReplicaSet"))).into();
    let own = observed.cluster.as_ref().unwrap().pods[2].title();
    let chosen = |count, own| choose(&observed, "w", &[name(1), name(2)], count, &[], own);
    let (nowhere, in_pod) = (Own { pod: None, host: "laptop" }, Own { pod: Some(&own), host: "laptop" });
    assert_eq!(chosen(1, nowhere)[0].0, name(2), "it has fewer pods");
    assert_eq!(chosen(1, in_pod)[0].0, name(1));
    assert_eq!(chosen(1, Own { pod: None, host: "d-w-2" })[0].0, name(1));
    let (last, reason) = &chosen(2, in_pod)[1];
    assert!(*last == name(2) && reason.contains("no other is left"), "{last}: {reason}");
    assert!(reason.ends_with(&format!("{own} is where scaler itself runs")), "{reason}");
}
