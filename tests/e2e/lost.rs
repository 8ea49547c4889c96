//! Machines and nodes that are not as they should be.

use scaler_lab::Happening;

use crate::world::World;

#[test]
fn a_machine_that_vanished_is_retired_and_its_successor_has_a_new_name() {
    let world = World::new();
    world.write(&world.file("count: 3", ""));
    world.apply().ends(0);
    let (name, id) = (world.node(2), world.running()[&world.node(2)].clone());
    world.sandbox.vanish(&id);
    world.bridge.wait(&name, &Happening::Silent);
    world.run(&["plan"]).ends(0).says(&name).says("gone");
    world.apply().ends(0);
    assert_eq!(world.workers(), [world.node(1), world.node(3), world.node(4)]);
    assert_eq!(world.running().into_keys().collect::<Vec<_>>(), world.workers());
    assert!(!world.nodes().contains(&name), "its Node object is gone");
}

#[test]
fn many_vanished_machines_are_retired_only_when_each_is_named() {
    let world = World::new();
    world.write(&world.file("count: 3", ""));
    world.apply().ends(0);
    for number in [1, 2] {
        world.sandbox.vanish(&world.running()[&world.node(number)]);
    }
    let (one, two) = (world.node(1), world.node(2));
    world.apply().ends(5).says(&format!("--accept-lost {one}"));
    assert_eq!(world.workers().len(), 3);
    world.run(&["apply", "--yes", "--accept-lost", &one, "--accept-lost", &two]).ends(0);
    assert_eq!(world.workers(), [world.node(3), world.node(4), world.node(5)]);
}

#[test]
fn a_pool_is_scaled_whatever_another_one_has_lost() {
    let world = World::new();
    let other = format!("{}x", world.pool);
    let second = format!("  - {{ name: {other}, machine: small, image: {{ id: base }}, min: 0, max: 2 }}\n");
    world.write(&world.file("count: 3", &second));
    world.apply().ends(0);
    for number in [1, 2] {
        world.sandbox.vanish(&world.running()[&world.node(number)]);
    }
    world.run(&["scale-up", "--pool", &other, "--to", "1", "--yes"]).ends(0);
    assert_eq!(world.workers().len(), 3);
    world.apply().ends(5).says("--accept-lost");
}

#[test]
fn a_list_without_a_single_machine_is_not_believed() {
    let world = World::new();
    world.write(&world.file("count: 2", ""));
    world.apply().ends(0);
    let hidden = tempfile::tempdir().expect("a folder");
    let machines = world.sandbox.machines();
    let places = |id: &str| {
        let file = format!("{id}.json");
        (world.sandbox.register().join(&file), hidden.path().join(&file))
    };
    for machine in &machines {
        let (shown, away) = places(&machine.id);
        std::fs::rename(shown, away).expect("a machine is hidden");
    }
    world.run(&["status"]).ends(0).says("nothing is taken for gone");
    world.run(&["plan"]).ends(5).says("the cloud lists no machine");
    world.apply().ends(5).says("the cloud lists no machine").says("scaler destroy");
    for machine in &machines {
        let (shown, away) = places(&machine.id);
        std::fs::rename(away, shown).expect("a machine is back");
    }
    world.run(&["plan", "--detailed-exitcode"]).ends(0);
    assert_eq!(world.sandbox.machines().len(), machines.len());
}

#[test]
fn a_cluster_is_not_made_beside_one_of_the_same_name() {
    let world = World::new();
    world.apply().ends(0);
    let before = world.sandbox.machines().len();
    let text = std::fs::read_to_string(world.path()).expect("the cluster file");
    world.write(&text.replace("path: store", "path: other"));
    world.run(&["plan"]).ends(5).says(&format!("another cluster named `{}`", world.cluster));
    world.apply().ends(5).says("correct `store`");
    let scale_up = ["scale-up", "--pool", &world.pool, "--to", "2", "--yes"];
    for args in [&scale_up[..], &["destroy", "--yes", "--name", &world.cluster]] {
        world.run(args).ends(5).says("holds no record");
    }
    assert!(!world.folder().join("other/cluster.json").exists());
    assert_eq!(world.sandbox.machines().len(), before);
    world.write(&text);
    world.run(&["destroy", "--yes", "--name", &world.cluster]).ends(0);
    world.write(&text.replace("path: store", "path: other"));
    world.apply().ends(0);
}

#[test]
fn a_node_that_never_joined_goes_without_a_drain() {
    let world = World::new();
    world.write(&world.file("min: 1, max: 6", ""));
    world.apply().ends(0);
    let late = world.node(2);
    world.bridge.hold(&late);
    let pool = world.pool.clone();
    world.run(&["scale-up", "--pool", &pool, "--to", "2", "--yes", "--join-timeout", "3s"]).ends(6).says(&late);
    assert_eq!(world.running().len(), 2);
    world.run(&["status"]).ends(0).says("not joined");
    world.run(&["scale-down", "--pool", &pool, "--node", &late, "--yes"]).ends(0);
    assert_eq!(world.running().into_keys().collect::<Vec<_>>(), [world.node(1)]);
}

#[test]
fn a_node_that_is_not_ready_goes_only_when_its_loss_is_accepted() {
    let world = World::new();
    world.write(&world.file("min: 1, max: 6", ""));
    world.apply().ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]).ends(0);
    let sick = world.node(2);
    world.k.silence(&sick).expect("the kubelet falls silent");
    world.k.wait("the node to be NotReady", |k| {
        let node = k.get(&format!("/api/v1/nodes/{sick}"));
        let conditions = node["status"]["conditions"].as_array()?.clone();
        conditions.iter().any(|one| one["type"] == "Ready" && one["status"] != "True").then_some(())
    });
    let args = ["scale-down", "--pool", &world.pool, "--node", &sick, "--yes"];
    world.run(&args).ends(5).says(&format!("--accept-lost {sick}"));
    assert_eq!(world.running().len(), 2);
    let mut accepted = args.to_vec();
    accepted.extend(["--accept-lost", &sick]);
    world.run(&accepted).ends(0);
    assert_eq!(world.running().len(), 1);
    assert!(!world.nodes().contains(&sick));
}

#[test]
fn in_a_cluster_that_has_none_of_the_machines_a_missing_node_proves_nothing() {
    let world = World::new();
    world.write(&world.file("min: 2, max: 6", ""));
    let (one, two) = (world.node(1), world.node(2));
    for node in [&one, &two, &format!("{}-control-plane-1", world.cluster)] {
        world.bridge.hold(node);
    }
    world.run(&["apply", "--yes", "--join-timeout", "3s"]).ends(6).says("not joined").says(&two);
    assert!(world.record()["kubeSystemUid"].is_null(), "any cluster may have answered");
    world.write(&world.file("min: 1, max: 6", ""));
    let args = ["scale-down", "--pool", &world.pool, "--node", &two, "--yes"];
    world.run(&args).ends(5).says("--kubeconfig").says(&format!("--accept-lost {two}"));
    assert_eq!(world.running().len(), 2);
    let mut accepted = args.to_vec();
    accepted.extend(["--accept-lost", &two]);
    world.run(&accepted).ends(0);
    assert!(world.running().into_keys().eq([one.clone()]));
    world.bridge.release(&one);
    world.bridge.wait(&one, &Happening::Joined);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]).ends(0);
    assert!(world.record()["kubeSystemUid"].is_string(), "a machine of ours is a Node there");
}

#[test]
fn a_cluster_that_cannot_be_reached_is_named_with_what_that_means() {
    let world = World::new();
    world.write(&world.file("min: 1, max: 6", ""));
    world.apply().ends(0);
    let astray = |args: &[&str]| {
        let mut args = args.to_vec();
        args.extend(["--kubeconfig", "/nonexistent"]);
        world.run(&args)
    };
    astray(&["destroy", "--dry-run"]).ends(0).says("cannot be reached").says("nothing will be drained");
    let idle = astray(&["plan"]).ends(0).says("Nothing to do").says("cannot be reached");
    assert!(!idle.stdout.contains("seen to join"), "{}", idle.stdout);
    world.write(&world.file("min: 0, max: 6", ""));
    let said = astray(&["scale-down", "--pool", &world.pool, "--node", &world.node(1), "--yes"]).ends(5);
    said.says("cannot be asked").says("/nonexistent");
}
