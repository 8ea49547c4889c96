//! Whose login it is, whether it is the cluster's, and what it may do.

use super::check::{Check, Status};
use crate::model::record::Record;
use crate::ops::place;
use crate::ops::ports::Cloud;
use crate::ops::ports::probe::CloudProbe;

pub(super) async fn checks(cloud: &dyn Cloud, probe: Option<&dyn CloudProbe>, record: Option<&Record>) -> Vec<Check> {
    let place = match cloud.place().await {
        Ok(place) => place,
        Err(failure) => {
            let mut checks = vec![Check::failed("login", &failure)];
            checks.extend(probe.map(|_| Check::skipped("rights", "there is no login to try them with")));
            return checks;
        }
    };
    if let Some(Err(failure)) = record.map(|record| place::check(record, &place)) {
        return vec![Check::failed("login", &failure)];
    }
    let detail = format!("account {}, region {}", place.account, place.region);
    let mut checks = vec![Check::ok("login", detail)];
    if let Some(probe) = probe {
        let example = record.and_then(example);
        let rights = probe.rights(example).await;
        checks.extend(rights.into_iter().map(|right| Check::probed("right", right, Status::Fail)));
    }
    checks
}

/// Any worker's machine.
fn example(record: &Record) -> Option<&str> {
    record.pools.values().flat_map(|pool| pool.nodes.values()).find_map(|node| node.machine_id.as_deref())
}
