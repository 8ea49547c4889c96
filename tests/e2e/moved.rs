//! `scaler state move`: from a folder to S3 and on, with Terraform's states, and what becomes of the old store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use scaler_lab::{Azurite, Fault, Matcher, Moto};
use serde_json::Value;

use crate::gates::Gates;
use crate::running::Running;
use crate::world::{Program, World, below};

const REGION: &str = "eu-west-1";
const BUCKET: &str = "acme-clusters";

/// Every file of a store's folder with its text, without the store's own.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let paths = below(folder).into_iter().filter(|path| !path.starts_with(".scaler/")).map(|path| folder.join(path));
    paths.map(|path| (path.clone(), std::fs::read_to_string(path).expect("text"))).collect()
}

/// The line that is to be written into the cluster file.
fn line(said: &str) -> String {
    let line = said.lines().map(str::trim).find(|line| line.starts_with("store: {"));
    line.unwrap_or_else(|| panic!("no line for the store in\n{said}")).to_owned()
}

impl World {
    fn store_is(&self, line: &str) {
        let text = std::fs::read_to_string(self.path()).expect("the cluster file");
        let old = text.lines().find(|line| line.starts_with("store:")).expect("a store");
        self.write(&text.replace(old, line));
    }
}

/// A world with its store in a folder, and an S3 that it can move to.
fn beside_s3() -> (World, Moto, String) {
    let mut world = World::new();
    let moto = Moto::start();
    moto.make_bucket(REGION, BUCKET);
    let variables = moto.environment(REGION).into_iter().map(|(name, value)| (name.to_owned(), value));
    world.program.environment.extend(variables);
    let url =
        format!("s3://{BUCKET}/clusters/{}?region={REGION}&endpoint={}&pathStyle=true", world.cluster, moto.url());
    (world, moto, url)
}

#[test]
fn a_cluster_goes_on_in_its_new_store_and_the_old_one_is_refused() {
    scaler_lab::needs!(Moto);
    let (world, moto, url) = beside_s3();
    let work = ["--work-dir", "work"];
    world.run(&[&["apply", "--yes"], &work[..]].concat()).ends(0);
    world.run(&[&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"], &work[..]].concat()).ends(0);
    let (record, machines) = (world.record(), world.running());
    let old = world.folder().join("store");
    let before = files(&old);

    let shown = world.run(&["state", "move", "--to", &url, "--dry-run", "--output", "json"]).ends(0).json();
    assert_eq!((&shown["moved"], &shown["resumes"]), (&false.into(), &false.into()), "{shown}");
    world.run(&["state", "move", "--to", &url]).ends(5).says("there is no terminal to ask on");
    assert_eq!((files(&old), moto.keys(REGION, BUCKET)), (before.clone(), vec![]), "nothing was done so far");
    let said = world.run(&["state", "move", "--to", &url, "--yes"]).ends(0).says("each of them read back");
    let store = line(&said.stdout);

    // To the byte, but for the lock, and for the note that the old place keeps its conditions.
    let prefix = format!("clusters/{}", world.cluster);
    let copied: Vec<&PathBuf> = before.keys().filter(|path| !path.ends_with("lock.json")).collect();
    let kept = |path: &Path| {
        path.extension().is_none_or(|extension| extension != "backup") && !path.starts_with(old.join("probe"))
    };
    for path in copied.into_iter().filter(|path| kept(path)) {
        let key = format!("{prefix}/{}", path.strip_prefix(&old).expect("below it").display());
        assert_eq!(moto.object(REGION, BUCKET, &key).as_ref(), before.get(path), "{key}");
    }
    assert!(moto.keys(REGION, BUCKET).iter().all(|key| !key.contains("/moving/")));

    let marked = files(&old);
    let node = world.node(1);
    for args in [
        vec!["plan"],
        vec!["status"],
        vec!["doctor"],
        vec!["apply", "--yes"],
        vec!["scale-up", "--pool", &world.pool, "--to", "3", "--yes"],
        vec!["scale-down", "--pool", &world.pool, "--node", &node, "--yes"],
        vec!["destroy", "--yes", "--name", &world.cluster],
        vec!["abort", "--yes"],
        vec!["state", "history"],
        vec!["state", "show", "1"],
        vec!["state", "pull"],
        vec!["state", "rollback", "1", "--yes"],
        vec!["state", "prune", "--keep", "1", "--keep-days", "0", "--yes"],
        vec!["state", "unlock", "--yes"],
        vec!["state", "move", "--to", "file:///nowhere/else", "--yes"],
    ] {
        let said = world.run(&args).ends(5).says("was moved to another store").says(&store);
        said.says(&format!("--cluster '{url}'"));
    }
    assert_eq!(files(&old), marked, "the old store stays as it is");
    world.run(&["state", "move", "--to", &url, "--yes"]).ends(0).says(&store);

    world.store_is(&store);
    let file = |args: &[&str]| world.run(&[args, &work[..]].concat());
    file(&["scale-up", "--pool", &world.pool, "--to", "3", "--yes"]).ends(0);
    let now: Value =
        serde_json::from_str(&moto.object(REGION, BUCKET, &format!("{prefix}/cluster.json")).expect("a record"))
            .expect("JSON");
    assert_eq!(now["generation"].as_u64(), record["generation"].as_u64().map(|before| before + 1));
    assert!(now["fence"].as_u64() > record["fence"].as_u64(), "the fencing number goes on");
    let running = world.running();
    assert!(running.len() == 3 && machines.iter().all(|(name, id)| running.get(name) == Some(id)), "{running:?}");
    // And on from there, into another folder.
    let there = format!("file://{}/other", world.folder().display());
    let said = file(&["state", "move", "--to", &there, "--yes"]).ends(0);
    file(&["plan"]).ends(5).says("was moved to another store");
    world.store_is(&line(&said.stdout));
    file(&["scale-down", "--pool", &world.pool, "--node", &node, "--yes"]).ends(0);
    assert_eq!(world.running().len(), 2);
    file(&["apply", "--yes"]).ends(0);
    file(&["plan"]).ends(0).says("Nothing to do");
    assert_eq!(files(&old), marked, "the old store stays as it is");
}

#[test]
fn a_move_that_was_killed_leaves_the_old_store_in_force_and_is_taken_up() {
    scaler_lab::needs!(Moto);
    let (world, moto, url) = beside_s3();
    world.apply().ends(0);
    // After the trial of the store, five writes, the tenth object hangs in the air when the run dies.
    let hang = Fault::slow(std::time::Duration::from_secs(600)).when(Matcher::any().method("PUT").path(BUCKET));
    moto.proxy().order(hang.from_nth(15).times(1));
    let mut running = Running::start(&world.program, &["state", "move", "--to", &url, "--yes"]);
    running.wait("copying the store");
    scaler_lab::wait_for("objects to be copied", || (moto.keys(REGION, BUCKET).len() >= 9).then_some(()));
    running.signal("KILL");
    drop(running);
    moto.proxy().calm();
    let elsewhere = Program::new(world.program.environment.clone());
    elsewhere.run(&["plan", "--cluster", &url]).ends(1).says("there is no cluster in");
    let other = format!("file://{}/other", world.folder().display());
    world.run(&["state", "move", "--to", &other, "--yes"]).ends(4);
    world.lock_is_silent_for(100);
    world.run(&["state", "unlock", "--yes"]).ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]).ends(0);
    let record = world.record();
    world.run(&["state", "move", "--to", &url, "--dry-run"]).ends(0).says("was cut short; it is taken up");
    let said = world.run(&["state", "move", "--to", &url, "--yes"]).ends(0);
    assert_eq!(elsewhere.run(&["state", "pull", "--cluster", &url]).ends(0).json(), record);
    world.store_is(&line(&said.stdout));
    world.apply().ends(0);
    world.run(&["plan"]).ends(0).says("Nothing to do");
}

#[test]
fn a_container_is_reached_by_the_login_of_the_environment() {
    scaler_lab::needs!(Azurite);
    let mut world = World::new();
    world.apply().ends(0);
    let record = world.record();
    let azurite = Azurite::start();
    azurite.make_container("clusters");
    let url = format!("azblob://{}/clusters/demo?endpoint={}", azurite.account(), azurite.url());
    let (name, sas) = ("AZURE_STORAGE_SAS_TOKEN".to_owned(), azurite.sas());
    world.program.environment.insert(name, sas);
    let said = world.run(&["state", "move", "--to", &url, "--yes"]).ends(0).says("each of them read back");
    assert!(line(&said.stdout).contains("backend: azblob"), "{}", said.stdout);
    assert_eq!(world.run(&["state", "pull", "--cluster", &url]).ends(0).json(), record);
    world.run(&["plan"]).ends(5).says("was moved to another store").says(&url);
    // And on from there, without a file.
    let there = format!("file://{}/other", world.folder().display());
    world.run(&["state", "move", "--cluster", &url, "--to", &there, "--yes"]).ends(0);
    assert_eq!(world.run(&["state", "pull", "--cluster", &there]).ends(0).json(), record);
}

#[test]
fn a_move_waits_for_nobodys_end_and_into_nothing_that_is_used() {
    let mut world = World::new();
    let other = format!("file://{}/other", world.folder().display());
    let colleague = Program::new(world.program.environment.clone());
    let file = world.path().display().to_string();
    let go = |to: &str| colleague.run(&["state", "move", "-f", &file, "--to", to, "--yes"]);
    go(&other).ends(1).says("there is no cluster in");
    world.apply().ends(0);
    go(&format!("file://{}/store", world.folder().display())).ends(5).says("is not empty");
    go("s3://acme").ends(64).says("no folder in its bucket");
    std::fs::create_dir(world.folder().join("other")).expect("a folder");
    std::fs::write(world.folder().join("other/notes.txt"), "mine").expect("a file");
    go(&other).ends(5).says("is not empty").says("notes.txt");
    std::fs::remove_file(world.folder().join("other/notes.txt")).expect("it is there");

    let gates = Gates::before(&mut world);
    gates.shut("mkdir");
    let running = Running::start(&world.program, &["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]);
    gates.reached("mkdir");
    // Terraform has its own lock on the pool's state now.
    go(&other).ends(5).says("Terraform's own lock lies on a state").says(&format!("pool-{}", world.pool));
    running.signal("KILL");
    drop(running);
    world.nothing_stays();
    world.lock_is_silent_for(100);
    let leftover = world.folder().join(format!("store/terraform/.pool-{}.tfstate.lock.info", world.pool));
    // Terraform was interrupted, and may have taken its lock away.
    let _ = std::fs::remove_file(leftover);
    world.run(&["state", "unlock", "--yes"]).ends(0);
    go(&other).ends(5).says("was not finished");
    assert_eq!(world.record()["movedTo"], Value::Null);
    assert!(files(&world.folder().join("other")).is_empty(), "nothing was copied");
    gates.open("mkdir");
}
