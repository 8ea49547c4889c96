//! Terraform fails half-way: one machine is made, the next is refused.

use crate::gates::put;
use crate::long::signals::of_size;
use crate::world::World;

/// What the sandbox's module makes a machine with, as long as the quota is there: the first who comes gets one.
const MKDIR: &str = r#"#!/bin/sh
if [ -d 'QUOTA' ] && ! /bin/mkdir 'QUOTA/used' 2>/dev/null; then
  echo "no more machines today" >&2
  exit 1
fi
exec /bin/mkdir "$@"
"#;

/// From now on the world's program gets one more machine. Gives the folder that says so.
fn one_more_machine(world: &mut World) -> std::path::PathBuf {
    let (quota, bin) = (world.folder().join("quota"), world.folder().join("quota-bin"));
    for folder in [&quota, &bin] {
        std::fs::create_dir(folder).expect("a folder");
    }
    put(&bin.join("mkdir"), &MKDIR.replace("QUOTA", &quota.display().to_string()));
    let path = format!("{}:{}", bin.display(), world.program.environment["PATH"]);
    world.program.environment.insert("PATH".to_owned(), path);
    quota
}

#[test]
fn the_machine_that_was_made_is_kept_and_the_other_one_made_up_for() {
    let mut world = of_size(1);
    let quota = one_more_machine(&mut world);
    let args = ["scale-up", "--pool", &world.pool, "--to", "3", "--yes"];
    let said = world.run(&args).ends(6).says("no more machines today");
    let standing = world.running();
    assert_eq!(standing.len(), 2, "one of the two was made: {standing:?}");
    let made = standing.keys().find(|name| **name != world.node(1)).expect("a new machine").clone();
    assert!(said.stdout.contains(&made) || said.stderr.contains(&made), "{said:?}");
    world.nothing_stays();
    world.lock_is_free();
    let refused = if made == world.node(2) { world.node(3) } else { world.node(2) };
    world.run(&["status"]).ends(0).says(&refused);
    std::fs::remove_dir_all(&quota).expect("the quota");
    world.run(&args).ends(0);
    let now = world.running();
    assert_eq!(now.len(), 3, "{now:?}");
    for (name, id) in &standing {
        assert_eq!(now.get(name), Some(id), "{name} is the very machine");
    }
    world.is_in_order();
    world.run(&["plan", "--detailed-exitcode"]).ends(0);
}
