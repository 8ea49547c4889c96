//! Plain values for tests; each test changes what it is about.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::file::{DrainSpec, JobsRule};
use crate::model::kubernetes::{Budget, Node, Owner, Pod, PodPhase, Resources, Selector};
use crate::model::names::OperationId;

/// The defaults of the cluster file.
pub(crate) fn rules() -> DrainSpec {
    DrainSpec {
        timeout: Duration::from_secs(15 * 60),
        total_timeout: Duration::from_secs(60 * 60),
        parallel: 5,
        jobs: JobsRule::Wait,
        delete_empty_dir_data: false,
        evict_unmanaged: false,
    }
}

pub(crate) fn operation() -> OperationId {
    OperationId::from_text("op-1")
}

/// A Ready node with 4 CPUs and 8 GiB.
pub(crate) fn node(name: &str) -> Node {
    Node {
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        resource_version: "1".to_owned(),
        provider_id: None,
        addresses: Vec::new(),
        unschedulable: false,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        taints: Vec::new(),
        ready: true,
        last_heartbeat: None,
        created: None,
        allocatable: Resources { cpu_millis: 4000, memory_bytes: 8 << 30, pods: 110 },
        changes: Vec::new(),
    }
}

/// A Ready pod of a ReplicaSet, with the label `app: web`, on no node yet.
pub(crate) fn pod(name: &str) -> Pod {
    Pod {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        node: None,
        labels: BTreeMap::from([("app".to_owned(), "web".to_owned())]),
        phase: PodPhase::Running,
        ready: true,
        deleted: None,
        owner: Some(Owner { kind: "ReplicaSet".to_owned(), name: "web".to_owned(), uid: "uid-rs".to_owned() }),
        mirror: false,
        empty_dir: false,
        requests: Resources { cpu_millis: 100, memory_bytes: 64 << 20, pods: 1 },
        node_selector: BTreeMap::new(),
        required_affinity: None,
        tolerations: Vec::new(),
        claims: Vec::new(),
        grace_seconds: 30,
    }
}

pub(crate) fn on(node: &str, pod: Pod) -> Pod {
    Pod { node: Some(node.to_owned()), ..pod }
}

pub(crate) fn owned(name: &str, kind: &str) -> Pod {
    let owner = Owner { kind: kind.to_owned(), name: "owner".to_owned(), uid: format!("uid-{kind}") };
    Pod { owner: Some(owner), ..pod(name) }
}

/// A budget over `app: web` of which one of two pods may go.
pub(crate) fn budget(name: &str) -> Budget {
    Budget {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        selector: Selector {
            present: true,
            match_labels: BTreeMap::from([("app".to_owned(), "web".to_owned())]),
            expressions: Vec::new(),
        },
        min_available: Some("1".to_owned()),
        max_unavailable: None,
        evicts_unhealthy: false,
        generation: 1,
        observed_generation: 1,
        disruptions_allowed: 1,
        current_healthy: 2,
        desired_healthy: 1,
        expected_pods: 2,
        sync_failure: None,
    }
}
