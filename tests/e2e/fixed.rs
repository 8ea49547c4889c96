//! What cannot change once a cluster stands, and what can as long as none does.

use crate::broken::Broken;
use crate::world::World;

#[test]
fn another_ssh_key_is_refused_by_name() {
    let world = World::new();
    let key = |text: &str| std::fs::write(world.folder().join("key.pub"), text).expect("a key");
    key("ssh-ed25519 AAAA one\n");
    world.write(&world.file("min: 1, max: 6", "ssh: { publicKeyFile: ./key.pub }\n"));
    world.apply().ends(0);
    let before = world.record();
    key("ssh-ed25519 BBBB two\n");
    world.apply().ends(5).says("`ssh.publicKeyFile` holds another key").says("authorized_keys");
    assert_eq!(world.record(), before);
    // A colleague has another key at the same path: the stored one stays.
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]).ends(0);
    assert_eq!(world.record()["source"], before["source"]);
    // The same key may lie elsewhere.
    std::fs::write(world.folder().join("moved.pub"), "ssh-ed25519 AAAA one").expect("a key");
    world.write(&world.file("min: 1, max: 6", "ssh: { publicKeyFile: ./moved.pub }\n"));
    world.apply().ends(0);
}

#[test]
fn the_file_of_a_first_apply_that_made_nothing_can_be_corrected() {
    let mut world = World::new();
    let broken = Broken::before(&mut world);
    broken.fail("foundation");
    world.apply().ends(6);
    assert!(world.sandbox.machines().is_empty());
    let file = world.file("min: 1, max: 6", "tags: { team: blue }\n");
    let file =
        file.replace("[local-a, local-b]", "[local-c]").replace("count: 1, machine: small", "count: 3, machine: big");
    world.write(&file);
    broken.mend();
    world.apply().ends(0);
    let nodes = world.record()["controlPlane"]["nodes"].as_object().expect("control planes").clone();
    assert_eq!(nodes.len(), 3);
    assert!(nodes.values().all(|node| node["zone"] == "local-c" && node["machine"] == "big"), "{nodes:?}");
    assert_eq!(world.workers().len(), 1);
    // From here on it is fixed.
    world.write(&file.replace("local-c", "local-a"));
    world.apply().ends(5).says("`network.zones` was local-c and is now local-a");
}

#[test]
fn every_machine_carries_the_operation_that_made_it() {
    let world = World::new();
    world.apply().ends(0);
    let record = world.record();
    let operation = &record["operation"];
    let first = world.folder().join(format!("store/journal/{}/000001", operation.as_str().expect("an id")));
    let first: serde_json::Value = serde_json::from_slice(&std::fs::read(first).expect("an entry")).expect("JSON");
    assert!(!first.to_string().contains(r#""operation":"planned""#), "{first}");
    let pools = [&record["controlPlane"], &record["pools"][&world.pool]];
    for node in pools.iter().flat_map(|pool| pool["nodes"].as_object().expect("nodes").values()) {
        assert_eq!(node["operation"], *operation);
    }
    for stack in ["foundation".to_owned(), format!("pool-{}", world.pool)] {
        let state = std::fs::read_to_string(world.folder().join(format!("store/terraform/{stack}.tfstate")));
        let state = state.expect("a state");
        assert!(state.contains(operation.as_str().expect("an id")), "{state}");
        assert!(!state.contains("\"scaler:operation\": \"planned\""), "{state}");
    }
}
