//! What can go, and what must stay.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Prunable;
use crate::model::failure::{Failure, Result};
use crate::model::journal::{Document, Entry, key};
use crate::model::names::OperationId;
use crate::model::retention::Keep;
use crate::ops::ports::Store;
use crate::ops::record::Generation;
use crate::ops::{history, lock, record};

/// How many are read side by side.
const AT_ONCE: usize = 16;

/// How thoroughly it is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything that can go.
    All,
    /// Generations and their journals, and only if there are so many generations too much. Inputs stay: there is one for
    /// each text of the cluster file, and to know that nothing refers to one every journal has to be read.
    AtLeast(usize),
}

/// The journal of an operation that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Journal {
    pub operation: OperationId,
    /// What Ansible said in it comes before its entries.
    #[serde(skip)]
    pub keys: Vec<String>,
}

/// Looks. Changes nothing. What cannot be read is an error, never a reason to let something go.
pub async fn survey(store: &dyn Store, keep: Keep, now: jiff::Timestamp, scope: Scope) -> Result<Prunable> {
    let mut found = Prunable {
        format: 1,
        store: store.url(),
        keep,
        generations: Vec::new(),
        journals: Vec::new(),
        inputs: Vec::new(),
        left: 0,
        pruned: false,
    };
    let numbers = history::kept(store).await?;
    found.left = numbers.len();
    let beyond = numbers.len().saturating_sub(keep.generations.max(1) as usize);
    if matches!(scope, Scope::AtLeast(least) if beyond < least) {
        return Ok(found);
    }
    let Some((current, _)) = record::load(store).await? else { return Err(history::no_cluster(store)) };
    let old = numbers[..beyond].iter().filter(|number| **number < current.generation);
    let old: Vec<Generation> = read_while_old(store, old.copied().collect(), keep, now).await?;
    found.generations = old.iter().map(|kept| kept.generation).collect();
    found.left = numbers.len() - old.len();
    let staying = &numbers[old.len()..];
    let oldest = match staying.first() {
        Some(number) => Some(history::one(store, *number).await?.operation),
        None => None,
    };

    let mut stays: BTreeSet<OperationId> = [current.operation.clone()].into_iter().chain(oldest.clone()).collect();
    // The lock names the one operation that may not have ended.
    stays.extend(lock::read(store).await?.map(|lock| lock.operation));
    let gone: BTreeSet<&OperationId> = old.iter().map(|kept| &kept.operation).collect();
    let since = oldest.as_ref().and_then(OperationId::began);
    let journals = by_operation(store, "journal/").await?;
    let mut kept_journals = Vec::new();
    for (operation, keys) in journals {
        // One that committed nothing, or whose generation went before it.
        let forgotten = || {
            let began = operation.began();
            began.zip(since).is_some_and(|(began, since)| began < since && keep.is_old(began, now))
        };
        let may_go = !stays.contains(&operation) && (gone.contains(&operation) || forgotten());
        if may_go && has_ended(store, &keys).await? {
            found.journals.push(Journal { operation, keys });
        } else {
            kept_journals.push(operation);
        }
    }
    if !found.journals.is_empty() {
        let mut logs = by_operation(store, "logs/").await?;
        for journal in &mut found.journals {
            let of_journal = logs.remove(&journal.operation).unwrap_or_default();
            journal.keys.splice(0..0, of_journal);
        }
    }
    if scope == Scope::All {
        found.inputs = unreferenced(store, staying, &kept_journals).await?;
    }
    Ok(found)
}

/// The oldest of these, up to the first that is not old enough.
async fn read_while_old(
    store: &dyn Store,
    numbers: Vec<u64>,
    keep: Keep,
    now: jiff::Timestamp,
) -> Result<Vec<Generation>> {
    let mut old = Vec::new();
    let mut read = stream::iter(numbers).map(|number| history::one(store, number)).buffered(AT_ONCE);
    while let Some(kept) = read.next().await {
        let kept = kept?;
        let at = kept.at.or_else(|| kept.operation.began());
        if !at.is_some_and(|at| keep.is_old(at, now)) {
            break;
        }
        old.push(kept);
    }
    Ok(old)
}

/// The keys of each operation below this folder, sorted.
async fn by_operation(store: &dyn Store, folder: &str) -> Result<BTreeMap<OperationId, Vec<String>>> {
    let mut found: BTreeMap<OperationId, Vec<String>> = BTreeMap::new();
    for key in store.list(folder).await? {
        let operation = key.strip_prefix(folder).and_then(|rest| rest.split_once('/'));
        let Some((operation, _)) = operation else { continue };
        found.entry(OperationId::from_text(operation)).or_default().push(key);
    }
    Ok(found)
}

async fn has_ended(store: &dyn Store, keys: &[String]) -> Result<bool> {
    let Some(last) = keys.last() else { return Ok(false) };
    Ok(matches!(entry(store, last).await?, Some(Entry::Finished { .. })))
}

/// None if it is not there.
async fn entry(store: &dyn Store, key: &str) -> Result<Option<Entry>> {
    let Some(object) = store.get(key).await? else { return Ok(None) };
    let document = Document::parse(&object.bytes).map_err(|error| {
        Failure::refused(format!("the journal entry `{key}` of {} cannot be read", store.url()))
            .because(error)
            .hint("nothing was deleted; use the version of scaler that this cluster is run with")
    })?;
    Ok(Some(document.entry))
}

/// Inputs that neither a journal nor a generation which stays refers to.
async fn unreferenced(store: &dyn Store, generations: &[u64], journals: &[OperationId]) -> Result<Vec<String>> {
    let mut inputs: BTreeSet<String> = store.list("inputs/").await?.into_iter().collect();
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let first = |operation: &OperationId| {
        let key = key(operation, 1);
        async move { entry(store, &key).await }
    };
    let firsts: Vec<Option<Entry>> = stream::iter(journals).map(first).buffered(AT_ONCE).try_collect().await?;
    for first in firsts.into_iter().flatten() {
        if let Entry::Started(start) = first {
            inputs.remove(&start.inputs.key());
        }
    }
    let kept = stream::iter(generations).map(|number| history::one(store, *number)).buffered(AT_ONCE);
    let kept: Vec<Generation> = kept.try_collect().await?;
    let current = record::load(store).await?.map(|(record, _)| record);
    for source in kept.into_iter().map(|kept| kept.record.source).chain(current.map(|record| record.source)) {
        let text = serde_json::to_vec(&source)
            .map_err(|error| Failure::failed("a stored cluster file cannot be written as JSON").caused_by(&error))?;
        inputs.remove(&format!("inputs/{}", hex::encode(Sha256::digest(&text))));
    }
    Ok(inputs.into_iter().collect())
}
