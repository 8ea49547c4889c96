//! The store: whether it can be reached and keeps its promises, and what lies in it.

use bytes::Bytes;

use super::Found;
use super::check::{Check, Status};
use crate::model::failure::{Failure, Result};
use crate::model::lock::LockState;
use crate::ops::lock;
use crate::ops::ports::probe::BucketProbe;
use crate::ops::ports::{Clock, Condition, Put, Store, Version};

pub(super) async fn checks(
    store: &dyn Store,
    clock: &dyn Clock,
    bucket: Option<&dyn BucketProbe>,
    record: &Found,
) -> Vec<Check> {
    let care = async {
        match bucket {
            Some(bucket) => bucket.care().await,
            None => Vec::new(),
        }
    };
    let (writes, lock, care) = futures::join!(writes(store, clock), check_lock(store), care);
    let mut checks = vec![writes, check_record(store, record), lock];
    checks.extend(care.into_iter().map(|probed| Check::probed("store", probed, Status::Warn)));
    checks
}

fn check_record(store: &dyn Store, record: &Found) -> Check {
    match record {
        Ok(Some(record)) if record.destroyed => {
            Check::ok("record", format!("cluster `{}` was destroyed in generation {}", record.name, record.generation))
        }
        Ok(Some(record)) => {
            let nodes =
                record.control_plane.nodes.len() + record.pools.values().map(|pool| pool.nodes.len()).sum::<usize>();
            let detail = format!("cluster `{}`, generation {}, {nodes} nodes", record.name, record.generation);
            Check::ok("record", detail)
        }
        Ok(None) => Check::ok("record", format!("there is none yet in {}", store.url())),
        Err(failure) => Check::failed("record", failure),
    }
}

async fn check_lock(store: &dyn Store) -> Check {
    let name = "lock";
    let found = match lock::look(store).await {
        Ok(found) => found,
        Err(failure) => return Check::failed(name, &failure),
    };
    let Some(found) = found.filter(|found| found.lock.state == LockState::Held) else {
        return Check::ok(name, "nobody holds it");
    };
    let holder = &found.lock.holder;
    let who = format!("{}@{} (pid {}) holds it: {}", holder.user, holder.host, holder.pid, holder.command);
    match found.age {
        Some(age) if found.is_live() => Check::ok(name, format!("{who}; renewed {} s ago", age.as_secs())),
        Some(age) => Check::new(name, Status::Warn, format!("{who}; it was not renewed for {} s", age.as_secs()))
            .fix(format!(
                "see that this run is dead on {}, and what it left: `scaler status`; `scaler state unlock` frees the lock",
                holder.host
            )),
        None => Check::ok(name, who),
    }
}

/// A lock and a record are safe only in a store that honours conditions: tried on an object of its own.
async fn writes(store: &dyn Store, clock: &dyn Clock) -> Check {
    let key = format!("doctor/{:016x}", clock.random());
    let tried = try_writes(store, &key).await;
    // What is left behind harms nobody, and the next check has a name of its own.
    let removed = store.delete(&key).await;
    match tried.and(removed) {
        Ok(()) => Check::ok("store", format!("{} can be read and written, and keeps conditions", store.url())),
        Err(failure) => Check::failed("store", &failure),
    }
}

async fn try_writes(store: &dyn Store, key: &str) -> Result<()> {
    let put = |text: &'static str, condition: Condition| store.put(key, Bytes::from_static(text.as_bytes()), condition);
    let broken = |what: &str| {
        Failure::failed(format!("the store {} does not keep conditions: {what}", store.url()))
            .because("two runs could change the cluster at once")
            .hint("use a store that honours If-None-Match and If-Match, such as S3 itself")
    };
    let first = match put("1", Condition::Absent).await? {
        Put::Written(version) => version,
        Put::Conflict => return Err(broken("it says that an object is there which is not")),
    };
    if put("2", Condition::Absent).await? != Put::Conflict {
        return Err(broken("it made an object that was there already"));
    }
    let Put::Written(_) = put("3", Condition::Is(first.clone())).await? else {
        return Err(broken("it refused a write whose condition held"));
    };
    let stale: Version = first;
    if put("4", Condition::Is(stale)).await? != Put::Conflict {
        return Err(broken("it replaced an object that had changed"));
    }
    match store.get(key).await? {
        Some(object) if object.bytes == "3" => Ok(()),
        _ => Err(broken("it does not give back what was written last")),
    }
}
