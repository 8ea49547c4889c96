//! Terraform writes a state that lies in a folder in place: killed just then, it leaves nothing of it, or the half.

use super::Scenario;
use super::case::{LATER, Stage, mortal};
use crate::world::World;

#[test]
fn a_state_that_was_cut_off_in_its_writing_is_put_back() {
    let stage = Stage::new(&World::new);
    let world = &stage.world;
    for half in [false, true] {
        stage.prepare(Scenario::Down);
        let orders =
            [("SCALER_MORTAL_DIE", "in terraform: terraform_data.node delete done #1"), ("SCALER_MORTAL_TREE", "1")];
        let args = stage.args(Scenario::Down);
        let said = mortal(&world.program, &orders, &args.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(said.code, -1, "{}", said.stderr);
        stage.nobody_works();
        let path = world.folder().join(format!("store/terraform/pool-{}.tfstate", world.pool));
        let backup = path.with_extension("tfstate.backup");
        let text = std::fs::read_to_string(&path).expect("a state");
        let recorded = &world.record()["stacks"][&format!("pool-{}", world.pool)]["serial"];
        // What Terraform does before its first write, where it had not come to that yet.
        if serial(&text).as_ref() == Some(recorded) {
            std::fs::write(&backup, &text).expect("it is written");
        }
        let whole = std::fs::read_to_string(&backup).expect("a backup");
        std::fs::write(&path, if half { &whole[..whole.len() / 2] } else { "" }).expect("it is written");
        if half {
            mortal(&world.program, &[LATER], &["status"]).ends(1).says("was not finished").says("scaler resume");
        }
        stage.is_brought_to_its_end(&format!("half: {half}"), true);
    }
}

/// None where it is cut off already.
fn serial(state: &str) -> Option<serde_json::Value> {
    let state: serde_json::Value = serde_json::from_str(state).ok()?;
    state.get("serial").cloned()
}
