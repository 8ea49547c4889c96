//! Taking away images that nobody needs any more.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::list::{named_ids, nodes_by_image, wanted_hashes};
use super::records;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::image::{ImageHash, ImageRecord};
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

/// What can go. Stays what a node of the record was made of, what the cluster file at hand or the stored one wants or
/// names, and of each of the file's images the newest `keep`.
pub async fn survey(ports: &Ports, task: &Task, keep: usize) -> Result<Prunable> {
    let place = ports.cloud.place().await?;
    let mut hashes: BTreeSet<ImageHash> = BTreeSet::new();
    let mut ids: BTreeSet<String> = named_ids(task).into_iter().collect();
    hashes.extend(wanted_hashes(ports, task).await?.into_iter().map(|(_, hash)| hash));
    if let Some((record, _)) = record::load(ports.store.as_ref()).await? {
        place::check(&record, &place)?;
        // Whoever works without a file goes by the stored one.
        let stored = Task { file: observe::previous(&record)?, ..task.clone() };
        hashes.extend(wanted_hashes(ports, &stored).await?.into_iter().map(|(_, hash)| hash));
        ids.extend(named_ids(&stored));
    }
    ids.extend(nodes_by_image(ports).await?.into_keys());
    let all = records::all(ports.store.as_ref()).await?;
    let total = all.len();
    let mut images: Vec<ImageRecord> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for record in all {
        let place_in_line = seen.entry(record.image.clone()).or_default();
        *place_in_line += 1;
        let elsewhere = (&record.account, &record.region) != (&place.account, &place.region);
        let needed = ids.contains(&record.id) || hashes.contains(&record.hash);
        if *place_in_line > keep && !needed && !elsewhere {
            images.push(record);
        }
    }
    Ok(Prunable { format: FORMAT, left: total - images.len(), images, pruned: false })
}

/// Takes away under the cluster's lock what was shown, as far as it still can go. Who has the lock has no unfinished
/// operation before him, which might yet make machines of what it was told.
pub async fn prune(ports: &Ports, task: &Task, seeker: Seeker, keep: usize, shown: Prunable) -> Result<Prunable> {
    let interrupts = seeker.interrupts.clone();
    let operation = OperationId::new(ports.clock.now(), ports.clock.random());
    let held = lock::acquire(seeker, operation).await?;
    let done = async {
        let now = survey(ports, task, keep).await?;
        let total = now.left + now.images.len();
        let mut gone = Vec::new();
        for image in now.images {
            if !shown.images.iter().any(|one| one.id == image.id) {
                continue;
            }
            if interrupts.count() > 0 {
                return Err(Failure::new(Kind::Interrupted, format!("interrupted after {} images", gone.len()))
                    .hint("what is left stays; run it again to go on"));
            }
            held.lease().check()?;
            remove(ports, &image).await?;
            gone.push(image);
        }
        Ok(Prunable { format: FORMAT, left: total - gone.len(), images: gone, pruned: true })
    }
    .await;
    held.give_back(ports.progress.as_ref()).await;
    done
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
