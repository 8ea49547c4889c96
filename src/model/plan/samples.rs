//! A plan with some of everything, for tests; each test changes what it is about.

use std::collections::BTreeMap;

use super::{Base, FoundationChange, Labelling, PLAN_FORMAT, Plan, PoolChange, Removal, Request, Way};
use crate::model::file::{Capacity, Disk, Taint};
use crate::model::names::{NodeName, OperationId, StackId};
use crate::model::provider::Provider;
use crate::model::record::{NodeRecord, Source, StackSerial};

pub(crate) fn node(zone: &str) -> NodeRecord {
    NodeRecord {
        zone: zone.into(),
        image: "ami-0a1b".into(),
        machine: "t3.large".into(),
        disk: Disk { size_gib: 64, kind: "gp3".into() },
        capacity: Capacity::OnDemand,
        subnet: None,
        public_address: false,
        key_name: None,
        user_data: String::new(),
        operation: OperationId::from_text("planned"),
        machine_id: None,
        adopted: false,
        addresses: None,
        host_keys: Vec::new(),
        join: None,
        joined: false,
    }
}

fn removal(name: &str, way: Way, reason: &str) -> Removal {
    Removal {
        node: NodeName::from_text(name),
        machine_id: Some(format!("i-{name}")),
        node_uid: Some(format!("uid-{name}")),
        way,
        reason: reason.into(),
    }
}

/// Of a node of pool `workers` that stays.
pub(crate) fn labelling() -> Labelling {
    let taint = |effect: &str| Taint { key: "dedicated".into(), value: Some("web".into()), effect: effect.into() };
    Labelling {
        node: NodeName::from_text("demo-workers-1"),
        pool: "workers".into(),
        node_uid: "uid-demo-workers-1".into(),
        set: BTreeMap::from([("tier".into(), "db".into())]),
        remove: BTreeMap::from([("old".into(), "x".into())]),
        taint: vec![taint("NoSchedule")],
        untaint: vec![taint("NoExecute")],
    }
}

/// Pool `workers`: one vanished, one comes. Pool `ops`, which the file no longer has: two go, in this order.
pub(crate) fn plan() -> Plan {
    let stacks = [StackId::Foundation, StackId::Pool("workers".into()), StackId::Pool("ops".into())];
    let serials = stacks.into_iter().map(|stack| (stack, StackSerial { lineage: "l".into(), serial: 4 })).collect();
    let workers = PoolChange {
        pool: "workers".into(),
        before: 3,
        after: 3,
        additions: BTreeMap::from([(NodeName::from_text("demo-workers-4"), node("eu-west-1b"))]),
        removals: vec![removal("demo-workers-2", Way::Gone, "its machine is gone from the cloud")],
        tags: true,
        retired: false,
    };
    let ops = PoolChange {
        pool: "ops".into(),
        before: 2,
        after: 0,
        additions: BTreeMap::new(),
        removals: vec![
            removal("demo-ops-2", Way::NeverJoined, "the pool goes"),
            removal("demo-ops-1", Way::Drained, "the pool goes"),
        ],
        tags: false,
        retired: true,
    };
    Plan {
        format: PLAN_FORMAT,
        cluster: "demo".into(),
        cluster_id: "c1".into(),
        provider: Provider::Aws,
        request: Request::Apply { accept_lost: Vec::new() },
        base: Base { generation: Some(7), serials },
        source: Source { cluster_file: String::new(), sets: Vec::new(), files: BTreeMap::new() },
        stores: true,
        foundation: FoundationChange::Keep,
        pools: vec![workers, ops],
        provision: Vec::new(),
        labels: Vec::new(),
        notes: vec!["pools.workers.machine applies to new nodes only".into()],
    }
}
