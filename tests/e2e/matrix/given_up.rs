//! A destroy over an operation that made a machine which no state has, and that cannot be settled at first.

use super::Scenario;
use super::case::{LATER, Stage, mortal};
use crate::gates::put;
use crate::world::World;

/// Terraform, whose first import fails.
const FAILS_ONCE: &str = r#"#!/bin/sh
PATH="${PATH#*:}"
case " $* " in
    *" import "*) if mkdir "$0.failed" 2>/dev/null; then echo 'Error: no import today' >&2; exit 1; fi ;;
esac
exec terraform "$@"
"#;

#[test]
fn what_it_made_goes_with_everything_else() {
    let stage = Stage::new(&World::new);
    let world = &stage.world;
    stage.prepare(Scenario::Recovery);
    stage.let_all_go();
    let made = world.node(2);
    assert!(world.running().contains_key(&made) && !world.workers().contains(&made), "nobody knows the machine");
    let bin = world.folder().join("once");
    std::fs::create_dir(&bin).expect("a folder");
    put(&bin.join("terraform"), FAILS_ONCE);
    let path = format!("{}:{}", bin.display(), world.program.environment["PATH"]);
    let orders = [("PATH", path.as_str()), LATER];
    let said = mortal(&world.program, &orders, &["destroy", "--yes", "--name", &world.cluster]).ends(0);
    said.says("no import today")
        .says("it is given up when everything is agreed to go")
        .says(&format!("{made} was made by the operation that is given up"));
    assert!(bin.join("terraform.failed").exists());
    assert_eq!(world.running().len(), 0, "{:?}", world.running());
    assert_eq!(world.record()["destroyed"], true);
    world.lock_is_free();
}
