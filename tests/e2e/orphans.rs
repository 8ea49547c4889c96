//! Machines with the cluster's id that nobody knows: made by a run that was cut off, or by somebody else.

use serde_json::{Value, json};

use crate::world::World;

/// A machine in the register that neither the record nor any state has: a copy of one that they have, under another id.
fn orphan(world: &World, id: &str) {
    let known = world.sandbox.machines().into_iter().find(|machine| !machine.control_plane).expect("a worker");
    let mut entry = world.sandbox.entry(&known.id);
    let name = world.node(9);
    world.bridge.hold(&name);
    entry["tags"]["scaler:node"] = json!(name);
    for (key, value) in [("id", json!(id)), ("name", json!(name)), ("privateAddress", Value::Null)] {
        entry[key] = value;
    }
    let register = world.sandbox.register();
    // Beside its place first: nobody reads half of it.
    std::fs::write(register.join(format!(".{id}.new")), entry.to_string()).expect("a machine is written");
    std::fs::rename(register.join(format!(".{id}.new")), register.join(format!("{id}.json"))).expect("a machine");
}

#[test]
fn an_orphan_is_named_by_every_command_and_a_destroy_is_not_done_while_it_runs() {
    let world = World::new();
    world.apply().ends(0);
    let id = "orphan-1";
    orphan(&world, id);
    let told = format!("machine {id} (running) carries this cluster's id and the name {}", world.node(9));
    for args in [["plan", "--detailed-exitcode"].as_slice(), &["status"]] {
        world.run(args).ends(0).says(&told).says("neither the record nor Terraform knows it").says("terminate it");
        let said = world.run(&[args, &["--output", "json"]].concat()).ends(0).json();
        let findings = said["findings"].as_array().expect("findings");
        let found = findings.iter().find(|finding| finding["machineId"] == id).expect("the orphan is found");
        assert_eq!((&found["finding"], &found["node"]), (&json!("orphan"), &json!(world.node(9))), "{found}");
    }
    let destroy = ["destroy", "--yes", "--name", &world.cluster];
    // It is found again each time, also when nothing else is left.
    for _ in 0..2 {
        let said = world.run(&destroy).ends(6).says("still carry this cluster's id").says(&format!("{id} (running)"));
        assert!(!said.stdout.contains("is destroyed"), "{}", said.stdout);
        assert_ne!(world.record()["destroyed"], true);
        let left = world.sandbox.machines().into_iter().filter(crate::world::runs).map(|machine| machine.id);
        assert_eq!(left.collect::<Vec<_>>(), [id], "all others went, and it was not touched");
        world.lock_is_free();
        world.nothing_stays();
    }
    world.sandbox.vanish(id);
    world.run(&destroy).ends(0);
    assert_eq!(world.record()["destroyed"], true);
    world.is_in_order();
}
