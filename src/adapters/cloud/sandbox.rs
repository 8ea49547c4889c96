//! The sandbox's cloud: a folder, the register, where its Terraform modules write a file a machine.
//!
//! `<id>.json` describes a machine; beside it an empty `<id>.terminated` or `<id>.stopped` says what became of it.
//! What cannot be read is an error: half an answer would make machines look gone.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::Deserialize;

use crate::model::failure::{Failure, Result};
use crate::model::file::Image;
use crate::model::kubernetes::Resources;
use crate::model::machine::{Machine, MachineState, Place, Role, Sighting};
use crate::model::names::{NodeName, OperationId};
use crate::model::provider::{Provider, tags};
use crate::ops::ports::images::CloudImage;
use crate::ops::ports::{Cloud, Images};

/// One region of a sandbox.
pub struct Sandbox {
    register: PathBuf,
    region: String,
}

/// `<id>.json`, as the modules under `terraform/sandbox` write it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: String,
    name: String,
    cluster_id: String,
    pool: String,
    role: String,
    zone: String,
    region: String,
    machine: String,
    operation: String,
    image: String,
    private_address: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

impl Sandbox {
    pub fn new(register: impl Into<PathBuf>, region: &str) -> Sandbox {
        Sandbox { register: register.into(), region: region.to_owned() }
    }

    /// Every machine of the region with its cluster's id; None if there is no register.
    async fn read(&self) -> Result<Option<Vec<(String, Machine)>>> {
        let (register, region) = (self.register.clone(), self.region.clone());
        let read = tokio::task::spawn_blocking(move || read(&register, &region));
        read.await.map_err(|error| Failure::failed("the sandbox's register could not be read").because(error))?
    }
}

fn read(register: &Path, region: &str) -> Result<Option<Vec<(String, Machine)>>> {
    let what = || Failure::failed(format!("the sandbox's register {} cannot be read", register.display()));
    let entries = match std::fs::read_dir(register) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(what().because(error)),
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let name = entry.map_err(|error| what().because(error))?.file_name();
        names.insert(name.into_string().map_err(|name| what().because(format!("{name:?} is not a name of ours")))?);
    }
    let mut machines = Vec::new();
    // A file whose name begins with a dot is still being written.
    for name in names.iter().filter(|name| !name.starts_with('.')) {
        let Some(id) = name.strip_suffix(".json") else { continue };
        let path = register.join(name);
        let entry = parse(&path, id)?;
        if entry.region == region {
            machines.push((entry.cluster_id.clone(), machine(entry, state(&names, id))));
        }
    }
    Ok(Some(machines))
}

fn parse(path: &Path, id: &str) -> Result<Entry> {
    let what = || Failure::failed(format!("the sandbox's machine {} cannot be read", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| what().because(error))?;
    let entry: Entry = serde_json::from_str(&text).map_err(|error| what().because(error))?;
    if entry.id != id {
        return Err(what().because(format!("it says of itself that it is {}", entry.id)));
    }
    Ok(entry)
}

fn state(names: &BTreeSet<String>, id: &str) -> MachineState {
    if names.contains(&format!("{id}.terminated")) {
        MachineState::Terminated
    } else if names.contains(&format!("{id}.stopped")) {
        MachineState::Stopped
    } else {
        MachineState::Running
    }
}

fn machine(entry: Entry, state: MachineState) -> Machine {
    let text = |value: String| (!value.is_empty()).then_some(value);
    Machine {
        provider_id: Provider::Sandbox.provider_id(&entry.zone, &entry.id),
        id: entry.id,
        node: text(entry.name).map(NodeName::from_text),
        pool: text(entry.pool),
        role: Role::from_tag(&entry.role),
        operation: text(entry.operation).map(OperationId::from_text),
        state,
        launched: None,
        zone: entry.zone,
        machine_type: entry.machine,
        image: entry.image,
        private_address: entry.private_address,
        public_address: None,
        tags: entry.tags,
    }
}

fn no_images() -> Failure {
    Failure::refused("there are no images to build in the sandbox")
        .hint("name an image by family or id in the cluster file: `image: { family: ubuntu-24.04 }`")
}

#[async_trait]
impl Images for Sandbox {
    async fn architecture(&self, _machine: &str) -> Result<String> {
        Err(no_images())
    }

    async fn images(&self, _ids: &[String]) -> Result<Vec<CloudImage>> {
        Err(no_images())
    }

    async fn built_for(&self, _cluster: &str) -> Result<Vec<CloudImage>> {
        Err(no_images())
    }

    async fn remains(&self, _build: &str) -> Result<Vec<String>> {
        Err(no_images())
    }

    async fn remove(&self, _image: &str, _snapshots: &[String]) -> Result<()> {
        Err(no_images())
    }
}

#[async_trait]
impl Cloud for Sandbox {
    async fn place(&self) -> Result<Place> {
        // The register is the account: another one holds other machines.
        Ok(Place { account: self.register.to_string_lossy().into_owned(), region: self.region.clone() })
    }

    /// No register is a sandbox in which nothing was made yet.
    async fn machines(&self, cluster_id: &str) -> Result<Vec<Machine>> {
        let all = self.read().await?.unwrap_or_default();
        Ok(all.into_iter().filter(|(cluster, _)| cluster == cluster_id).map(|(_, machine)| machine).collect())
    }

    async fn namesakes(&self, cluster: &str) -> Result<Vec<Machine>> {
        let all = self.read().await?.unwrap_or_default().into_iter().map(|(_, machine)| machine);
        Ok(all.filter(|machine| machine.tags.get(tags::CLUSTER).is_some_and(|name| name == cluster)).collect())
    }

    /// Who asks for one machine knows that something was made here: a register that is not there does not answer.
    async fn sight(&self, machine_id: &str) -> Result<Sighting> {
        let all = self.read().await?.ok_or_else(|| {
            Failure::failed(format!("what became of machine {machine_id} cannot be found out"))
                .because(format!("the sandbox's register {} is not there", self.register.display()))
                .hint("correct `sandbox.register` in the cluster file, or bring the folder back")
        })?;
        let found = all.into_iter().find(|(_, machine)| machine.id == machine_id);
        Ok(found.map_or(Sighting::Unknown, |(_, machine)| Sighting::Found(machine.state)))
    }

    async fn resolve_image(&self, image: &Image, _architecture_of: &str) -> Result<String> {
        match image {
            Image::Id(id) => Ok(id.clone()),
            Image::Family(family) => Ok(format!("sandbox-{family}")),
            Image::Build(_) => Err(no_images()),
        }
    }

    async fn login_ends(&self) -> Result<Option<jiff::Timestamp>> {
        Ok(None)
    }

    /// A sandbox's machine is as big as whoever starts it makes it.
    async fn machine_type(&self, _name: &str) -> Result<Option<Resources>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::Kind;
    use crate::ops::testing::clouds::{self, Estate};
    use serde_json::json;

    struct Register(tempfile::TempDir);

    impl Register {
        fn new() -> Register {
            Register(tempfile::tempdir().unwrap())
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.0.path().join(name), text).unwrap();
        }

        fn add(&self, id: &str, node: &str, cluster_id: &str, region: &str) {
            let entry = json!({
                "id": id, "name": node, "cluster": "d", "clusterId": cluster_id, "pool": "w", "role": "worker",
                "zone": "z1", "region": region, "machine": "small", "capacity": "on-demand", "operation": "op-1",
                "image": "sandbox-x", "privateAddress": null,
                "tags": { "scaler:node": node, "scaler:cluster": "d", "scaler:cluster-id": cluster_id },
            });
            self.write(&format!("{id}.json"), &entry.to_string());
        }

        fn cloud(&self) -> Sandbox {
            Sandbox::new(self.0.path(), "r1")
        }
    }

    /// The register is what its Terraform writes, and the bridge or a person does what a cloud would.
    struct Registered {
        register: Register,
        cloud: Sandbox,
    }

    #[async_trait]
    impl Estate for Registered {
        fn cloud(&self) -> &dyn Cloud {
            &self.cloud
        }

        async fn make(&self, cluster_id: &str, node: &str) -> String {
            let id = format!("{cluster_id}-{node}");
            self.register.add(&id, node, cluster_id, "r1");
            id
        }

        async fn terminate(&self, id: &str) {
            self.register.write(&format!("{id}.terminated"), "");
        }

        fn nobody(&self) -> String {
            "never".into()
        }

        async fn pass(&self) {}
    }

    #[tokio::test]
    async fn is_a_cloud() {
        let register = Register::new();
        let cloud = register.cloud();
        clouds::all(&Registered { register, cloud }).await;
    }

    #[tokio::test]
    async fn the_inventory_holds_the_clusters_machines_with_their_states() {
        let register = Register::new();
        for (id, node, cluster, region) in [
            ("a", "d-w-1", "ours", "r1"),
            ("b", "d-w-2", "ours", "r1"),
            ("c", "d-w-3", "ours", "r1"),
            ("d", "d-w-1", "theirs", "r1"),
            ("e", "d-w-4", "ours", "r2"),
        ] {
            register.add(id, node, cluster, region);
        }
        register.write("b.stopped", "");
        register.write("c.stopped", "");
        register.write("c.terminated", "");
        register.write(".f.new", "{\"id\":");

        let cloud = register.cloud();
        let machines = cloud.machines("ours").await.unwrap();
        let found: Vec<(&str, MachineState)> = machines.iter().map(|m| (m.id.as_str(), m.state)).collect();
        use MachineState::{Running, Stopped, Terminated};
        assert_eq!(found, [("a", Running), ("b", Stopped), ("c", Terminated)]);
        let first = &machines[0];
        assert_eq!(first.node, Some(NodeName::from_text("d-w-1")));
        assert_eq!((first.pool.as_deref(), first.role), (Some("w"), Some(Role::Worker)));
        assert_eq!(first.provider_id, "sandbox:///z1/a");

        assert_eq!(cloud.sight("a").await.unwrap(), Sighting::Found(Running));
        assert_eq!(cloud.sight("c").await.unwrap(), Sighting::Found(Terminated));
        assert_eq!(cloud.sight("e").await.unwrap(), Sighting::Unknown, "another region's machine");
        assert_eq!(cloud.sight("never").await.unwrap(), Sighting::Unknown);
        let named = cloud.namesakes("d").await.unwrap();
        assert_eq!(named.iter().map(|machine| machine.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        assert!(cloud.namesakes("other").await.unwrap().is_empty());
        let account = register.0.path().display().to_string();
        assert_eq!(cloud.place().await.unwrap(), Place { account, region: "r1".into() });
    }

    #[tokio::test]
    async fn without_a_register_there_are_no_machines_but_none_is_unknown_either() {
        let cloud = Sandbox::new("/nowhere/at/all", "r1");
        assert!(cloud.machines("ours").await.unwrap().is_empty());
        let failure = cloud.sight("a").await.unwrap_err();
        assert!(failure.to_string().contains("/nowhere/at/all is not there"), "{failure}");
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_an_error_and_never_absence() {
        for (name, text) in [("b.json", "{\"id\": \"b\", \"na"), ("b.json", ""), ("b.json", "{\"id\": \"b\"}")] {
            let register = Register::new();
            register.add("a", "d-w-1", "ours", "r1");
            register.write(name, text);
            let failure = register.cloud().machines("ours").await.unwrap_err();
            assert!(failure.what.contains("b.json"), "{failure}");
            assert!(register.cloud().sight("zzz").await.is_err());
        }
        let register = Register::new();
        register.add("a", "d-w-1", "ours", "r1");
        std::fs::rename(register.0.path().join("a.json"), register.0.path().join("z.json")).unwrap();
        assert!(register.cloud().machines("ours").await.is_err(), "a file under another machine's name");
        std::fs::remove_file(register.0.path().join("z.json")).unwrap();
        std::fs::create_dir(register.0.path().join("b.json")).unwrap();
        assert!(register.cloud().machines("ours").await.is_err(), "a folder in a file's place");
    }

    #[tokio::test]
    async fn images_are_names_and_none_is_built_yet() {
        let cloud = Register::new().cloud();
        for (image, expected) in
            [(Image::Family("ubuntu-22.04".into()), "sandbox-ubuntu-22.04"), (Image::Id("ami-1".into()), "ami-1")]
        {
            assert_eq!(cloud.resolve_image(&image, "small").await.unwrap(), expected);
        }
        let refused = cloud.resolve_image(&Image::Build("x".into()), "small").await.unwrap_err();
        assert_eq!(refused.kind, Kind::Refused);
    }
}
