use serde::Serialize;

use super::hold::Why;
use crate::model::file::{DrainSpec, JobsRule};
use crate::model::kubernetes::Pod;

/// What a drain does with one pod of a victim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It goes down with the node, and the node counts as empty with it.
    Stays(Stays),
    /// Its deletion began already; it is waited for.
    Going,
    /// A Job's pod that works; it is waited for.
    Finishes,
    /// It is evicted.
    Evicted,
    /// It may not be evicted, and is in the way.
    Held(Why),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stays {
    /// The kubelet's own, from a file on the machine.
    Mirror,
    DaemonSet,
    Finished,
}

/// The first rule that fits decides, in the order of `kubectl drain`'s filters, but that what goes down with the node
/// comes first, and that nothing is asked of a pod that is leaving anyway.
pub fn fate(pod: &Pod, rules: &DrainSpec) -> Fate {
    if pod.mirror {
        Fate::Stays(Stays::Mirror)
    } else if pod.owned_by("DaemonSet") {
        Fate::Stays(Stays::DaemonSet)
    } else if pod.finished() {
        Fate::Stays(Stays::Finished)
    } else if pod.deleted.is_some() {
        Fate::Going
    } else if pod.owned_by("Job") && rules.jobs == JobsRule::Wait {
        Fate::Finishes
    } else if pod.owner.is_none() && !rules.evict_unmanaged {
        Fate::Held(Why::Unmanaged)
    } else if pod.empty_dir && !rules.delete_empty_dir_data {
        Fate::Held(Why::EmptyDir)
    } else {
        Fate::Evicted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::drain::samples::{owned, pod, rules};
    use crate::model::kubernetes::PodPhase;

    #[test]
    fn every_sort_of_pod_has_its_fate() {
        let bare = || Pod { owner: None, ..pod("bare") };
        let emptied = || Pod { empty_dir: true, ..pod("scratch") };
        let going = Some("2026-01-02T03:04:05Z".parse().unwrap());
        let strict = rules();
        let lenient =
            DrainSpec { jobs: JobsRule::Evict, delete_empty_dir_data: true, evict_unmanaged: true, ..rules() };
        let table = [
            ("web", pod("web"), Fate::Evicted, Fate::Evicted),
            ("set", owned("db-0", "StatefulSet"), Fate::Evicted, Fate::Evicted),
            ("custom", owned("flow", "Workflow"), Fate::Evicted, Fate::Evicted),
            ("mirror", Pod { mirror: true, ..bare() }, Fate::Stays(Stays::Mirror), Fate::Stays(Stays::Mirror)),
            (
                "daemon",
                Pod { empty_dir: true, ..owned("proxy", "DaemonSet") },
                Fate::Stays(Stays::DaemonSet),
                Fate::Stays(Stays::DaemonSet),
            ),
            (
                "done",
                Pod { phase: PodPhase::Succeeded, ..owned("backup", "Job") },
                Fate::Stays(Stays::Finished),
                Fate::Stays(Stays::Finished),
            ),
            (
                "failed bare",
                Pod { phase: PodPhase::Failed, empty_dir: true, ..bare() },
                Fate::Stays(Stays::Finished),
                Fate::Stays(Stays::Finished),
            ),
            ("job", owned("backup", "Job"), Fate::Finishes, Fate::Evicted),
            ("job's scratch", Pod { empty_dir: true, ..owned("b", "Job") }, Fate::Finishes, Fate::Evicted),
            ("bare", bare(), Fate::Held(Why::Unmanaged), Fate::Evicted),
            ("scratch", emptied(), Fate::Held(Why::EmptyDir), Fate::Evicted),
            ("going", Pod { deleted: going, ..emptied() }, Fate::Going, Fate::Going),
            ("going bare", Pod { deleted: going, ..bare() }, Fate::Going, Fate::Going),
        ];
        for (what, pod, under_strict, under_lenient) in table {
            assert_eq!(fate(&pod, &strict), under_strict, "{what}, strict");
            assert_eq!(fate(&pod, &lenient), under_lenient, "{what}, lenient");
        }
    }
}
