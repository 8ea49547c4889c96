//! `drain`.

use std::time::Duration;

use crate::model::file::read::{Flag, Kind, choice, object, text, whole, wrong};
use crate::model::file::rules::durations::{duration, written};
use crate::model::file::types::{DrainSpec, JobsRule};

/// kops waits as long for one node's drain.
const TIMEOUT: &str = "15m";
const TOTAL_TIMEOUT: &str = "1h";
const PARALLEL: &str = "5";

/// Beyond this, evictions wait for budgets anyway.
const MOST_PARALLEL: u32 = 500;

const JOBS: &[(&str, JobsRule)] = &[("wait", JobsRule::Wait), ("evict", JobsRule::Evict)];

pub fn drain() -> impl Kind<Out = DrainSpec> {
    object("{ timeout: 15m, totalTimeout: 1h }", |fields| {
        let doc = "How long one node's drain may take, counted from its first eviction.";
        let timeout = fields.defaulted("timeout", doc, &time("15m"), TIMEOUT);
        let doc = "How long all drains of one operation may take.";
        let total = fields.defaulted("totalTimeout", doc, &time("1h"), TOTAL_TIMEOUT);
        if let (Some(timeout), Some(total)) = (timeout, total)
            && timeout > total
        {
            let (name, label) = match fields.has("timeout") {
                true => ("timeout", format!("`totalTimeout` is {}", written(total))),
                false => ("totalTimeout", format!("`timeout` is {}", written(timeout))),
            };
            let must = if name == "timeout" { "must be at most `totalTimeout`" } else { "must be at least `timeout`" };
            fields.wrong(
                name,
                must,
                wrong(label, format!("add `totalTimeout: {}`, or make `timeout` shorter", written(timeout * 2))),
            );
        }
        let parallel =
            fields.defaulted("parallel", "How many nodes drain at once.", &whole(1..=MOST_PARALLEL), PARALLEL);
        let doc = "What happens to running Jobs: they are waited for, or evicted as other pods are.";
        let jobs = fields.defaulted("jobs", doc, &choice(JOBS), "wait");
        let doc = "Evict pods with emptyDir volumes too; what is in these is lost.";
        let empty_dir = fields.defaulted("deleteEmptyDirData", doc, &Flag, "false");
        let doc = "Evict pods too that no controller will make again; they are lost.";
        let unmanaged = fields.defaulted("evictUnmanaged", doc, &Flag, "false");
        Some(DrainSpec {
            timeout: timeout?,
            total_timeout: total?,
            parallel: parallel?,
            jobs: jobs?,
            delete_empty_dir_data: empty_dir?,
            evict_unmanaged: unmanaged?,
        })
    })
}

fn time(example: &'static str) -> impl Kind<Out = Duration> {
    text("a duration", example, duration).pattern(r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$")
}

pub fn default_drain() -> Option<DrainSpec> {
    Some(DrainSpec {
        timeout: duration(TIMEOUT).ok()?,
        total_timeout: duration(TOTAL_TIMEOUT).ok()?,
        parallel: PARALLEL.parse().ok()?,
        jobs: JobsRule::Wait,
        delete_empty_dir_data: false,
        evict_unmanaged: false,
    })
}
