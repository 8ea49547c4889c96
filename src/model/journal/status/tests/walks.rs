//! A writer that tries anything at any time. What the status lets through is held against rules of the tests' own.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::super::super::{Act, ApplyEnd, Deathbed, Entry, Outcome, PartId, Proof, UncordonFound, WayIn};
use super::super::Status;
use super::scene::{Scene, applied, drain, machine, newcomer, node, other, passed, plan, uid};
use crate::model::names::{NodeName, StackId};

fn victims() -> Vec<NodeName> {
    vec![node(1), node(2), other()]
}

fn any_victim() -> impl Strategy<Value = NodeName> {
    proptest::sample::select(victims())
}

fn any_part() -> impl Strategy<Value = PartId> {
    let part = |pool: &str, act| PartId::new(StackId::Pool(pool.into()), act);
    proptest::sample::select(vec![part("a", Act::Make), part("a", Act::Remove), part("b", Act::Remove)])
}

fn any_proof() -> impl Strategy<Value = Proof> {
    prop_oneof![
        4 => Just(Proof::Drained),
        1 => Just(Proof::NeverJoined { way_in: WayIn::NeverIssued }),
        1 => Just(Proof::Gone { seen: Deathbed::Terminated }),
        1 => Just(Proof::Accepted { user: "ada".into() }),
    ]
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let end = prop_oneof![
        2 => any_part().prop_map(|part| applied(&part)),
        1 => any_part().prop_map(|part| Entry::ApplyEnded { part, end: ApplyEnd::Stale }),
        1 => any_part().prop_map(|part| {
            Entry::ApplyEnded { part, end: ApplyEnd::Failed { why: "w".into(), serial: None } }
        }),
    ];
    let outcome = proptest::sample::select(vec![Outcome::Done, Outcome::Undone, Outcome::Partial]);
    let of_node = any_victim().prop_flat_map(|node| {
        let n = || node.clone();
        prop_oneof![
            3 => Just(Entry::Cordoning { node: n(), uid: uid(&node), was_unschedulable: false }),
            3 => Just(Entry::Cordoned { node: n(), uid: uid(&node) }),
            3 => Just(Entry::DrainStarted { node: n() }),
            1 => Just(Entry::NodeBlocked { node: n(), reasons: vec!["r".into()] }),
            1 => Just(Entry::Spared { node: n() }),
            2 => Just(Entry::MachineGone { node: n(), machine_id: machine(&node) }),
            2 => Just(Entry::NodeDeleted { node: n(), uid: uid(&node) }),
            2 => Just(Entry::Uncordoned { node: n(), found: UncordonFound::Ours }),
        ]
    });
    let evidence = (any_victim(), any_proof()).prop_map(|(node, proof)| Entry::Evidence {
        uid: Some(uid(&node)),
        machine_id: Some(machine(&node)),
        node,
        proof,
    });
    let of_part = any_part().prop_flat_map(|part| {
        let [began, planned]: [Entry; 2] = plan(&part).try_into().expect("two entries");
        prop_oneof![
            3 => Just(began),
            3 => Just(planned),
            1 => Just(Entry::PartBlocked { part: part.clone(), reasons: vec!["r".into()] }),
            1 => Just(Entry::UndoBegan { part: part.clone(), why: "w".into() }),
            1 => Just(Entry::Stuck { part, thing: "t".into() }),
        ]
    });
    let leaving = (any_part(), proptest::sample::subsequence(victims(), 0..=3))
        .prop_map(|(part, nodes)| Entry::Leaving { part, nodes });
    let pass =
        (any_part(), proptest::sample::subsequence(victims(), 0..=3)).prop_map(|(part, nodes)| passed(&part, &nodes));
    prop_oneof![
        8 => of_node,
        4 => evidence,
        6 => of_part,
        5 => pass,
        2 => leaving,
        4 => end,
        1 => Just(Entry::NodeReady { node: newcomer(), uid: uid(&newcomer()) }),
        1 => any_part().prop_map(|part| Entry::Adopting { part, node: newcomer(), machine_id: machine(&newcomer()) }),
        1 => (8..12u64).prop_map(|generation| Entry::Committed { generation }),
        1 => outcome.prop_map(|outcome| Entry::Finished { outcome }),
    ]
}

/// A whole stretch now and then, so that walks come far.
fn any_stretch() -> impl Strategy<Value = Vec<Entry>> {
    prop_oneof![
        6 => any_entry().prop_map(|entry| vec![entry]),
        3 => any_victim().prop_map(|node| drain(&node)),
        1 => any_part().prop_map(|part| plan(&part)),
    ]
}

fn any_walk() -> impl Strategy<Value = Vec<Entry>> {
    proptest::collection::vec(any_stretch(), 1..150).prop_map(|stretches| stretches.concat())
}

/// What the tests themselves remember of a walk.
#[derive(Default)]
struct Rules {
    /// Ours by a cordon that was not put back.
    cordoned: BTreeSet<NodeName>,
    /// Found empty, or dead, since its last drain began.
    proven: BTreeSet<NodeName>,
    passed: BTreeSet<PartId>,
    /// An apply of it may have done something.
    touched: BTreeSet<PartId>,
    dead: BTreeSet<NodeName>,
    uncommitted: bool,
    ended: bool,
}

impl Rules {
    /// Looks at an entry that was taken in.
    fn see(&mut self, entry: &Entry, of: &BTreeMap<NodeName, PartId>) {
        assert!(!self.ended, "nothing comes after the end");
        match entry {
            Entry::Cordoning { node, .. } => {
                self.cordoned.insert(node.clone());
            }
            Entry::Uncordoned { node, .. } => {
                assert!(!self.passed.contains(&of[node]), "what may go is not given back");
                self.cordoned.remove(node);
            }
            Entry::DrainStarted { node } => {
                assert!(self.cordoned.contains(node), "no drain without a cordon");
                self.proven.remove(node);
            }
            Entry::Evidence { node, proof, .. } => {
                if matches!(proof, Proof::Gone { .. }) {
                    self.dead.insert(node.clone());
                } else {
                    assert_eq!(*proof, Proof::Drained, "these joined, and nobody accepted their loss");
                }
                self.proven.insert(node.clone());
            }
            Entry::NodeBlocked { node, .. } => {
                self.proven.remove(node);
            }
            Entry::Spared { .. } => panic!("nobody asked for --partial"),
            Entry::UndoBegan { part, .. } => {
                assert!(!self.passed.contains(part), "past the point nothing is undone");
                self.proven.retain(|node| of[node] != *part);
            }
            Entry::PointOfNoReturn { part, permits } => {
                for permit in permits {
                    assert_eq!(of[&permit.node], *part);
                    assert!(self.proven.contains(&permit.node), "no machine dies without evidence");
                }
                let all = of.iter().filter(|(_, its)| *its == part).count();
                assert_eq!(permits.len(), all, "all of the part go, or none");
                self.passed.insert(part.clone());
            }
            Entry::ApplyEnded { part, end } => {
                assert!(self.passed.contains(part));
                if !matches!(end, ApplyEnd::Stale) {
                    self.touched.insert(part.clone());
                    self.uncommitted = true;
                } else if !self.touched.contains(part) {
                    self.passed.remove(part);
                }
            }
            Entry::Leaving { part, nodes } => {
                assert!(self.passed.contains(part));
                assert!(nodes.iter().all(|node| of[node] == *part && self.proven.contains(node)));
                self.touched.insert(part.clone());
            }
            // An apply that was cut off may have done something.
            Entry::PlanStarted { part } if self.passed.contains(part) => {
                self.touched.insert(part.clone());
            }
            Entry::MachineGone { node, .. } => {
                assert!(self.passed.contains(&of[node]));
                self.dead.insert(node.clone());
                self.uncommitted = true;
            }
            Entry::NodeDeleted { node, .. } => {
                assert!(self.dead.contains(node), "a Node is deleted when its machine is gone");
                self.uncommitted = true;
            }
            Entry::Adopting { part, .. } => {
                assert!(self.passed.contains(part));
                self.uncommitted = true;
            }
            Entry::Stuck { part, .. } => assert!(self.passed.contains(part)),
            Entry::Committed { .. } => self.uncommitted = false,
            Entry::Finished { .. } => {
                let held = self.cordoned.iter().find(|node| !self.passed.contains(&of[*node]));
                assert_eq!(held, None, "a cordon of ours is left");
                assert!(!self.uncommitted, "what was done is in the record");
                self.ended = true;
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_global_rejects: 0, ..ProptestConfig::default() })]

    #[test]
    fn no_walk_breaks_a_rule(entries in any_walk()) {
        let mut scene = Scene::begun();
        let of: BTreeMap<NodeName, PartId> =
            scene.status().victims().iter().map(|(node, victim)| (node.clone(), victim.part.clone())).collect();
        let mut rules = Rules::default();
        for entry in entries {
            if scene.tries(entry.clone()) {
                rules.see(&entry, &of);
            }
        }
        // Whoever reads the journal comes to the same status as who wrote it.
        let folded = Status::fold(scene.documents()).unwrap();
        prop_assert_eq!(folded.as_ref(), Some(scene.status()));
    }

    /// Wherever a run is cut off, another one can put back what is before its point of no return.
    #[test]
    fn whatever_is_before_its_point_can_be_undone(entries in any_walk()) {
        let mut scene = Scene::begun();
        for entry in entries {
            scene.tries(entry);
        }
        if scene.status().outcome().is_some() {
            return Ok(());
        }
        let before = scene.status().clone();
        scene.take_over();
        for part in before.undoable() {
            scene.write(Entry::UndoBegan { part: part.clone(), why: "aborted".into() });
            for (node, _) in before.cordoned(&part) {
                scene.write(Entry::Uncordoned { node: node.clone(), found: UncordonFound::Ours });
            }
        }
        scene.write(Entry::Committed { generation: 1_000_000 });
        prop_assert_eq!(scene.status().undoable(), vec![]);
        if before.past().is_empty() {
            prop_assert_eq!(scene.status().ending(), Ok(Outcome::Undone));
        }
    }
}

/// The walks are of use only if they come far.
#[test]
fn walks_come_past_the_point_of_no_return() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let walks = any_walk();
    let passed = (0..200).filter(|_| {
        let entries = walks.new_tree(&mut runner).expect("a walk").current();
        let mut scene = Scene::begun();
        for entry in entries {
            scene.tries(entry);
        }
        scene.status().parts().iter().any(|(id, part)| id.act == Act::Remove && part.past)
    });
    assert!(passed.count() > 5);
}
