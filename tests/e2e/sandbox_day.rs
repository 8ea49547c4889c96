//! An operator's day on the sandbox: make, grow, shrink, destroy.

use crate::world::{World, runs};

with_each_tool! { a_cluster_is_made_grown_shrunk_and_destroyed }

fn a_cluster_is_made_grown_shrunk_and_destroyed(world: World) {
    world.run(&["plan", "--detailed-exitcode"]).ends(2);
    assert!(!world.folder().join("store").exists(), "plan changes nothing");

    world.apply().ends(0);
    let flavour = if world.tool == Some("tofu") { "opentofu" } else { "terraform" };
    assert_eq!(world.record()["terraform"]["flavour"], flavour);
    assert_eq!(world.workers().len(), 1);
    assert_eq!(world.running().len(), 1);

    world.run(&["scale-up", "--pool", &world.pool, "--to", "4", "--yes"]).ends(0);
    assert_eq!(world.running().len(), 4);
    assert_eq!(world.nodes().len(), 4);
    world.run(&["plan", "--detailed-exitcode"]).ends(0);

    let second = format!("{}-{}-2", world.cluster, world.pool);
    world.run(&["scale-down", "--pool", &world.pool, "--node", &second, "--yes"]).ends(0);
    assert!(!world.running().contains_key(&second));
    assert!(!world.nodes().contains(&second));
    assert_eq!(world.workers(), world.running().into_keys().collect::<Vec<_>>());

    world.run(&["destroy", "--yes"]).ends(5).says("--name");
    world.run(&["destroy", "--yes", "--name", &world.cluster]).ends(0);
    assert!(world.running().is_empty());
    assert!(world.sandbox.machines().iter().all(|machine| !runs(machine)), "the control plane went too");
}
