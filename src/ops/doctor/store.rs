//! The store: whether it can be reached and keeps its promises, and what lies in it.

use super::Found;
use super::check::{Check, Status};
use crate::model::lock::LockState;
use crate::ops::ports::probe::BucketProbe;
use crate::ops::ports::{Clock, Store};
use crate::ops::proof::Leftover;
use crate::ops::{lock, proof};

pub(super) async fn checks(
    store: &dyn Store,
    clock: &dyn Clock,
    bucket: Option<&dyn BucketProbe>,
    record: &Found,
    write_probe: bool,
) -> Vec<Check> {
    let care = async {
        match bucket {
            Some(bucket) => bucket.care().await,
            None => Vec::new(),
        }
    };
    let (conditions, lock, care) = futures::join!(conditions(store, clock, write_probe), check_lock(store), care);
    let mut checks = vec![conditions, check_record(store, record), lock];
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

/// A lock and a record are safe only in a store that honours conditions. To find out takes writes, which are asked for.
async fn conditions(store: &dyn Store, clock: &dyn Clock, write_probe: bool) -> Check {
    let name = "store";
    if write_probe {
        return match proof::attempt(store, clock).await {
            Ok(Leftover::Nothing) => {
                Check::ok(name, format!("{} can be read and written, and keeps conditions", store.url()))
            }
            Ok(Leftover::Object(why)) => Check::new(
                name,
                Status::Warn,
                format!("{} keeps conditions; nothing can be deleted: {why}", store.url()),
            )
            .fix("allow the deletion of objects under `probe/`, or live with what is left there"),
            Err(failure) => Check::failed(name, &failure),
        };
    }
    match proof::is_proven(store).await {
        Ok(true) => Check::ok(name, format!("{} can be read, and was seen to keep conditions", store.url())),
        Ok(false) => Check::skipped(
            name,
            format!(
                "{} can be read; whether it keeps conditions is tried by `scaler doctor --write-probe`, and by an operation before its first write",
                store.url()
            ),
        ),
        Err(failure) => Check::failed(name, &failure),
    }
}
