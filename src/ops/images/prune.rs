//! Taking away images that nobody needs any more.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::list::{named_ids, nodes_by_image, wanted_hashes};
use super::records;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::image::{ImageHash, ImageRecord};
use crate::model::machine::Place;
use crate::model::names::OperationId;
use crate::model::provider::tags;
use crate::ops::lock::{self, Seeker};
use crate::ops::ports::Ports;
use crate::ops::task::Task;
use crate::ops::{observe, place, record};

/// The format of the JSON.
const FORMAT: u32 = 1;

/// Images that can go, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Prunable {
    pub format: u32,
    pub images: Vec<ImageRecord>,
    /// How many stay.
    pub left: usize,
    /// Whether they were taken away.
    pub pruned: bool,
}

/// What can go. Stays what a node of the record was made of and what a file names by its id; of each hash that the cluster
/// file at hand or the stored one wants, the newest; and of each of the file's images the newest `keep` for each
/// architecture. A withdrawn image stays only for its nodes. What the files of a destroyed cluster want counts for nothing.
pub async fn survey(ports: &Ports, task: &Task, keep: usize) -> Result<Prunable> {
    let place = ports.cloud.place().await?;
    let record = record::load(ports.store.as_ref()).await?.map(|(record, _)| record);
    let mut files = Vec::new();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    match &record {
        Some(record) => {
            place::check(record, &place)?;
            ids.extend(nodes_by_image(record).into_keys());
            if !record.destroyed {
                // Whoever works without a file goes by the stored one.
                files.extend([task.clone(), Task { file: observe::previous(record)?, ..task.clone() }]);
            }
        }
        None => files.push(task.clone()),
    }
    let mut hashes: BTreeSet<ImageHash> = BTreeSet::new();
    for file in &files {
        ids.extend(named_ids(file));
        hashes.extend(wanted_hashes(ports, file).await?.into_iter().map(|(_, hash)| hash));
    }
    let all = records::all(ports.store.as_ref()).await?;
    let here: Vec<String> = all.iter().filter(|one| is_of(one, &place)).map(|one| one.id.clone()).collect();
    let there = if here.is_empty() { Vec::new() } else { ports.images.images(&here).await? };
    let total = all.len();
    let mut images: Vec<ImageRecord> = Vec::new();
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for record in all {
        if !is_of(&record, &place) {
            continue;
        }
        let available = there.iter().any(|image| image.id == record.id && image.available);
        let newest = available && hashes.remove(&record.hash);
        let kind = (record.image.clone(), record.ingredients.architecture.clone());
        let count = seen.entry(kind).or_default();
        *count += usize::from(available);
        let kept = available && *count <= keep;
        if !kept && !newest && !ids.contains(&record.id) {
            images.push(record);
        }
    }
    Ok(Prunable { format: FORMAT, left: total - images.len(), images, pruned: false })
}

fn is_of(image: &ImageRecord, place: &Place) -> bool {
    (&image.account, &image.region) == (&place.account, &place.region)
}

/// Takes away under the cluster's lock what was shown, as far as it still can go. Who has the lock has no unfinished
/// operation before him, which might yet make machines of what it was told. What cannot be taken away keeps nothing else
/// from going; the first of it is why it is not all.
pub async fn prune(
    ports: &Ports,
    task: &Task,
    seeker: Seeker,
    keep: usize,
    shown: Prunable,
) -> Result<(Prunable, Option<Failure>)> {
    let interrupts = seeker.interrupts.clone();
    let operation = OperationId::new(ports.clock.now(), ports.clock.random());
    let held = lock::acquire(seeker, operation).await?;
    let done = async {
        let now = survey(ports, task, keep).await?;
        let total = now.left + now.images.len();
        let (mut gone, mut stayed): (Vec<ImageRecord>, Vec<Failure>) = (Vec::new(), Vec::new());
        for image in now.images {
            if !shown.images.iter().any(|one| one.id == image.id) {
                continue;
            }
            if interrupts.count() > 0 {
                let what = format!("interrupted after {} images", gone.len());
                stayed.insert(0, Failure::new(Kind::Interrupted, what).hint("run it again to go on"));
                break;
            }
            held.lease().check()?;
            match remove(ports, &image).await {
                Ok(()) => gone.push(image),
                Err(failure) => stayed.push(failure),
            }
        }
        let pruned = Prunable { format: FORMAT, left: total - gone.len(), images: gone, pruned: true };
        let failure = together(stayed, !pruned.images.is_empty());
        Ok((pruned, failure))
    }
    .await;
    held.give_back(ports.progress.as_ref()).await;
    done
}

/// Partial (exit 6) where some of it was done.
fn together(stayed: Vec<Failure>, some: bool) -> Option<Failure> {
    let mut stayed = stayed.into_iter();
    let first = stayed.next()?;
    let failure = stayed.fold(first, |all, more| all.because(more));
    let kind = if some && failure.kind != Kind::Interrupted { Kind::Partial } else { failure.kind };
    Some(failure.with_kind(kind))
}

/// Its record goes last: what a removal leaves that was cut short is found by it.
async fn remove(ports: &Ports, image: &ImageRecord) -> Result<()> {
    let there = ports.images.images(std::slice::from_ref(&image.id)).await?;
    let hash = there.first().map(|there| there.tags.get(tags::IMAGE_HASH).map(String::as_str));
    if let Some(hash) = hash
        && hash != Some(image.hash.as_str())
    {
        return Err(Failure::refused(format!("image {} is not taken away: it may not be ours any more", image.id))
            .because(format!("its tag {} says {}", tags::IMAGE_HASH, hash.unwrap_or("nothing"))));
    }
    let mut snapshots = image.snapshots.clone();
    snapshots.extend(there.into_iter().flat_map(|there| there.snapshots));
    snapshots.sort();
    snapshots.dedup();
    ports.images.remove(&image.id, &snapshots).await?;
    ports.store.delete(&image.key()).await
}
