//! What is there: the record, the states, the cloud's machines, and the cluster. Nothing is changed.

use std::collections::BTreeMap;

use super::ports::{Ports, Version};
use super::task::Task;
use super::{gone, place, record, stacks};
use crate::model::census::{self, Census};
use crate::model::failure::{Failure, Result};
use crate::model::file::{self, ClusterFile, Set};
use crate::model::kubernetes::{Attachment, Budget, Node, Pod};
use crate::model::machine::{Machine, Place};
use crate::model::names::StackId;
use crate::model::provider::Provider;
use crate::model::record::{Record, StackSerial};
use crate::model::state::State;

/// One look at everything.
pub struct Observed {
    pub place: Place,
    /// The record, and the version it was read at.
    pub record: Option<(Record, Version)>,
    /// The cluster file that was applied last.
    pub previous: Option<ClusterFile>,
    pub states: BTreeMap<StackId, State>,
    pub machines: Vec<Machine>,
    /// What the cluster's API says, or why it says nothing.
    pub cluster: Result<View>,
    /// How all of these fit together.
    pub census: Census,
}

/// What the cluster's API says.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub identity: String,
    pub nodes: Vec<Node>,
    pub pods: Vec<Pod>,
    pub budgets: Vec<Budget>,
    pub attachments: Vec<Attachment>,
}

impl Observed {
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref().map(|(record, _)| record)
    }

    pub fn serials(&self) -> BTreeMap<StackId, StackSerial> {
        self.states.iter().map(|(stack, state)| (stack.clone(), state.serial.clone())).collect()
    }
}

/// Looks. A login for another account, and a kubeconfig of another cluster, are refused.
pub async fn observe(ports: &Ports, task: &Task) -> Result<Observed> {
    let place = ports.cloud.place().await?;
    let record = record::load(ports.store.as_ref()).await?;
    let known = record.as_ref().map(|(record, _)| record);
    check(task, known, &place)?;
    let previous = known.map(previous).transpose()?;
    let (machines, states) = match known {
        Some(record) => (ports.cloud.machines(&record.cluster_id).await?, stacks::states(ports, record).await?),
        None => (Vec::new(), BTreeMap::new()),
    };
    let cluster = view(ports, known).await;
    // Another cluster is no cluster that cannot be reached: going on would look at the wrong nodes.
    if let (Ok(view), Some(uid)) = (&cluster, known.and_then(|record| record.kube_system_uid.as_ref()))
        && view.identity != *uid
    {
        return Err(Failure::refused(format!("the kubeconfig leads to another cluster than `{}`", task.file.name))
            .because(format!("its namespace kube-system has the UID {}, and the record says {uid}", view.identity))
            .hint("nothing was changed; name the right one with --kubeconfig, or in the cluster file's `access`"));
    }
    let mut census = census::take(&census::Sources {
        provider: task.file.provider,
        record: known,
        machines: &machines,
        states: &machine_ids(task.file.provider, &states),
        nodes: cluster.as_ref().map(|view| view.nodes.as_slice()).map_err(ToString::to_string),
        at: ports.clock.now(),
    });
    if let Some(record) = known {
        gone::settle(ports, record, &mut census).await?;
    }
    Ok(Observed { place, record, previous, states, machines, cluster, census })
}

fn machine_ids(
    provider: Provider,
    states: &BTreeMap<StackId, State>,
) -> BTreeMap<StackId, BTreeMap<crate::model::names::NodeName, String>> {
    states.iter().map(|(stack, state)| (stack.clone(), stacks::machine_ids(provider, state))).collect()
}

fn check(task: &Task, record: Option<&Record>, place: &Place) -> Result<()> {
    let Some(record) = record else { return Ok(()) };
    if record.destroyed {
        return Err(Failure::refused(format!("cluster `{}` was destroyed", record.name))
            .because("its record stays in the store as history")
            .hint("give a new cluster another place in its `store`"));
    }
    if record.name != task.file.name || record.provider != task.file.provider {
        return Err(Failure::refused(format!("this store holds cluster `{}` on {}", record.name, record.provider))
            .because(format!("the cluster file is for `{}` on {}", task.file.name, task.file.provider))
            .hint(
                "each cluster needs a store of its own: change `store` in the cluster file, its `prefix` for example",
            ));
    }
    place::check(record, place)
}

/// The cluster file of the record. This `scaler` or an older one found it valid when it was applied.
pub fn previous(record: &Record) -> Result<ClusterFile> {
    let source = &record.source;
    let sets: Vec<Set> = source.sets.iter().map(Set::new).collect();
    file::parse("the stored cluster file", &source.cluster_file, &sets)
        .map_err(|problems| Failure::failed("the cluster file in the record is not valid any more").because(problems))
}

async fn view(ports: &Ports, record: Option<&Record>) -> Result<View> {
    let kubernetes = ports.kubernetes.clone()?;
    let identity = kubernetes.identity().await?;
    // The lists of a foreign cluster are of no use.
    if record.and_then(|record| record.kube_system_uid.as_ref()).is_some_and(|uid| *uid != identity) {
        return Ok(View { identity, nodes: vec![], pods: vec![], budgets: vec![], attachments: vec![] });
    }
    let (nodes, pods, budgets, attachments) =
        tokio::try_join!(kubernetes.nodes(), kubernetes.pods(), kubernetes.budgets(), kubernetes.attachments())?;
    // A proxy that was started again in between may lead elsewhere.
    if kubernetes.identity().await? != identity {
        return Err(Failure::failed("the kubeconfig began to lead to another cluster while this one was looked at"));
    }
    Ok(View { identity, nodes: nodes.items, pods: pods.items, budgets, attachments })
}
