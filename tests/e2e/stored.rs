//! `--cluster URL`: from another folder and another home, with nothing but the store and a login.

use scaler_lab::Kubernetes;

use crate::world::{Program, World};

/// Another person's place: no cluster file, another home.
fn elsewhere(world: &World) -> (Program, String) {
    let mut environment = world.program.environment.clone();
    let home = world.folder().join("another-home");
    std::fs::create_dir(&home).expect("a home");
    environment.insert("HOME".to_owned(), home.display().to_string());
    environment.insert("USER".to_owned(), "colleague".to_owned());
    (Program::new(environment), format!("file://{}/store", world.folder().display()))
}

#[test]
fn the_stored_record_is_enough_to_work_on() {
    let world = World::new();
    world.apply().ends(0);
    let (program, url) = elsewhere(&world);
    let at = |args: &[&str]| program.run(&[args, &["--cluster", &url]].concat());
    let before = world.record();
    at(&["plan"]).ends(0).says("Nothing to do");
    at(&["status"]).ends(0).says(&world.node(1));
    at(&["doctor"]).ends(0);
    assert_eq!(world.record(), before);
    at(&["scale-up", "--pool", &world.pool, "--to", "3", "--yes"]).ends(0);
    assert_eq!(world.workers().len(), 3);
    at(&["scale-down", "--pool", &world.pool, "--node", &world.node(2), "--yes"]).ends(0);
    assert_eq!(world.workers(), [world.node(1), world.node(3)]);
    assert_eq!(world.record()["source"], before["source"], "the cluster file stays what it was");
    world.is_in_order();
    // Whoever has the file goes on from there.
    world.run(&["plan"]).ends(0).says("Nothing to do");
    let lock = world.lock();
    assert_eq!(lock["holder"]["user"], "colleague");
}

#[test]
fn another_clusters_kubeconfig_is_refused() {
    let world = World::new();
    world.apply().ends(0);
    let (program, url) = elsewhere(&world);
    let other = Kubernetes::start();
    let kubeconfig = other.kubeconfig().display().to_string();
    let before = world.record();
    for args in [
        vec!["plan"],
        vec!["status"],
        vec!["scale-up", "--pool", &world.pool, "--to", "3", "--yes"],
        vec!["scale-down", "--pool", &world.pool, "--node", "x", "--yes"],
        vec!["destroy", "--yes", "--name", &world.cluster],
    ] {
        let args = [args.as_slice(), &["--cluster", &url, "--kubeconfig", &kubeconfig]].concat();
        program.run(&args).ends(5).says("leads to another cluster").says("nothing was changed");
        assert_eq!(world.record(), before, "{args:?}");
        world.record_equals_the_world();
    }
    let changed = other.audit().into_iter().filter(|event| event.user == "operator" && event.verb != "get");
    assert_eq!(changed.map(|event| event.verb).collect::<Vec<_>>(), Vec::<String>::new(), "the other was only asked");
}

#[test]
fn a_store_without_a_cluster_says_so() {
    let world = World::new();
    let (program, url) = elsewhere(&world);
    program.run(&["plan", "--cluster", &url]).ends(1).says("there is no cluster in file://");
}
