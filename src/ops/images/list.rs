//! The images that were built, and what each is needed for.

use std::collections::BTreeMap;

use serde::Serialize;

use super::records;
use crate::model::failure::Result;
use crate::model::file::Image;
use crate::model::image::{ImageHash, ImageRecord};
use crate::model::record::Record;
use crate::ops::ports::Ports;
use crate::ops::record;
use crate::ops::task::Task;

/// The format of the list's JSON.
const FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct List {
    pub format: u32,
    /// The newest first.
    pub images: Vec<Line>,
    /// Images that the cluster file's pools want, and that are not there: name → hash.
    pub missing: Vec<Missing>,
    /// Images of the cloud that carry this cluster's name and are not in the store: a build was cut off before it could
    /// write them down, runs now, or another cluster has the same name.
    pub unrecorded: Vec<Unrecorded>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unrecorded {
    pub id: String,
    /// The cloud's name of it.
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    pub image: String,
    pub hash: ImageHash,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    #[serde(flatten)]
    pub record: ImageRecord,
    /// Machines can be made of it now. False: it is gone from the cloud, or is being made or taken away.
    pub available: bool,
    /// It has all that the cluster file at hand wants of it.
    pub wanted: bool,
    /// The nodes of the record that were made of it.
    pub nodes: Vec<String>,
}

/// Looks at store, cloud and record.
pub async fn list(ports: &Ports, task: &Task) -> Result<List> {
    let records = records::all(ports.store.as_ref()).await?;
    let ids: Vec<String> = records.iter().map(|record| record.id.clone()).collect();
    let there = if ids.is_empty() { Vec::new() } else { ports.images.images(&ids).await? };
    let record = record::load(ports.store.as_ref()).await?.map(|(record, _)| record);
    let mut nodes = record.as_ref().map(nodes_by_image).unwrap_or_default();
    let wanted = wanted_hashes(ports, task).await?;
    let of_cloud = ports.images.built_for(&task.file.name).await?.into_iter();
    let unrecorded = of_cloud.filter(|image| !ids.contains(&image.id));
    let unrecorded = unrecorded.map(|image| Unrecorded { id: image.id, name: image.name }).collect();
    let images: Vec<Line> = records
        .into_iter()
        .map(|record| Line {
            available: there.iter().any(|image| image.id == record.id && image.available),
            wanted: wanted.iter().any(|(_, hash)| *hash == record.hash),
            nodes: nodes.remove(&record.id).unwrap_or_default(),
            record,
        })
        .collect();
    let is_there = |hash: &ImageHash| {
        let here = |line: &Line| line.record.hash == *hash && line.record.region == task.file.region;
        images.iter().any(|line| line.available && here(line))
    };
    let missing = wanted.into_iter().filter(|(_, hash)| !is_there(hash));
    let missing = missing.map(|(image, hash)| Missing { image, hash }).collect();
    Ok(List { format: FORMAT, missing, unrecorded, images })
}

/// Image → the nodes that were made of it.
pub(super) fn nodes_by_image(record: &Record) -> BTreeMap<String, Vec<String>> {
    let mut by_image: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, node) in record.nodes() {
        by_image.entry(node.image.clone()).or_default().push(name.to_string());
    }
    by_image
}

/// What the file's pools and its control plane want, each once.
pub(super) async fn wanted_hashes(ports: &Ports, task: &Task) -> Result<Vec<(String, ImageHash)>> {
    let mut found: Vec<(String, ImageHash)> = Vec::new();
    for name in super::used(&task.file) {
        for wanted in super::wanted_by_all(ports.images.as_ref(), task, &name).await? {
            found.push((name.clone(), wanted.hash));
        }
    }
    Ok(found)
}

/// Images that somebody named by their id.
pub(super) fn named_ids(task: &Task) -> Vec<String> {
    let all = std::iter::once(&task.file.control_plane.image).chain(task.file.pools.iter().map(|pool| &pool.image));
    let bases = task.file.images.values().map(|spec| spec.base.clone());
    all.filter_map(|image| match image {
        Image::Id(id) => Some(id.clone()),
        _ => None,
    })
    .chain(bases)
    .collect()
}
