//! Images: built by Packer in moto's EC2, taken for new nodes alone, and taken away when nobody needs them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use scaler_lab::{Fault, InstanceState, Matcher};
use serde_json::Value;

use super::cluster::{Aws, BUCKET, REGION};
use crate::world::Said;

/// Two images that moto knows from the start.
pub const BASES: [&str; 2] = ["ami-12c6146b", "ami-785db401"];

const NO_ROOM: &str = "<Response><Errors><Error><Code>InternalError</Code><Message>there is no room for \
    images</Message></Error></Errors><RequestID>x</RequestID></Response>";

impl Aws {
    /// The cluster file, whose pool has an image to build of this base.
    fn write_with_image(&self, base: &str, min: u32) {
        self.write(&with_image(&self.file(min), base));
    }

    /// The hash of the image that is wanted, and not built: with the packages and roles of these assets.
    fn wanted_hash(&self, assets: &[&str]) -> String {
        let said = self.program.run(&[&["plan"], assets].concat()).ends(5).stderr;
        let (_, rest) = said.split_once("image `worker` with the hash ").unwrap_or_else(|| panic!("{said}"));
        rest.chars().take_while(char::is_ascii_hexdigit).collect()
    }

    /// One image, built now.
    #[track_caller]
    fn built(&self, more: &[&str]) -> Value {
        let args = [&["build-image", "--output", "json", "--work-dir", "work"][..], more].concat();
        let answer = self.program.run(&args).ends(0).json();
        let images = answer["images"].as_array().expect("images");
        assert_eq!(images.len(), 1, "{answer}");
        images[0].clone()
    }

    /// Node → the image that its machine was made of, by EC2.
    fn images_of_nodes(&self) -> BTreeMap<String, String> {
        let running = self.moto.instances(REGION).into_iter().filter(|one| one.state == InstanceState::Running);
        running.map(|one| (one.name().to_owned(), one.image)).collect()
    }

    /// The ids of the images that the store has.
    fn in_store(&self) -> Vec<String> {
        let keys = self.moto.keys(REGION, BUCKET).into_iter();
        let of_images = keys.filter_map(|key| key.split_once("/images/").map(|(_, rest)| rest.to_owned()));
        let mut ids: Vec<String> = of_images
            .map(|key| key.rsplit('/').next().and_then(|name| name.strip_suffix(".json")).expect("an id").to_owned())
            .collect();
        ids.sort();
        ids
    }

    fn knows(&self, action: &str, id: &str) -> bool {
        self.moto.call(REGION, "ec2", &[("Action", action), ("Owner.1", "self")]).contains(id)
    }

    /// Of the machines that Packer made, none may do anything yet.
    fn no_builder_is_left(&self) -> bool {
        let builders =
            self.moto.instances(REGION).into_iter().filter(|one| one.tags.contains_key("scaler:image-build"));
        let states: Vec<InstanceState> = builders.map(|one| one.state).collect();
        !states.is_empty() && states.iter().all(|state| *state == InstanceState::Terminated)
    }

    fn asked_for(&self, action: &str) -> usize {
        self.moto.requests().iter().filter(|request| request.action == action).count()
    }

    fn apply_min(&self, base: &str, min: u32, more: &[&str]) -> Said {
        self.write_with_image(base, min);
        self.program.run(&[&["apply", "--yes", "--work-dir", "work"][..], more].concat())
    }
}

/// A cluster file, with an image to build for its pool.
pub fn with_image(text: &str, base: &str) -> String {
    let (head, pools) = text.split_once("pools:").expect("the file has pools");
    let named = format!("image: {{ id: {} }}", BASES[0]);
    assert!(pools.contains(&named), "{pools}");
    let pools = pools.replace(&named, "image: { build: worker }");
    format!("{head}pools:{pools}images: {{ worker: {{ base: {base}, provisioning: none }} }}\n")
}

#[test]
fn images_are_built_once_serve_new_nodes_and_go_when_nobody_needs_them() {
    scaler_lab::needs!(Moto, AwsProvider, Packer);
    let aws = Aws::new();
    let search = aws.search();
    aws.write_with_image(BASES[0], 1);
    aws.program.run(&["plan"]).ends(5).says("image `worker` with the hash").says("scaler build-image --name worker");
    let missing = aws.program.run(&["build-image", "--set", "tools.packer=/nowhere/packer"]).ends(1);
    missing.says("`packer` cannot be run from /nowhere/packer").says("apt-get install packer");
    aws.program.run(&["build-image", "--name", "other"]).ends(64).says("its images are: worker");

    // Built once, and not again.
    let first = aws.built(&[]);
    let id = first["id"].as_str().expect("an id").to_owned();
    assert_eq!((&first["new"], &first["base"]), (&true.into(), &BASES[0].into()), "{first}");
    assert!(aws.knows("DescribeImages", &id), "{id}");
    assert!(first["snapshots"].as_array().is_some_and(|all| !all.is_empty()), "{first}");
    assert_eq!(aws.in_store(), [id.as_str()]);
    assert!(aws.no_builder_is_left());
    let again = aws.built(&["--pool", &aws.pool]);
    assert_eq!((&again["new"], &again["id"]), (&false.into(), &first["id"]), "{again}");
    assert_eq!(aws.asked_for("CreateImage"), 1);

    // A machine of a build is none of a cluster with this name; new nodes are made of the image.
    aws.program.run(&["apply", "--yes", "--work-dir", "work"]).ends(0);
    let one = aws.assert_consists_of(&[1]);
    assert_eq!(aws.images_of_nodes()[&aws.node(1)], id);
    let listed = aws.program.run(&["image", "list", "--output", "json"]).ends(0).json();
    assert_eq!(listed["images"][0]["nodes"], serde_json::json!([aws.node(1)]), "{listed}");
    aws.program.run(&["image", "list"]).ends(0).says(&id).says("wanted, 1 node");

    // Another base: another hash. Nothing that stands is replaced, and nothing can be made.
    aws.write_with_image(BASES[1], 1);
    aws.program.run(&["plan"]).ends(0).says("could get no new machine").says("scaler build-image --name worker");
    aws.apply_min(BASES[1], 1, &[]).ends(0);
    assert_eq!(aws.assert_consists_of(&[1]), one, "the same machine");
    aws.scale("scale-up", &["--to", "2"]).ends(5).says("is not built").says("--build-images");
    aws.apply_min(BASES[1], 2, &["--build-images"]).ends(0);
    let two = aws.assert_consists_of(&[1, 2]);
    assert_eq!(two[&aws.node(1)], one[&aws.node(1)], "the same machine");
    let images = aws.images_of_nodes();
    let second = images[&aws.node(2)].clone();
    assert_eq!(images[&aws.node(1)], id);
    assert_ne!(second, id);

    // The newest with the wanted hash is taken; the third is needed by nobody when a newer one is there.
    let third = aws.built(&["--rebuild"])["id"].as_str().expect("an id").to_owned();
    aws.scale("scale-up", &["--to", "3"]).ends(0);
    assert_eq!(aws.images_of_nodes()[&aws.node(3)], third);
    let keep_none = ["image", "prune", "--keep", "0"];
    aws.program.run(&keep_none).ends(0).says("No image to take away");
    aws.apply_min(BASES[0], 2, &[]).ends(0);
    aws.scale("scale-down", &["--node", &aws.node(3)]).ends(0);
    aws.program.run(&keep_none).ends(5).says("no terminal").says(&third);
    let snapshot = snapshots(&aws, &third);
    assert!(aws.knows("DescribeSnapshots", &snapshot));
    aws.program.run(&[&keep_none[..], &["--yes"]].concat()).ends(0).says(&third);
    assert!(!aws.knows("DescribeImages", &third) && !aws.knows("DescribeSnapshots", &snapshot));
    let mut left = [id.clone(), second.clone()];
    left.sort();
    assert_eq!(aws.in_store(), left, "what nodes were made of stays");
    assert!(aws.knows("DescribeImages", &id) && aws.knows("DescribeImages", &second));

    // A withdrawn image: nothing can be made of it, and what was made of it can go.
    aws.moto.call(REGION, "ec2", &[("Action", "DeregisterImage"), ("ImageId", &id)]);
    aws.scale("scale-up", &["--to", "3"]).ends(5).says("is not built");
    aws.write_with_image(BASES[0], 1);
    aws.scale("scale-down", &["--node", &aws.node(1)]).ends(0);
    aws.assert_consists_of(&[2]);
    aws.program.run(&["image", "list"]).ends(0).says("withdrawn");
    aws.assert_no_secret(search);
}

/// What goes into an image is known by its hash: a role that was changed makes another image, and one that no image goes
/// through does not.
#[test]
fn a_changed_role_wants_another_image() {
    scaler_lab::needs!(Moto, AwsProvider);
    let aws = Aws::new();
    aws.write_with_image(BASES[0], 1);
    let file = aws.program.folder.path().join("cluster.yml");
    let text = std::fs::read_to_string(&file).expect("the cluster file");
    aws.write(&text.replace(", provisioning: none }", " }"));
    let own = aws.wanted_hash(&[]);
    assert!(own.len() >= 12, "{own}");
    let brought = aws.program.folder.path().join("assets");
    std::fs::create_dir(&brought).expect("a folder");
    for folder in ["terraform", "playbooks"] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let copied = Command::new("cp").arg("-R").args([&source, &brought]).status().expect("cp starts");
        assert!(copied.success());
    }
    let assets = ["--assets", "assets"];
    assert_eq!(aws.wanted_hash(&assets), own, "the same text");
    let append = |role: &str| {
        let tasks = brought.join("playbooks/roles").join(role).join("tasks/main.yml");
        let more = "\n- name: One more\n  ansible.builtin.debug:\n    msg: more\n";
        let text = std::fs::read_to_string(&tasks).expect("a role");
        std::fs::write(&tasks, text + more).expect("a changed role");
    };
    append("leave");
    assert_eq!(aws.wanted_hash(&assets), own, "a role that no image goes through");
    let mut seen = vec![own];
    for role in ["prepare", "packages"] {
        append(role);
        let hash = aws.wanted_hash(&assets);
        assert!(!seen.contains(&hash), "{role}: {hash}");
        seen.push(hash);
    }
}

#[test]
fn a_build_that_breaks_off_leaves_neither_machine_nor_record() {
    scaler_lab::needs!(Moto, AwsProvider, Packer);
    let aws = Aws::new();
    aws.write_with_image(BASES[0], 1);
    aws.moto.proxy().order(Fault::answer(400, NO_ROOM).when(Matcher::any().action("CreateImage")).always());
    let said = aws.program.run(&["build-image"]).ends(1).says("Packer could not build the image");
    said.says("there is no room for images").says("neither a machine nor an image of it is left");
    assert!(aws.no_builder_is_left());
    assert!(aws.in_store().is_empty());
    aws.moto.proxy().calm();

    // Killed in the middle: whoever watches over Packer has it clean up.
    aws.moto.proxy().order(Fault::slow(Duration::from_secs(5)).when(Matcher::any().action("StopInstances")).always());
    let before = aws.asked_for("RunInstances");
    let mut running = aws.program.command(&["build-image"]).spawn().expect("the program starts");
    scaler_lab::wait_for("a machine to build on", || (aws.asked_for("RunInstances") > before).then_some(()));
    running.kill().expect("it is killed");
    running.wait().expect("it has ended");
    scaler_lab::wait_for("Packer to clean up", || {
        let machines = aws.moto.instances(REGION);
        let builders = machines.iter().filter(|one| one.tags.contains_key("scaler:image-build"));
        (builders.count() == 2 && aws.no_builder_is_left()).then_some(())
    });
    assert!(aws.in_store().is_empty());
}

/// The snapshot of an image, by its record.
fn snapshots(aws: &Aws, image: &str) -> String {
    let keys = aws.moto.keys(REGION, BUCKET);
    let key = keys.iter().find(|key| key.ends_with(&format!("/{image}.json"))).expect("its record");
    let record: Value =
        serde_json::from_str(&aws.moto.object(REGION, BUCKET, key).expect("it is there")).expect("JSON");
    record["snapshots"][0].as_str().expect("a snapshot").to_owned()
}
