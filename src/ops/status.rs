//! The cluster at a glance.

use std::collections::BTreeMap;

use serde::Serialize;

use super::observe::{self, Observed};
use super::ports::Ports;
use super::task::Task;
use super::{journal, lock};
use crate::model::census::Finding;
use crate::model::failure::{Failure, Result};
use crate::model::journal::Status;
use crate::model::lock::Lock;
use crate::model::machine::MachineState;
use crate::model::names::NodeName;
use crate::model::record::{NodeRecord, PoolRecord, Record};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub format: u32,
    pub cluster: String,
    pub provider: String,
    pub store: String,
    pub account: String,
    pub region: String,
    /// The value of its machines' tag `scaler:cluster-id`. None: the cluster was never applied.
    pub cluster_id: Option<String>,
    /// None: the cluster was never applied.
    pub generation: Option<u64>,
    pub control_plane: Vec<NodeLine>,
    pub pools: BTreeMap<String, PoolLines>,
    /// Why the cluster's API says nothing, where it does.
    pub unreachable: Option<String>,
    /// What does not fit together.
    pub findings: Vec<Finding>,
    /// Who is at work, as far as the lock tells.
    pub lock: Option<Lock>,
    pub unfinished: Option<Unfinished>,
}

#[derive(Debug, Serialize)]
pub struct Unfinished {
    pub operation: String,
    pub told: String,
    /// What the next command that changes the cluster does about each part of it first, as `scaler resume` does.
    pub next: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolLines {
    pub size: u32,
    /// None where the cluster file no longer has the pool.
    pub min: Option<u32>,
    pub max: Option<u32>,
    pub nodes: Vec<NodeLine>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeLine {
    pub name: NodeName,
    pub machine_id: Option<String>,
    /// As the cloud says; None if its listing has no such machine.
    pub machine: Option<MachineState>,
    pub machine_type: String,
    pub zone: String,
    pub node: NodeState,
    /// Pods on it, finished ones too.
    pub pods: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeState {
    Ready,
    Cordoned,
    NotReady,
    NotJoined,
    /// The cluster's API could not be asked.
    Unknown,
}

impl NodeState {
    pub fn told(self) -> &'static str {
        match self {
            NodeState::Ready => "Ready",
            NodeState::Cordoned => "Ready, cordoned",
            NodeState::NotReady => "not Ready",
            NodeState::NotJoined => "not joined",
            NodeState::Unknown => "unknown",
        }
    }
}

/// What cannot be read may be what that operation left, such as half of a state.
fn and_unfinished(mut failure: Failure, status: &Status) -> Failure {
    let left = lock::unfinished(status);
    failure.causes.push(left.to_string());
    failure.hints.extend(left.hints);
    failure
}

pub async fn status(ports: &Ports, task: &Task) -> Result<Report> {
    let unfinished = journal::unfinished(ports.store.as_ref()).await?;
    let observed = observe::observe(ports, task).await.map_err(|failure| match &unfinished {
        Some(status) => and_unfinished(failure, status),
        None => failure,
    })?;
    // One that ran out is nobody at work; the unfinished operation tells of it.
    let lock = lock::look(ports.store.as_ref()).await?.filter(lock::Found::is_live).map(|found| found.lock);
    let record = observed.record();
    Ok(Report {
        format: 1,
        cluster: task.file.name.clone(),
        provider: task.file.provider.to_string(),
        store: ports.store.url(),
        account: observed.place.account.clone(),
        region: observed.place.region.clone(),
        cluster_id: record.map(|record| record.cluster_id.clone()),
        generation: record.map(|record| record.generation),
        control_plane: record.map(|record| lines(&observed, &record.control_plane.nodes)).unwrap_or_default(),
        pools: record.map(|record| pools(task, &observed, record)).unwrap_or_default(),
        unreachable: observed.cluster.as_ref().err().map(ToString::to_string),
        findings: observed.census.findings().to_vec(),
        lock,
        unfinished: unfinished.map(|status| Unfinished {
            operation: status.operation().to_string(),
            told: status.told(),
            next: status.settling().iter().map(ToString::to_string).collect(),
        }),
    })
}

fn pools(task: &Task, observed: &Observed, record: &Record) -> BTreeMap<String, PoolLines> {
    let line = |name: &String, pool: &PoolRecord| {
        let size = task.file.pool(name).map(|pool| pool.size);
        PoolLines {
            size: pool.nodes.len() as u32,
            min: size.map(|size| size.min()),
            max: size.map(|size| size.max()),
            nodes: lines(observed, &pool.nodes),
        }
    };
    record.pools.iter().map(|(name, pool)| (name.clone(), line(name, pool))).collect()
}

fn lines(observed: &Observed, nodes: &BTreeMap<NodeName, NodeRecord>) -> Vec<NodeLine> {
    let line = |(name, node): (&NodeName, &NodeRecord)| {
        let machine = observed.machines.iter().find(|machine| Some(&machine.id) == node.machine_id.as_ref());
        let (state, pods) = match &observed.cluster {
            Err(_) => (NodeState::Unknown, None),
            Ok(view) => match view.nodes.iter().find(|node| node.name == name.as_str()) {
                None => (NodeState::NotJoined, None),
                Some(found) => {
                    let state = match (found.ready, found.unschedulable) {
                        (false, _) => NodeState::NotReady,
                        (true, true) => NodeState::Cordoned,
                        (true, false) => NodeState::Ready,
                    };
                    let pods = view.pods.iter().filter(|pod| pod.node.as_deref() == Some(name.as_str())).count();
                    (state, Some(pods))
                }
            },
        };
        NodeLine {
            name: name.clone(),
            machine_id: node.machine_id.clone(),
            machine: machine.map(|machine| machine.state),
            machine_type: node.machine.clone(),
            zone: node.zone.clone(),
            node: state,
            pods,
        }
    };
    nodes.iter().map(line).collect()
}
