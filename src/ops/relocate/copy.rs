//! The objects of a cluster, from one store to another, and back for comparison.

use futures::{StreamExt, TryStreamExt, stream};

use crate::model::failure::{Failure, Kind, Result};
use crate::model::lock;
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Lease;
use crate::ops::ports::{Condition, Object, Put, Store};
use crate::ops::record;

/// How many objects are on their way side by side.
const AT_ONCE: usize = 16;

/// Where a cluster's objects lie, beside its record and its lock.
const FOLDERS: [&str; 5] = ["history/", "images/", "inputs/", "journal/", "terraform/"];

/// What of `terraform/` is copied: Terraform's own locks, and the backups of its `local` backend, are not.
const STATE: &str = ".tfstate";

pub struct Keys {
    pub of_cluster: Vec<String>,
    pub others: Vec<String>,
}

/// Everything in a store but the record and the lock.
pub async fn keys(store: &dyn Store) -> Result<Keys> {
    let all = store.list("").await?;
    let beside = |key: &String| key != record::KEY && key != lock::KEY;
    let (of_cluster, others) = all.into_iter().filter(beside).partition(|key| is_of_cluster(key));
    Ok(Keys { of_cluster, others })
}

fn is_of_cluster(key: &str) -> bool {
    let folder = FOLDERS.iter().find(|folder| key.starts_with(**folder));
    folder.is_some_and(|folder| *folder != "terraform/" || key.ends_with(STATE))
}

pub struct Copied {
    pub objects: usize,
    pub bytes: u64,
}

/// Makes the new store's objects the same as the old one's. Those of an earlier move that was cut short are overwritten
/// where they differ, and removed where the old store has them no more.
pub async fn copy(from: &dyn Store, to: &dyn Store, lease: &Lease, interrupts: &Interrupts) -> Result<Copied> {
    let source = keys(from).await?.of_cluster;
    let superfluous = keys(to).await?.of_cluster.into_iter().filter(|key| source.binary_search(key).is_err());
    for key in superfluous {
        lease.check()?;
        to.delete(&key).await?;
    }
    let one = |key: String| async move {
        if interrupts.count() > 0 {
            return Err(interrupted());
        }
        lease.check()?;
        let found = from.get(&key).await?.ok_or_else(|| vanished(from, &key))?;
        put(to, &key, &found).await?;
        Ok(found.bytes.len() as u64)
    };
    let objects = source.len();
    let sizes: Vec<u64> = stream::iter(source).map(one).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(Copied { objects, bytes: sizes.iter().sum() })
}

/// Writes an object unless it is there already with this very content.
pub async fn put(to: &dyn Store, key: &str, wanted: &Object) -> Result<()> {
    let condition = match to.get(key).await? {
        Some(there) if there.bytes == wanted.bytes => return Ok(()),
        Some(there) => Condition::Is(there.version),
        None => Condition::Absent,
    };
    match to.put(key, wanted.bytes.clone(), condition).await? {
        Put::Written(_) => Ok(()),
        // It may be this very write, sent twice below us; the reading back tells.
        Put::Conflict => same(to, key, wanted).await,
    }
}

/// Reads both stores whole and compares them.
pub async fn verify(from: &dyn Store, to: &dyn Store, interrupts: &Interrupts) -> Result<()> {
    let (source, copies) = (keys(from).await?.of_cluster, keys(to).await?.of_cluster);
    if source != copies {
        let missing =
            source.iter().find(|key| !copies.contains(key)).or(copies.iter().find(|key| !source.contains(key)));
        return Err(differs(to, missing.map_or("", String::as_str)).because(format!(
            "the old store has {} objects, and the new one {}",
            source.len(),
            copies.len()
        )));
    }
    let one = |key: String| async move {
        if interrupts.count() > 0 {
            return Err(interrupted());
        }
        let found = from.get(&key).await?.ok_or_else(|| vanished(from, &key))?;
        same(to, &key, &found).await
    };
    stream::iter(source).map(one).buffer_unordered(AT_ONCE).try_collect().await
}

/// Reads one object back.
pub async fn same(to: &dyn Store, key: &str, wanted: &Object) -> Result<()> {
    match to.get(key).await? {
        Some(there) if there.bytes == wanted.bytes => Ok(()),
        Some(there) => Err(differs(to, key).because(format!(
            "it has {} bytes there, and {} in the old store",
            there.bytes.len(),
            wanted.bytes.len()
        ))),
        None => Err(differs(to, key).because("it is not there")),
    }
}

fn differs(to: &dyn Store, key: &str) -> Failure {
    Failure::refused(format!("`{key}` in {} is not what it should be after it was copied", to.url()))
        .hint("the old store is in force as before; see who else writes there, and run this again")
}

fn vanished(from: &dyn Store, key: &str) -> Failure {
    Failure::failed(format!("`{key}` went from {} while it was copied", from.url()))
        .hint("the old store is in force as before; run this again")
}

pub fn interrupted() -> Failure {
    Failure::new(Kind::Interrupted, "interrupted before the cluster was moved")
        .hint("the old store is in force as before; run this again, and it goes on from here")
}
