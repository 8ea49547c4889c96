//! What the store has of images that were built.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::Wanted;
use crate::model::failure::{Failure, Result};
use crate::model::image::{FOLDER, ImageRecord};
use crate::ops::ports::{Condition, Ports, Put, Store};
use crate::ops::record;
use crate::ops::task::Task;

/// How many are read side by side.
const AT_ONCE: usize = 16;

/// All that were built for this cluster, the newest first.
pub async fn all(store: &dyn Store) -> Result<Vec<ImageRecord>> {
    below(store, FOLDER).await
}

async fn below(store: &dyn Store, folder: &str) -> Result<Vec<ImageRecord>> {
    let keys = store.list(folder).await?;
    let read = stream::iter(keys).map(|key| async move { read(store, &key).await }).buffered(AT_ONCE);
    let mut found: Vec<ImageRecord> = read.try_filter_map(|one| async move { Ok(one) }).try_collect().await?;
    found.sort_by(|a, b| (b.built, &b.id).cmp(&(a.built, &a.id)));
    Ok(found)
}

/// None if it was taken away since it was listed.
async fn read(store: &dyn Store, key: &str) -> Result<Option<ImageRecord>> {
    let Some(object) = store.get(key).await? else { return Ok(None) };
    let what = format!("what {}/{key} says of an image", store.url());
    record::decode_as(&object.bytes, &what).map(Some)
}

/// The id of the newest image with the wanted hash of which machines can be made now.
pub async fn newest(ports: &Ports, task: &Task, wanted: &Wanted) -> Result<Option<String>> {
    Ok(newest_record(ports, task, wanted).await?.map(|record| record.id))
}

pub async fn newest_record(ports: &Ports, task: &Task, wanted: &Wanted) -> Result<Option<ImageRecord>> {
    let mut known = below(ports.store.as_ref(), &wanted.hash.folder()).await?;
    known.retain(|record| record.region == task.file.region);
    if known.is_empty() {
        return Ok(None);
    }
    let ids: Vec<String> = known.iter().map(|record| record.id.clone()).collect();
    let there = ports.images.images(&ids).await?;
    let usable = |record: &ImageRecord| {
        let image = there.iter().find(|image| image.id == record.id);
        image.is_some_and(|image| image.available && image.architecture == wanted.ingredients.architecture)
    };
    Ok(known.into_iter().find(usable))
}

/// Writes an image down. It is there already where an earlier answer was lost.
pub async fn write(store: &dyn Store, record: &ImageRecord) -> Result<()> {
    let bytes = serde_json::to_vec_pretty(record)
        .map_err(|error| Failure::failed("an image's record cannot be written as JSON").caused_by(&error))?;
    match store.put(&record.key(), Bytes::from(bytes), Condition::Absent).await? {
        Put::Written(_) | Put::Conflict => Ok(()),
    }
}
