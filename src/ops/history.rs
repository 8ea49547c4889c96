//! The generations of a cluster's record that its store has kept.

use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use super::ports::Store;
use super::record::{self, Generation, history_key};
use crate::model::failure::{Failure, Result};
use crate::model::history::{Change, changes};
use crate::model::lock::Holder;
use crate::model::names::OperationId;

/// How many are read side by side.
const AT_ONCE: usize = 16;

/// One generation, and what it changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    pub generation: u64,
    pub operation: OperationId,
    /// None where that was not written down.
    pub holder: Option<Holder>,
    pub at: Option<jiff::Timestamp>,
    /// None where the generation before this one was not kept.
    pub changes: Option<Vec<Change>>,
}

/// The last `limit` generations, the newest first.
pub async fn last(store: &dyn Store, limit: usize) -> Result<Vec<Step>> {
    let numbers = numbers(store).await?;
    // One more, for what the first of them changed.
    let from = numbers.len().saturating_sub(limit.saturating_add(1));
    let kept = stream::iter(&numbers[from..]).map(|number| one(store, *number)).buffered(AT_ONCE);
    let kept: Vec<Generation> = kept.try_collect().await?;
    let mut steps: Vec<Step> = kept
        .iter()
        .enumerate()
        .map(|(index, step)| step_of(index.checked_sub(1).and_then(|former| kept.get(former)), step))
        .collect();
    steps.reverse();
    steps.truncate(limit);
    Ok(steps)
}

fn step_of(former: Option<&Generation>, kept: &Generation) -> Step {
    let before = former.filter(|former| former.generation + 1 == kept.generation);
    let known = before.is_some() || kept.generation == 1;
    Step {
        generation: kept.generation,
        operation: kept.operation.clone(),
        holder: kept.holder.clone(),
        at: kept.at,
        changes: known.then(|| changes(before.map(|before| &before.record), &kept.record)),
    }
}

/// The generation of this number, and what it changed; the newest without a number.
pub async fn generation(store: &dyn Store, number: Option<u64>) -> Result<(Generation, Step)> {
    let numbers = numbers(store).await?;
    let (Some(oldest), Some(newest)) = (numbers.first(), numbers.last()) else { return Err(no_cluster(store)) };
    let number = number.unwrap_or(*newest);
    if !numbers.contains(&number) {
        return Err(Failure::failed(format!("{} has no generation {number}", store.url()))
            .because(format!("the oldest that is kept is {oldest}, and the newest is {newest}")));
    }
    let former = match number.checked_sub(1).filter(|former| numbers.contains(former)) {
        Some(former) => Some(one(store, former).await?),
        None => None,
    };
    let kept = one(store, number).await?;
    let step = step_of(former.as_ref(), &kept);
    Ok((kept, step))
}

/// The record's own text.
pub async fn pull(store: &dyn Store) -> Result<String> {
    let Some(object) = store.get(record::KEY).await? else { return Err(no_cluster(store)) };
    // One that cannot be read is an error here, and not for whoever reads it next.
    let record = record::decode(&object.bytes, &format!("{}/{}", store.url(), record::KEY))?;
    record::refuse_moved(store, &record)?;
    Ok(String::from_utf8_lossy(&object.bytes).into_owned())
}

/// Why nothing can be told of a store without a record.
pub fn no_cluster(store: &dyn Store) -> Failure {
    Failure::failed(format!("there is no cluster in {}", store.url()))
        .hint("a cluster's record comes with its first `scaler apply -f FILE`")
}

/// Those that lie in history, the oldest first.
pub async fn kept(store: &dyn Store) -> Result<Vec<u64>> {
    let keys = store.list("history/").await?;
    let number = |key: &String| {
        let name = key.strip_prefix("history/")?.strip_suffix(".json")?;
        name.parse::<u64>().ok().filter(|number| history_key(*number) == *key)
    };
    let mut numbers: Vec<u64> = keys.iter().filter_map(number).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Those that can be shown: in history, and the record's own, which a run that died may have left out there.
async fn numbers(store: &dyn Store) -> Result<Vec<u64>> {
    let mut numbers = kept(store).await?;
    numbers.extend(record::load(store).await?.map(|(record, _)| record.generation));
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// One that is there.
pub async fn one(store: &dyn Store, number: u64) -> Result<Generation> {
    let key = history_key(number);
    match store.get(&key).await? {
        Some(object) => record::decode_as(&object.bytes, &format!("{}/{key}", store.url())),
        None => match record::load(store).await? {
            Some((record, _)) if record.generation == number => Ok(Generation {
                format: record.format,
                generation: number,
                operation: record.operation.clone(),
                holder: None,
                at: None,
                record,
            }),
            _ => Err(Failure::failed(format!("{}/{key} is not there any more", store.url()))),
        },
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::model::failure::Kind;
    use crate::model::machine::Place;
    use crate::model::provider::Provider;
    use crate::model::record::{FORMAT, Record, Source};
    use crate::ops::testing::MemoryStore;

    fn record(generation: u64) -> Record {
        let place = Place { account: "1".into(), region: "r".into() };
        let source = Source { cluster_file: String::new(), sets: Vec::new(), files: Default::default() };
        let by = OperationId::from_text(format!("op-{generation}"));
        Record { generation, ..Record::new("id", "demo", Provider::Sandbox, &place, source, by) }
    }

    fn keep(store: &MemoryStore, generation: u64) {
        let record = record(generation);
        let kept = Generation {
            format: FORMAT,
            generation,
            operation: record.operation.clone(),
            holder: None,
            at: Some(jiff::Timestamp::UNIX_EPOCH),
            record,
        };
        store.overwrite(&history_key(generation), Bytes::from(serde_json::to_vec(&kept).unwrap()));
    }

    fn current(store: &MemoryStore, generation: u64) {
        store.overwrite(record::KEY, Bytes::from(serde_json::to_vec(&record(generation)).unwrap()));
    }

    fn seen(steps: &[Step]) -> Vec<(u64, bool)> {
        steps.iter().map(|step| (step.generation, step.changes.is_some())).collect()
    }

    #[tokio::test]
    async fn the_newest_come_first_and_the_record_itself_is_among_them() {
        let store = MemoryStore::default();
        for generation in [1, 2, 3, 9, 10] {
            keep(&store, generation);
        }
        store.overwrite("history/notes.txt", "not ours");
        current(&store, 11);
        let all = last(&store, 100).await.unwrap();
        // What 9 changed cannot be told: 8 is not there.
        let expected = [(11, true), (10, true), (9, false), (3, true), (2, true), (1, true)];
        assert_eq!(seen(&all), expected);
        assert_eq!(seen(&last(&store, 2).await.unwrap()), expected[..2]);
        assert_eq!(last(&store, 0).await.unwrap(), []);
        let (newest, step) = generation(&store, None).await.unwrap();
        assert_eq!((newest.generation, newest.at), (11, None));
        assert_eq!(step, all[0]);
        assert_eq!(generation(&store, Some(2)).await.unwrap().0.at, Some(jiff::Timestamp::UNIX_EPOCH));
    }

    #[tokio::test]
    async fn what_is_not_there_or_not_readable_is_named() {
        let store = MemoryStore::default();
        assert!(last(&store, 5).await.unwrap().is_empty());
        assert!(generation(&store, None).await.unwrap_err().what.contains("there is no cluster"));
        keep(&store, 2);
        current(&store, 3);
        let missing = generation(&store, Some(1)).await.unwrap_err().to_string();
        assert!(missing.contains("no generation 1") && missing.contains("oldest that is kept is 2"), "{missing}");
        store.overwrite(&history_key(2), r#"{"format": {"major": 2, "minor": 0}}"#);
        let newer = generation(&store, Some(2)).await.unwrap_err();
        assert_eq!(newer.kind, Kind::Refused);
        assert!(newer.what.contains("history/00000002.json"), "{newer}");
    }
}
