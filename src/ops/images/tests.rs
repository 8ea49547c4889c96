//! Images in memory: which is taken, what is written down, what goes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::*;
use crate::model::file::{self, Image};
use crate::model::image::{Dialect, ImageRecord};
use crate::model::kubernetes::Resources;
use crate::model::machine::{Machine, Place, Sighting};
use crate::model::names::{NodeName, OperationId, StackId};
use crate::model::plan::samples;
use crate::model::provider::{Provider, tags};
use crate::model::record::{FORMAT, NodeRecord, PoolRecord, Record, Source};
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Lease;
use crate::ops::lock::Seeker;
use crate::ops::ports::images::{CloudImage, ImageBuilder};
use crate::ops::ports::terraform::{Applied, PlanMode, SavedPlan, Stack, Tool};
use crate::ops::ports::{Cloud, Event, Progress, Store, Terraform};
use crate::ops::record;
use crate::ops::task::Options;
use crate::ops::testing::{MemoryStore, NobodyProvisions, VirtualClock, holder};
use crate::render::{Assets, Backend};

const FILE: &str = "apiVersion: scaler/v1\nkind: Cluster\nname: demo\nprovider: aws\nregion: eu-west-1\n\
    kubernetes: { version: 1.36.3 }\nstore: { backend: local, path: store }\n\
    ssh: { publicKeyFile: key.pub }\nnetwork: { zones: [eu-west-1a], adminCidrs: [203.0.113.7/32] }\n\
    images: { worker: { base: ubuntu-24.04, provisioning: none } }\n\
    pools: [{ name: workers, machine: t3.large, image: { build: worker }, min: 1, max: 9 }]\n";

/// A cloud with images, and a Packer that makes some.
#[derive(Default)]
struct Shelf {
    images: Mutex<BTreeMap<String, CloudImage>>,
    made: Mutex<Vec<BTreeMap<String, Vec<u8>>>>,
    removed: Mutex<Vec<String>>,
    remains: Vec<String>,
    /// Packer says that it made an image that is not there.
    lies: bool,
    fails: bool,
}

impl Shelf {
    fn put(&self, id: &str, hash: &str, architecture: &str) {
        let image = CloudImage {
            id: id.into(),
            name: format!("name of {id}"),
            architecture: architecture.into(),
            available: true,
            snapshots: vec![format!("snap-{id}")],
            tags: BTreeMap::from([(tags::IMAGE_HASH.to_owned(), hash.to_owned())]),
        };
        self.images.lock().unwrap().insert(id.into(), image);
    }

    fn builds(&self) -> usize {
        self.made.lock().unwrap().len()
    }
}

#[async_trait]
impl Images for Shelf {
    async fn architecture(&self, machine: &str) -> Result<String> {
        Ok(if machine.starts_with("t4g") { "arm64" } else { "x86_64" }.into())
    }

    async fn images(&self, ids: &[String]) -> Result<Vec<CloudImage>> {
        let images = self.images.lock().unwrap();
        Ok(ids.iter().filter_map(|id| images.get(id).cloned()).collect())
    }

    async fn built_for(&self, _: &str) -> Result<Vec<CloudImage>> {
        Ok(self.images.lock().unwrap().values().cloned().collect())
    }

    async fn remains(&self, _: &str) -> Result<Vec<String>> {
        Ok(self.remains.clone())
    }

    async fn remove(&self, image: &str, snapshots: &[String]) -> Result<()> {
        self.images.lock().unwrap().remove(image);
        let mut removed = self.removed.lock().unwrap();
        removed.push(image.to_owned());
        removed.extend(snapshots.iter().cloned());
        Ok(())
    }
}

#[async_trait]
impl ImageBuilder for Shelf {
    async fn check(&self) -> Result<Dialect> {
        Ok(Dialect::Bundled)
    }

    async fn build(&self, files: &BTreeMap<String, Vec<u8>>, _: &str, _: &Interrupts) -> Result<String> {
        if self.fails {
            return Err(Failure::failed("Packer could not build the image"));
        }
        let variables: serde_json::Value = serde_json::from_slice(&files["image.auto.pkrvars.json"]).unwrap();
        let hash = variables["image_tags"][tags::IMAGE_HASH].as_str().unwrap().to_owned();
        let machine = variables["machine"].as_str().unwrap();
        let id = format!("ami-{}", self.builds() + 1);
        if !self.lies {
            self.put(&id, &hash, &self.architecture(machine).await?);
        }
        self.made.lock().unwrap().push(files.clone());
        Ok(id)
    }
}

#[async_trait]
impl Cloud for Shelf {
    async fn place(&self) -> Result<Place> {
        Ok(Place { account: "1".into(), region: "eu-west-1".into() })
    }

    async fn resolve_image(&self, image: &Image, _: &str) -> Result<String> {
        match image {
            Image::Family(name) => Ok(format!("ami-of-{name}")),
            Image::Id(id) => Ok(id.clone()),
            Image::Build(name) => Err(Failure::failed(format!("`{name}` is none of the cloud's"))),
        }
    }

    async fn login_ends(&self) -> Result<Option<jiff::Timestamp>> {
        unimplemented!()
    }

    async fn machines(&self, _: &str) -> Result<Vec<Machine>> {
        unimplemented!()
    }

    async fn namesakes(&self, _: &str) -> Result<Vec<Machine>> {
        unimplemented!()
    }

    async fn sight(&self, _: &str) -> Result<Sighting> {
        unimplemented!()
    }

    async fn machine_type(&self, _: &str) -> Result<Option<Resources>> {
        unimplemented!()
    }
}

#[async_trait]
impl Terraform for Shelf {
    async fn tool(&self) -> Result<Tool> {
        unimplemented!()
    }

    async fn init(&self, _: &Stack, _: Option<&str>) -> Result<String> {
        unimplemented!()
    }

    async fn plan(&self, _: &StackId, _: PlanMode, _: Option<&Lease>) -> Result<Box<dyn SavedPlan>> {
        unimplemented!()
    }

    async fn apply(&self, _: Box<dyn SavedPlan>, _: &Lease) -> Result<Applied> {
        unimplemented!()
    }

    async fn import(&self, _: &StackId, _: &str, _: &str, _: &Lease) -> Result<()> {
        unimplemented!()
    }

    async fn untaint(&self, _: &StackId, _: &str, _: &Lease) -> Result<()> {
        unimplemented!()
    }
}

impl Progress for Shelf {
    fn tell(&self, _: Event) {}
}

struct Scene {
    shelf: Arc<Shelf>,
    store: Arc<MemoryStore>,
    ports: Ports,
    task: Task,
}

fn scene_of(shelf: Shelf, text: &str) -> Scene {
    let (shelf, store) = (Arc::new(shelf), Arc::new(MemoryStore::default()));
    let file = file::parse("f", text, &[]).unwrap_or_else(|problems| panic!("{}", problems.report(false)));
    let ports = Ports {
        store: store.clone(),
        cloud: shelf.clone(),
        terraform: shelf.clone(),
        provisioner: Arc::new(NobodyProvisions),
        images: shelf.clone(),
        image_builder: shelf.clone(),
        kubernetes: Err(Failure::failed("no cluster")),
        door: Arc::new(NobodyProvisions),
        clock: Arc::new(VirtualClock::default()),
        progress: shelf.clone(),
    };
    let task = Task {
        backend: Backend::of_store(&file.store, &file.region, None, "/store").unwrap(),
        file,
        source: source(text),
        sets: Vec::new(),
        assets: Assets::embedded(),
        ssh_public_key: String::new(),
        register: String::new(),
        folder: PathBuf::from("/"),
        holder: holder("ada"),
        options: Options {
            lock_timeout: Default::default(),
            join_timeout: Default::default(),
            partial: false,
            own_pod: None,
        },
    };
    Scene { shelf, store, ports, task }
}

fn scene() -> Scene {
    scene_of(Shelf::default(), FILE)
}

fn source(text: &str) -> Source {
    Source { cluster_file: text.into(), sets: Vec::new(), files: BTreeMap::new() }
}

impl Scene {
    async fn build(&self, rebuild: bool) -> Result<Vec<Built>> {
        let mut done = Vec::new();
        build(&self.ports, &self.task, "worker", rebuild, &Interrupts::never(), &mut done).await?;
        Ok(done)
    }

    async fn resolve(&self, machine: &str) -> Result<String> {
        resolve(&self.ports, &self.task, &Image::Build("worker".into()), machine).await
    }

    /// An image that was built so many seconds ago, of ingredients that nobody wants.
    fn older(&self, id: &str, seconds: i64) {
        let files = BTreeMap::new();
        let mut ingredients = Ingredients::of(&self.task.file, &self.task.file.images["worker"], "x86_64", &files);
        ingredients.base = "ubuntu-20.04".into();
        let hash = ingredients.hash();
        self.shelf.put(id, hash.as_str(), "x86_64");
        let record = ImageRecord {
            format: FORMAT,
            hash,
            id: id.into(),
            image: "worker".into(),
            name: "n".into(),
            account: "1".into(),
            region: "eu-west-1".into(),
            built: jiff::Timestamp::from_second(-seconds).unwrap(),
            base: "b".into(),
            snapshots: vec![format!("snap-{id}")],
            ingredients,
        };
        self.store.overwrite(&record.key(), serde_json::to_vec(&record).unwrap());
    }

    /// A record whose one node was made of this image, and whose file is this one.
    fn with_node_of(&self, image: &str, text: &str) {
        let place = Place { account: "1".into(), region: "eu-west-1".into() };
        let by = OperationId::from_text("op-1");
        let mut record = Record::new("id", "demo", Provider::Aws, &place, source(text), by);
        let mut pool = PoolRecord { next_number: 2, size: 1, ..PoolRecord::default() };
        let node = NodeRecord { image: image.into(), ..samples::node("eu-west-1a") };
        pool.nodes.insert(NodeName::new("demo", "workers", 1), node);
        record.pools.insert("workers".into(), pool);
        self.store.overwrite(record::KEY, record::encode(&record).unwrap());
    }

    async fn prune(&self, keep: usize) -> Vec<String> {
        let shown = survey(&self.ports, &self.task, keep).await.unwrap();
        let seeker = Seeker::of(&self.ports, &self.task, Interrupts::never());
        let (done, failed) = prune(&self.ports, &self.task, seeker, keep, shown).await.unwrap();
        assert!(failed.is_none(), "{failed:?}");
        done.images.into_iter().map(|image| image.id).collect()
    }
}

#[tokio::test]
async fn the_same_ingredients_build_nothing_again() {
    let scene = scene();
    let missing = scene.resolve("t3.large").await.unwrap_err();
    assert_eq!(missing.kind, Kind::Refused);
    assert!(missing.hints.iter().any(|hint| hint.contains("scaler build-image --name worker")), "{missing:?}");
    let first = scene.build(false).await.unwrap();
    assert!(first[0].new && first[0].record.id == "ami-1" && first[0].record.base == "ami-of-ubuntu-24.04");
    assert_eq!(first[0].record.snapshots, ["snap-ami-1"]);
    let again = scene.build(false).await.unwrap();
    assert!(!again[0].new && again[0].record == first[0].record);
    assert_eq!(scene.shelf.builds(), 1);
    assert_eq!(scene.resolve("t3.small").await.unwrap(), "ami-1");
    scene.resolve("t4g.large").await.expect_err("for another architecture");

    scene.build(true).await.unwrap();
    assert_eq!(scene.shelf.builds(), 2);
    assert_eq!(scene.resolve("t3.large").await.unwrap(), "ami-2", "the newest");
    scene.shelf.images.lock().unwrap().remove("ami-2");
    assert_eq!(scene.resolve("t3.large").await.unwrap(), "ami-1", "the newest that is there");
    scene.shelf.images.lock().unwrap().get_mut("ami-1").unwrap().available = false;
    scene.resolve("t3.large").await.expect_err("none of which machines can be made");
}

#[tokio::test]
async fn one_is_built_for_each_architecture_on_the_images_own_machine_type() {
    let text = FILE
        .replace("provisioning: none }", "provisioning: none, machine: m5.large }")
        .replace("max: 9 }]", "max: 9 }, { name: arms, machine: t4g.large, image: { build: worker }, count: 1 }]");
    let scene = scene_of(Shelf::default(), &text);
    assert_eq!(scene.build(false).await.unwrap().len(), 2);
    let made = scene.shelf.made.lock().unwrap();
    let machines = made.iter().map(|files| String::from_utf8_lossy(&files["image.auto.pkrvars.json"]).into_owned());
    let machines: Vec<String> = machines.collect();
    assert!(machines[0].contains("m5.large") && machines[1].contains("t4g.large"), "{machines:?}");
}

#[tokio::test]
async fn what_was_not_built_is_not_written_down() {
    for (shelf, told) in [
        (Shelf { lies: true, ..Shelf::default() }, "neither a machine nor an image of it is left"),
        (Shelf { fails: true, ..Shelf::default() }, "neither a machine nor an image of it is left"),
        (Shelf { fails: true, remains: vec!["i-7".into()], ..Shelf::default() }, "take away what is left of it: i-7"),
    ] {
        let scene = scene_of(shelf, FILE);
        let failure = scene.build(false).await.unwrap_err();
        assert!(failure.hints.iter().any(|hint| hint.contains(told)), "{failure:?}");
        assert!(scene.store.list("images/").await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_nobody_needs_goes_and_nothing_else() {
    let scene = scene();
    scene.build(false).await.unwrap();
    for (id, age) in [("ami-a", 10), ("ami-b", 20), ("ami-c", 30), ("ami-d", 40)] {
        scene.older(id, age);
    }
    scene.with_node_of("ami-c", FILE);
    // The newest two of this name are the wanted one and ami-a; a node was made of ami-c.
    assert_eq!(scene.prune(2).await, ["ami-b", "ami-d"]);
    assert_eq!(*scene.shelf.removed.lock().unwrap(), ["ami-b", "snap-ami-b", "ami-d", "snap-ami-d"]);
    assert_eq!(scene.prune(2).await, [""; 0]);
    let listed = list(&scene.ports, &scene.task).await.unwrap();
    let known: Vec<&str> = listed.images.iter().map(|line| line.record.id.as_str()).collect();
    assert_eq!(known, ["ami-1", "ami-a", "ami-c"]);
    assert!(listed.images[0].wanted && listed.missing.is_empty());
    assert_eq!(listed.images[2].nodes, ["demo-workers-1"]);
    assert_eq!(scene.prune(0).await, ["ami-a"]);
}

#[tokio::test]
async fn what_the_stored_file_wants_stays_too() {
    let scene = scene();
    scene.build(false).await.unwrap();
    scene.older("ami-a", 10);
    // The file at hand names the older one, and no longer wants the one that was built.
    let other = FILE.replace("{ build: worker }", "{ id: ami-0123456789abcdef0 }");
    scene.with_node_of("ami-x", FILE);
    let task = Task { file: file::parse("f", &other, &[]).unwrap(), ..scene.task.clone() };
    let found = survey(&scene.ports, &task, 0).await.unwrap();
    assert_eq!(found.images.iter().map(|image| image.id.as_str()).collect::<Vec<_>>(), ["ami-a"]);
}

#[tokio::test]
async fn an_image_that_somebody_else_tagged_is_left_alone() {
    let scene = scene();
    scene.older("ami-a", 10);
    scene.shelf.put("ami-a", "another", "x86_64");
    let shown = survey(&scene.ports, &scene.task, 0).await.unwrap();
    let seeker = Seeker::of(&scene.ports, &scene.task, Interrupts::never());
    let (gone, failed) = prune(&scene.ports, &scene.task, seeker, 0, shown).await.unwrap();
    assert_eq!(failed.unwrap().kind, Kind::Refused);
    assert!(gone.images.is_empty() && scene.shelf.removed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn one_that_cannot_go_keeps_no_other_from_going() {
    let scene = scene();
    scene.older("ami-a", 10);
    scene.older("ami-b", 20);
    scene.shelf.put("ami-a", "another", "x86_64");
    let shown = survey(&scene.ports, &scene.task, 0).await.unwrap();
    let seeker = Seeker::of(&scene.ports, &scene.task, Interrupts::never());
    let (done, failed) = prune(&scene.ports, &scene.task, seeker, 0, shown).await.unwrap();
    assert_eq!(done.images.iter().map(|image| image.id.as_str()).collect::<Vec<_>>(), ["ami-b"]);
    let failed = failed.unwrap();
    assert!(failed.kind == Kind::Partial && failed.what.contains("ami-a"), "{failed:?}");
}

#[tokio::test]
async fn of_what_is_wanted_the_newest_stays_and_withdrawn_ones_do_not_count() {
    let scene = scene();
    scene.build(false).await.unwrap();
    scene.build(true).await.unwrap();
    scene.older("ami-a", 10);
    let second = scene.store.list("images/").await.unwrap().into_iter().find(|key| key.contains("ami-2")).unwrap();
    let mut newer: ImageRecord =
        serde_json::from_slice(&scene.store.get(&second).await.unwrap().unwrap().bytes).unwrap();
    newer.built = jiff::Timestamp::from_second(4_000_000_000).unwrap();
    scene.store.overwrite(&second, serde_json::to_vec(&newer).unwrap());
    let ids = |found: Prunable| found.images.into_iter().map(|image| image.id).collect::<Vec<_>>();
    assert_eq!(ids(survey(&scene.ports, &scene.task, 0).await.unwrap()), ["ami-1", "ami-a"]);
    assert_eq!(ids(survey(&scene.ports, &scene.task, 2).await.unwrap()), ["ami-a"]);
    // It takes no place of another, and what was wanted of it the next one has.
    scene.shelf.images.lock().unwrap().remove("ami-2");
    assert_eq!(ids(survey(&scene.ports, &scene.task, 0).await.unwrap()), ["ami-2", "ami-a"]);
    assert_eq!(ids(survey(&scene.ports, &scene.task, 2).await.unwrap()), ["ami-2"]);
}

#[tokio::test]
async fn of_a_destroyed_cluster_all_can_go_and_are_named() {
    let scene = scene();
    scene.build(false).await.unwrap();
    scene.with_node_of("ami-1", FILE);
    assert!(survey(&scene.ports, &scene.task, 0).await.unwrap().images.is_empty());
    let (mut record, _) = record::load(scene.store.as_ref()).await.unwrap().unwrap();
    record.pools.clear();
    record.destroyed = true;
    scene.store.overwrite(record::KEY, record::encode(&record).unwrap());
    let left = left_by_destroy(scene.store.as_ref()).await.unwrap().unwrap();
    assert!(left.contains("ami-1") && left.contains("scaler image prune --keep 0"), "{left}");
    assert_eq!(scene.prune(0).await, ["ami-1"]);
    assert_eq!(left_by_destroy(scene.store.as_ref()).await.unwrap(), None);
}

#[tokio::test]
async fn an_image_of_the_cloud_that_nobody_wrote_down_is_listed() {
    let scene = scene();
    scene.build(false).await.unwrap();
    scene.shelf.put("ami-x", "h", "x86_64");
    let listed = list(&scene.ports, &scene.task).await.unwrap();
    assert_eq!(listed.unrecorded, [Unrecorded { id: "ami-x".into(), name: "name of ami-x".into() }]);
}

#[tokio::test]
async fn a_plan_whose_image_was_taken_away_since_is_outdated() {
    let scene = scene();
    scene.build(false).await.unwrap();
    let mut plan = samples::plan();
    plan.pools[0].additions.values_mut().for_each(|node| node.image = "ami-1".into());
    assert!(outdated(&scene.ports, &scene.task, &plan).await.unwrap().is_none());
    scene.shelf.images.lock().unwrap().remove("ami-1");
    let outdated = outdated(&scene.ports, &scene.task, &plan).await.unwrap().unwrap();
    assert!(outdated.what.contains("ami-1"), "{outdated:?}");
}
