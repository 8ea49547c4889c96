use std::collections::BTreeMap;

use super::*;
use crate::model::census::tests::samples::Books;
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
    choose(observed, "w", &[name(1), name(2), name(3)], 1, accepted)[0].0.clone()
}

#[test]
fn one_that_never_joined_goes_first_and_one_that_is_starting_last() {
    assert_eq!(chosen(&observed(|_| {}), &[]), name(3));
    let starting = observed(|books| books.machines[2].state = MachineState::Pending);
    assert_eq!(chosen(&starting, &[]), name(2));
    assert_eq!(chosen(&starting, &[name(3)]), name(3), "its loss is accepted");
}
