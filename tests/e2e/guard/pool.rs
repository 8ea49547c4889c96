//! Plans that go beyond the operation from the start: nothing is locked, cordoned or drained.

use super::edits::{ANOTHER_IMAGE, ANOTHER_TYPE, FORGOTTEN, MOVED, SWAPPED, TAINTED};
use super::{Everything, StateFile, standing};

#[test]
fn a_node_leaves_alone_or_not_at_all() {
    let world = standing(3);
    let state = StateFile::of_pool(&world);
    let (victim, neighbour) = (world.node(2), world.node(3));
    let scale_down = ["scale-down", "--pool", &world.pool, "--node", &victim, "--yes"];
    for edit in [ANOTHER_TYPE, TAINTED, ANOTHER_IMAGE, FORGOTTEN, MOVED] {
        state.edit(|instances| (edit.by)(instances, &victim, &neighbour));
        let before = Everything::of(&world);
        world.run(&scale_down).ends(5).says(&edit.refusal(&victim, &neighbour));
        before.is_untouched(&world, edit.what);
    }
    // This one does not come as far as to a plan.
    state.edit(|instances| (SWAPPED.by)(instances, &victim, &neighbour));
    let before = Everything::of(&world);
    world.run(&scale_down).ends(5).says(&format!("nobody can tell how node `{victim}` stands"));
    before.is_untouched(&world, SWAPPED.what);

    state.undo();
    world.run(&scale_down).ends(0);
    assert_eq!(world.workers(), [world.node(1), neighbour]);
}

#[test]
fn a_node_comes_alone_or_not_at_all() {
    let world = standing(2);
    let state = StateFile::of_pool(&world);
    let (one, two) = (world.node(1), world.node(2));
    let scale_up = ["scale-up", "--pool", &world.pool, "--to", "3", "--yes"];
    for edit in [ANOTHER_TYPE, TAINTED, FORGOTTEN, MOVED] {
        state.edit(|instances| (edit.by)(instances, &one, &two));
        let before = Everything::of(&world);
        world.run(&scale_up).ends(5).says(&edit.refusal(&one, &two));
        before.is_untouched(&world, edit.what);
    }
    state.undo();
    world.run(&scale_up).ends(0);
    assert_eq!(world.running().len(), 3);
}
