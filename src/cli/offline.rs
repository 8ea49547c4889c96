//! Stacks without network or login: from the cluster file, and a copy of the record if there is one.

use std::collections::BTreeMap;
use std::path::Path;

use super::app::App;
use super::load::Loaded;
use crate::model::failure::{Failure, Result};
use crate::model::file::Image;
use crate::model::names::{OperationId, StackId};
use crate::model::plan::{self, CONTROL_PLANE, FoundationChange, Request};
use crate::model::provider::Provider;
use crate::model::record::{JoinAccess, Record, Source};
use crate::render::{self, Deployment, Files};

pub struct Stacks {
    pub files: BTreeMap<StackId, Files>,
    /// What the reader should know, ending with a line break; may be empty.
    pub note: String,
}

/// The id that stands for a new cluster's, and the name that stands for its operation's.
const NEW_CLUSTER: &str = "00000000-0000-4000-8000-000000000000";

pub fn stacks(app: &App, loaded: &Loaded, record: Option<&Path>) -> Result<Stacks> {
    let record: Option<Record> = match record {
        Some(path) => {
            let path = app.settings.folder.join(path);
            let text = std::fs::read(&path).map_err(|error| {
                Failure::failed(format!("the record {} cannot be read", path.display())).because(error)
            })?;
            Some(crate::ops::record::decode(&text, &path.to_string_lossy())?)
        }
        None => None,
    };
    let file = &loaded.file;
    let deployment = Deployment {
        tags: &file.tags,
        file,
        cluster_id: record.as_ref().map_or(NEW_CLUSTER, |record| &record.cluster_id),
        account: record.as_ref().map(|record| record.account.as_str()).filter(|_| file.provider != Provider::Sandbox),
        backend: &loaded.backend,
        ssh_public_key: &loaded.ssh_public_key,
        register: &loaded.register,
        assets: &loaded.assets,
    };
    match &record {
        Some(record) => recorded(&deployment, record),
        None => new(&deployment, loaded.source.clone()),
    }
}

fn recorded(deployment: &Deployment, record: &Record) -> Result<Stacks> {
    let mut files = BTreeMap::new();
    let joins = JoinAccess::wanted(deployment.file, record.joins.as_ref());
    let foundation = render::foundation(deployment, &record.control_plane.nodes, joins.as_ref())?;
    files.insert(StackId::Foundation, foundation);
    let foundation =
        placeholder(record.control_plane.nodes.values().map(|node| node.zone.as_str()), deployment.file.provider);
    for (pool, pool_record) in &record.pools {
        files.insert(StackId::Pool(pool.clone()), render::pool(deployment, pool, &pool_record.nodes, &foundation)?);
    }
    Ok(Stacks { files, note: "The value `foundation` of the pools stands for the foundation's output.\n".into() })
}

fn new(deployment: &Deployment, source: Source) -> Result<Stacks> {
    let file = deployment.file;
    let mut images: BTreeMap<String, String> =
        file.pools.iter().map(|pool| (pool.name.clone(), unresolved(&pool.image))).collect();
    images.insert(CONTROL_PLANE.to_owned(), unresolved(&file.control_plane.image));
    let decided = plan::decide(&plan::Inputs {
        file,
        source,
        record: None,
        previous: None,
        cluster_id: NEW_CLUSTER,
        request: Request::Apply { accept_lost: Vec::new() },
        operation: OperationId::from_text("unknown"),
        serials: BTreeMap::new(),
        stands: false,
        standings: &BTreeMap::new(),
        nodes: &[],
        images: &images,
        choose: &|_, _, _| Vec::new(),
    })?;
    let mut files = BTreeMap::new();
    if let FoundationChange::Create { nodes } = &decided.foundation {
        files.insert(
            StackId::Foundation,
            render::foundation(deployment, nodes, JoinAccess::wanted(file, None).as_ref())?,
        );
    }
    let foundation = placeholder(file.network.zones.iter().map(String::as_str), file.provider);
    for change in &decided.pools {
        files.insert(change.stack(), render::pool(deployment, &change.pool, &change.additions, &foundation)?);
    }
    let note = "This is a new cluster: no record was given (--record), so its id, its images by family and the foundation's \
                output are stand-ins.\n";
    Ok(Stacks { files, note: note.into() })
}

/// A precondition of the modules refuses what begins like this, except for an id, which needs no cloud to be known.
fn unresolved(image: &Image) -> String {
    match image {
        Image::Id(id) => id.clone(),
        Image::Family(family) => format!("unresolved:{family}"),
        Image::Build(build) => format!("unresolved:{build}"),
    }
}

/// In the shape of the foundation's output, with values that no cloud has.
fn placeholder<'a>(zones: impl Iterator<Item = &'a str>, provider: Provider) -> serde_json::Value {
    let subnets: BTreeMap<&str, String> = zones.map(|zone| (zone, format!("unresolved:{zone}"))).collect();
    match provider {
        Provider::Sandbox => {
            serde_json::json!({ "network_id": "unresolved:", "subnets": subnets, "key_name": "unresolved:" })
        }
        _ => serde_json::json!({
            "vpc_id": "unresolved:",
            "subnets": subnets,
            "node_security_group_id": "unresolved:",
            "key_name": "unresolved:",
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::{RngAlgorithm, TestRng};

    use super::*;
    use crate::model::failure::Kind;
    use crate::model::file;
    use crate::model::file::tests::{EXAMPLES, mutate};
    use crate::render::{Assets, Backend};

    /// None where the provider's files are not there yet.
    fn planned_and_rendered(text: &str, assets: &Assets) -> Option<Stacks> {
        let file = file::parse("f", text, &[]).ok()?;
        let source = Source { cluster_file: text.to_owned(), sets: Vec::new(), files: BTreeMap::new() };
        let rendered = Backend::of_store(&file.store, &file.region, None, "/store").and_then(|backend| {
            let deployment = Deployment {
                file: &file,
                tags: &file.tags,
                cluster_id: NEW_CLUSTER,
                account: None,
                backend: &backend,
                ssh_public_key: "ssh-ed25519 AAAA demo",
                register: "/register",
                assets,
            };
            new(&deployment, source)
        });
        rendered.map_err(|failure| assert_eq!(failure.kind, Kind::Refused, "{failure}\n{text}")).ok()
    }

    #[test]
    fn whatever_is_a_cluster_file_can_be_planned_and_rendered() {
        let assets = Assets::embedded();
        let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut rendered = 0;
        for round in 0..10_000 {
            let mut bytes = EXAMPLES[round % EXAMPLES.len()].as_bytes().to_vec();
            mutate(&mut bytes, &mut rng);
            let Ok(text) = String::from_utf8(bytes) else { continue };
            let Some(stacks) = planned_and_rendered(&text, &assets) else { continue };
            for (name, content) in stacks.files.values().flatten().filter(|(name, _)| name.ends_with(".json")) {
                serde_json::from_slice::<serde_json::Value>(content).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
            rendered += 1;
        }
        assert!(rendered > 1_000, "{rendered}");
    }
}
