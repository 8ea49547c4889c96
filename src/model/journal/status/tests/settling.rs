//! What becomes of an operation that was cut off at one place or another.

use super::super::super::{Act, ApplyEnd, Entry, Fate, Outcome, PartId, Settling};
use super::scene::*;
use crate::model::names::StackId;

fn make() -> PartId {
    PartId::new(StackId::Pool("a".into()), Act::Make)
}

/// What is said of each part after these entries.
fn said(entries: impl IntoIterator<Item = Vec<Entry>>) -> Vec<String> {
    let mut scene = Scene::begun();
    for entry in entries.into_iter().flatten() {
        scene.write(entry);
    }
    scene.status().settling().iter().map(ToString::to_string).collect()
}

/// Whether machines that stand may go when this is settled.
fn destroys(scene: &Scene) -> bool {
    let goes = |one: &Settling| one.part.act == Act::Remove && one.fate == Fate::Finished;
    scene.status().settling().iter().any(goes)
}

#[test]
fn what_was_not_begun_is_dropped() {
    let dropped = "is dropped: nothing of it was begun that stays";
    assert_eq!(
        said([]),
        [format!("pool-a:make {dropped}"), format!("pool-a:remove {dropped}"), format!("pool-b:remove {dropped}")]
    );
}

#[test]
fn each_part_is_told_by_its_own_point_of_no_return() {
    let cut_off = [plan(&make()), vec![passed(&make(), &[])]];
    assert_eq!(said(cut_off.clone())[0], "pool-a:make is finished, and made or taken in: demo-a-9");
    let failed = Entry::ApplyEnded { part: make(), end: ApplyEnd::Failed { why: "w".into(), serial: None } };
    assert_eq!(
        said(cut_off.clone().into_iter().chain([vec![failed]]))[0],
        "pool-a:make is finished, and made or taken in: demo-a-9"
    );
    let made = cut_off.into_iter().chain([vec![applied(&make())]]);
    let ready = Entry::NodeReady { node: newcomer(), uid: uid(&newcomer()) };
    assert_eq!(said(made.clone().chain([vec![ready]]))[0], "pool-a:make was done, and is written down");
    let half = made.chain([drain(&node(1)), drain(&node(2))[..2].to_vec()]);
    assert_eq!(said(half)[1], "pool-a:remove is undone, and given back as before: demo-a-1, demo-a-2");
}

#[test]
fn only_a_removal_past_its_point_destroys() {
    let mut scene = Scene::begun();
    let cut_off = [plan(&make()), vec![passed(&make(), &[]), applied(&make())]].concat();
    let drained = [drain(&node(1)), drain(&node(2)), drain(&other())].concat();
    for entry in cut_off.into_iter().chain(drained).chain(plan(&ours())) {
        scene.write(entry);
        assert!(!destroys(&scene));
    }
    scene.write(passed(&ours(), &[node(1), node(2)]));
    assert!(destroys(&scene));
    let told = scene.status().settling()[1].to_string();
    assert_eq!(told, "pool-a:remove is finished, and removed with its machine: demo-a-1, demo-a-2");
}

#[test]
fn only_what_an_apply_left_behind_is_adopted() {
    let adopting = || Entry::Adopting { part: make(), node: newcomer(), machine_id: machine(&newcomer()) };
    let mut scene = Scene::begun();
    assert!(!scene.tries(adopting()), "nothing was applied");
    for entry in plan(&make()) {
        scene.write(entry);
    }
    assert!(!scene.tries(adopting()), "nothing was applied");
    scene.write(passed(&make(), &[]));
    scene.write(adopting());
    let adopted = scene.status().newcomers()[&newcomer()].clone();
    assert_eq!((adopted.machine_id, adopted.adopted), (Some(machine(&newcomer())), true));
    let stranger = Entry::Adopting { part: make(), node: node(1), machine_id: "i-1".into() };
    assert!(!scene.tries(stranger), "it is no node that the part makes");
    scene.write(applied(&make()));
    assert!(!scene.tries(adopting()), "the apply came to its end");
}

#[test]
fn what_is_given_up_has_ended() {
    let mut scene = Scene::begun();
    scene.write(Entry::Superseded { why: "everything goes".into() });
    assert_eq!(scene.status().outcome(), Some(Outcome::Partial));
    assert!(!scene.tries(Entry::UndoBegan { part: make(), why: "w".into() }));
}
