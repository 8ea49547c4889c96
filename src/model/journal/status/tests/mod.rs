//! What may follow what: an operation on two pools, step by step, and whatever a careless writer might try.

mod scene;
mod settling;
mod walks;

use scene::{Scene, applied, drain, machine, node, other, ours, passed, permit, plan, uid};

use super::super::{Act, ApplyEnd, Deathbed, Entry, JoinOffer, Outcome, PartId, Proof, UncordonFound, WayIn};
use super::{PartPhase, Status, VictimPhase};
use crate::model::names::StackId;

#[test]
fn an_operation_that_removes_a_node_goes_all_the_way() {
    let mut scene = Scene::new();
    for node in [node(1), node(2), other()] {
        scene.write_all(drain(&node));
    }
    for part in [ours(), PartId::new(StackId::Pool("b".into()), Act::Remove)] {
        scene.write_all(plan(&part));
        let nodes = scene.status().victims().iter().filter(|(_, victim)| victim.part == part);
        let nodes: Vec<_> = nodes.map(|(node, _)| node.clone()).collect();
        scene.write(passed(&part, &nodes));
        scene.refuses(Entry::UndoBegan { part: part.clone(), why: "w".into() });
        scene.write(applied(&part));
        for node in &nodes {
            let deleted = Entry::NodeDeleted { node: node.clone(), uid: uid(node) };
            assert!(scene.refuses(deleted.clone()).contains("not known to be gone"));
            scene.write(Entry::MachineGone { node: node.clone(), machine_id: machine(node) });
            scene.write(deleted);
        }
    }
    assert!(scene.refuses(Entry::Finished { outcome: Outcome::Done }).contains("not in the record yet"));
    scene.write(Entry::Committed { generation: 8 });
    assert!(scene.refuses(Entry::Finished { outcome: Outcome::Undone }).contains("another end"));
    scene.write(Entry::Finished { outcome: Outcome::Done });
    assert!(scene.refuses(Entry::Committed { generation: 9 }).contains("has ended"));
}

#[test]
fn nothing_passes_while_a_drain_of_any_pool_is_open() {
    let mut scene = Scene::new();
    scene.write_all(drain(&node(1)));
    scene.write_all(drain(&node(2)));
    scene.write_all(plan(&ours()));
    let why = scene.refuses(passed(&ours(), &[node(1), node(2)]));
    assert!(why.contains(&format!("{}: the node was not touched, and its drain comes first", other())), "{why}");
}

#[test]
fn a_permit_is_for_the_machine_and_the_node_that_were_chosen() {
    let mut scene = Scene::new();
    for node in [node(1), node(2), other()] {
        scene.write_all(drain(&node));
    }
    scene.write_all(plan(&ours()));
    let with = |change: &dyn Fn(&mut super::super::Permit)| {
        let mut permits = vec![permit(&node(1)), permit(&node(2))];
        change(&mut permits[1]);
        Entry::PointOfNoReturn { part: ours(), permits }
    };
    assert!(scene.refuses(with(&|permit| permit.machine_id = Some("i-other".into()))).contains("machine i-other"));
    assert!(scene.refuses(with(&|permit| permit.node_uid = Some("u-other".into()))).contains("Node u-other"));
    assert!(scene.refuses(with(&|permit| permit.node = other())).contains("no node that this part removes"));
    assert!(scene.refuses(passed(&ours(), &[node(1)])).contains("neither permitted to go nor spared"));
    scene.write(with(&|_| {}));
}

#[test]
fn evidence_has_to_be_of_its_kind() {
    let mut scene = Scene::new();
    let evidence = |proof: Proof| Entry::Evidence {
        node: node(1),
        uid: Some(uid(&node(1))),
        machine_id: Some(machine(&node(1))),
        proof,
    };
    assert!(scene.refuses(evidence(Proof::Drained)).contains("cannot have ended"));
    assert!(scene.refuses(evidence(Proof::NeverJoined { way_in: WayIn::NeverIssued })).contains("joined"));
    assert!(scene.refuses(evidence(Proof::Accepted { user: "ada".into() })).contains("nobody accepted"));
    scene.write(evidence(Proof::Gone { seen: Deathbed::Terminated }));
    assert_eq!(scene.status().victims()[&node(1)].phase, VictimPhase::Proven);
}

#[test]
fn a_pod_that_comes_late_makes_the_evidence_void() {
    let mut scene = Scene::new();
    scene.write_all(drain(&node(1)));
    scene.write(Entry::DrainStarted { node: node(1) });
    let victim = &scene.status().victims()[&node(1)];
    assert_eq!((victim.phase, &victim.proof), (VictimPhase::Draining, &None));
}

#[test]
fn what_is_undone_is_given_back_before_the_end() {
    let mut scene = Scene::begun();
    scene.write_all(drain(&node(1)));
    scene.write(Entry::NodeBlocked { node: node(2), reasons: vec!["a budget".into()] });
    for part in scene.parts() {
        scene.write(Entry::UndoBegan { part, why: "blocked".into() });
    }
    let left = scene.refuses(Entry::Finished { outcome: Outcome::Undone });
    assert!(left.contains(&format!("{} is being given back", node(1))), "{left}");
    scene.write(Entry::Uncordoned { node: node(1), found: UncordonFound::Ours });
    scene.write(Entry::Finished { outcome: Outcome::Undone });
}

#[test]
fn a_plan_that_went_stale_is_before_the_point_again() {
    let mut scene = Scene::new();
    for node in [node(1), node(2), other()] {
        scene.write_all(drain(&node));
    }
    scene.write_all(plan(&ours()));
    scene.write(passed(&ours(), &[node(1), node(2)]));
    scene.write(Entry::ApplyEnded { part: ours(), end: ApplyEnd::Stale });
    assert_eq!(scene.status().parts()[&ours()].phase, PartPhase::Open);
    assert_eq!(scene.status().victims()[&node(1)].phase, VictimPhase::Proven);
    scene.write(Entry::UndoBegan { part: ours(), why: "given up".into() });
}

#[test]
fn after_an_apply_that_failed_nothing_is_undone() {
    let mut scene = Scene::new();
    for node in [node(1), node(2), other()] {
        scene.write_all(drain(&node));
    }
    scene.write_all(plan(&ours()));
    scene.write(passed(&ours(), &[node(1), node(2)]));
    let failed = ApplyEnd::Failed { why: "quota".into(), serial: None };
    scene.write(Entry::ApplyEnded { part: ours(), end: failed });
    scene.refuses(Entry::UndoBegan { part: ours(), why: "w".into() });
    // A plan that went stale after that changes nothing about it.
    scene.write_all(plan(&ours()));
    scene.write(passed(&ours(), &[node(1), node(2)]));
    scene.write(Entry::ApplyEnded { part: ours(), end: ApplyEnd::Stale });
    scene.refuses(Entry::UndoBegan { part: ours(), why: "w".into() });
}

#[test]
fn what_was_told_to_leave_is_never_given_back() {
    let leaving = |nodes: &[crate::model::names::NodeName]| Entry::Leaving { part: ours(), nodes: nodes.to_vec() };
    let stale = || Entry::ApplyEnded { part: ours(), end: ApplyEnd::Stale };
    let mut scene = Scene::new();
    for node in [node(1), node(2), other()] {
        scene.write_all(drain(&node));
    }
    scene.write_all(plan(&ours()));
    assert!(scene.refuses(leaving(&[node(1)])).contains("no drained node that this part removes"));
    scene.write(passed(&ours(), &[node(1), node(2)]));
    assert!(scene.refuses(leaving(&[other()])).contains("no drained node that this part removes"));
    assert!(scene.refuses(leaving(&[])).contains("no machine"));
    scene.write(leaving(&[node(1), node(2)]));
    assert!(scene.refuses(stale()).contains("reset"));
    scene.refuses(Entry::UndoBegan { part: ours(), why: "w".into() });
    // Whoever takes over plans anew. That one's apply may do nothing, and still nothing is given back.
    scene.take_over();
    scene.write_all(plan(&ours()));
    scene.refuses(leaving(&[node(1)]));
    scene.write(passed(&ours(), &[node(1), node(2)]));
    scene.write(stale());
    scene.refuses(Entry::UndoBegan { part: ours(), why: "w".into() });
    assert!(scene.status().victims()[&node(1)].is_past());
    assert!(!scene.status().undoable().contains(&ours()));
    scene.write_all(plan(&ours()));
    scene.write(passed(&ours(), &[node(1), node(2)]));
    scene.write(applied(&ours()));
    scene.refuses(leaving(&[node(1)]));
}

#[test]
fn a_dense_sequence_of_one_operation_and_one_holder() {
    let mut scene = Scene::new();
    let entry = Entry::PlanStarted { part: ours() };
    let next = scene.document(entry.clone());
    let wrong = [
        super::super::Document { seq: next.seq + 1, ..next.clone() },
        super::super::Document { seq: next.seq - 1, ..next.clone() },
        super::super::Document { fence: next.fence + 1, ..next.clone() },
        super::super::Document { fence: next.fence - 1, ..next.clone() },
        super::super::Document { operation: crate::model::names::OperationId::from_text("other"), ..next.clone() },
    ];
    for document in wrong {
        let mut status = scene.status().clone();
        assert!(status.follow(&document).is_err(), "{document:?}");
        assert_eq!(status, *scene.status(), "after an error nothing has changed");
    }
    scene.write(entry);
    scene.take_over();
    scene.write(Entry::PlanStarted { part: ours() });
    assert_eq!(Status::fold(scene.documents()).unwrap().as_ref(), Some(scene.status()));
    assert_eq!(Status::fold(&[]), Ok(None));
    assert!(Status::fold(&scene.documents()[1..]).is_err(), "a journal begins with `started`");
}

/// Nothing of it is undone: an operation that did no more ends as one that did a part.
#[test]
fn labels_are_a_part_of_what_was_done() {
    let mut scene = Scene::begun();
    let labelling = |node| Entry::Labelling { nodes: [(node, "u".to_owned())].into() };
    assert!(scene.refuses(Entry::Labelled).contains("nothing was about to be"));
    assert!(scene.refuses(Entry::Labelling { nodes: Default::default() }).contains("no node"));
    assert!(scene.refuses(labelling(node(1))).contains("is to go"));
    scene.write(labelling(node(5)));
    assert!(scene.status().labelling().contains(&node(5)));
    for part in scene.status().undoable() {
        scene.write(Entry::UndoBegan { part, why: "it was cut off".into() });
    }
    assert_eq!(scene.status().ending(), Ok(Outcome::Partial));
    scene.write(Entry::Labelled);
    assert_eq!(scene.status().ending(), Ok(Outcome::Partial), "something was changed, and stays");
}

#[test]
fn a_cluster_is_known_once_and_for_all() {
    let mut scene = Scene::begun();
    let known = |uid: &str| Entry::ClusterKnown { uid: uid.into() };
    assert_eq!(scene.status().cluster(), None);
    scene.write(known("a"));
    scene.write(known("a"));
    assert!(scene.refuses(known("b")).contains("another, a"));
    assert_eq!(scene.status().cluster(), Some("a"));
}

/// One that could not be ended keeps no other from being issued.
#[test]
fn a_token_is_open_until_it_is_revoked() {
    let mut scene = Scene::new();
    let issuing = |token: &str| Entry::TokenIssuing { token: token.into() };
    let revoked = |token: &str| Entry::TokenRevoked { token: token.into() };
    assert!(scene.refuses(revoked("a")).contains("no token a"));
    scene.write(issuing("a"));
    assert!(scene.refuses(issuing("a")).contains("issued already"));
    scene.write(issuing("b"));
    assert_eq!(scene.status().tokens().iter().collect::<Vec<_>>(), ["a", "b"]);
    scene.write(revoked("a"));
    assert!(scene.refuses(revoked("a")).contains("no token a"));
    assert_eq!(scene.status().tokens().iter().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn what_machines_join_by_is_open_until_it_is_taken_back() {
    let mut scene = Scene::new();
    let offer = |token: &str| JoinOffer { token: token.into(), file: format!("join/R:i-{token}") };
    let offering = |joins: &[(u64, &str)]| Entry::JoinOffering {
        joins: joins.iter().map(|(number, token)| (node(*number), offer(token))).collect(),
    };
    let withdrawn = |numbers: &[u64]| Entry::JoinWithdrawn { nodes: numbers.iter().map(|it| node(*it)).collect() };
    assert!(scene.refuses(offering(&[])).contains("no machine"));
    assert!(scene.refuses(withdrawn(&[7])).contains("nothing for"));
    scene.write(offering(&[(7, "a"), (8, "b")]));
    assert!(scene.refuses(offering(&[(8, "c")])).contains("can join already"));
    scene.write(withdrawn(&[7]));
    assert_eq!(scene.status().offers().values().collect::<Vec<_>>(), [&offer("b")]);
    assert!(scene.refuses(withdrawn(&[7, 8])).contains("nothing for"));
    scene.write(withdrawn(&[8]));
    scene.write(offering(&[(8, "c")]));
}
