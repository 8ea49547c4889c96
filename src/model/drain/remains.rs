use jiff::{SignedDuration, Timestamp};

use super::cordon::cordon_broken;
use super::fate::{Fate, fate};
use super::hold::{Hold, Why};
use crate::model::file::DrainSpec;
use crate::model::kubernetes::{Node, Pod};
use crate::model::names::OperationId;

/// A pod that is this much past its grace period does not end by itself. The machines' clocks may differ by as much, too.
const OVERDUE: SignedDuration = SignedDuration::from_secs(30);

/// Why a victim is no longer the node that this operation cordoned, if so.
pub fn node_hold(node: Option<&Node>, uid: &str, operation: &OperationId) -> Option<Why> {
    match node {
        None => Some(Why::NodeGone),
        Some(node) if node.uid != uid => Some(Why::NodeReplaced { uid: node.uid.clone() }),
        Some(node) => cordon_broken(node, operation),
    }
}

/// What keeps a node from being empty: pods that do not go down with it, and `volumes`, those that are attached to it and
/// belong to no pod that stays. Nothing here means empty, as far as one look can tell. `at` is the wall clock, for the text.
pub fn remains(pods: &[Pod], volumes: &[String], rules: &DrainSpec, at: Timestamp) -> Vec<Hold> {
    let pods = pods.iter().filter_map(|pod| Some(Hold::pod(pod, pod_hold(pod, rules, at)?)));
    let volumes = volumes.iter().map(|volume| Hold::node(Why::VolumeAttached { volume: volume.clone() }));
    pods.chain(volumes).collect()
}

fn pod_hold(pod: &Pod, rules: &DrainSpec, at: Timestamp) -> Option<Why> {
    Some(match fate(pod, rules) {
        Fate::Stays(_) => return None,
        Fate::Going => going(pod, at),
        Fate::Finishes => Why::JobRuns { owner: pod.owner_title().unwrap_or_default() },
        Fate::Held(why) => why,
        Fate::Evicted => Why::StillThere,
    })
}

pub(super) fn going(pod: &Pod, at: Timestamp) -> Why {
    let overdue = pod.deleted.is_some_and(|due| at.duration_since(due) > OVERDUE);
    Why::Terminating { overdue }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::drain::samples::{node, operation, owned, pod, rules};

    #[test]
    fn what_goes_down_with_the_node_does_not_hold_it() {
        let at = Timestamp::UNIX_EPOCH;
        let mirror = Pod { mirror: true, ..pod("static") };
        let daemon = Pod { deleted: Some(at), ..owned("proxy", "DaemonSet") };
        assert_eq!(remains(&[mirror, daemon], &[], &rules(), at), []);
        let holds = remains(&[pod("web")], &["pv-1".to_owned()], &rules(), at);
        let texts: Vec<String> = holds.iter().map(Hold::to_string).collect();
        assert_eq!(texts, ["shop/web is still on the node", "volume pv-1 of a pod that left is still attached"]);
    }

    #[test]
    fn a_pod_is_overdue_half_a_minute_after_its_grace() {
        let due = Timestamp::UNIX_EPOCH;
        let leaving = Pod { deleted: Some(due), ..pod("web") };
        let after = |seconds| going(&leaving, due + SignedDuration::from_secs(seconds));
        assert_eq!(after(-10), Why::Terminating { overdue: false });
        assert_eq!(after(30), Why::Terminating { overdue: false });
        assert_eq!(after(31), Why::Terminating { overdue: true });
    }

    #[test]
    fn a_node_of_another_birth_is_another_node() {
        assert_eq!(node_hold(None, "uid-n", &operation()), Some(Why::NodeGone));
        assert!(matches!(node_hold(Some(&node("n")), "uid-old", &operation()), Some(Why::NodeReplaced { .. })));
        assert!(matches!(node_hold(Some(&node("n")), "uid-n", &operation()), Some(Why::Uncordoned { .. })));
    }
}
