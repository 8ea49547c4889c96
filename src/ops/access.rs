//! The cluster's access for people, fetched from a control plane over SSH.

use super::endpoint::Endpoint;
use super::interrupts::Interrupts;
use super::ports::Ports;
use super::ports::provisioner::{Play, Secrets};
use super::task::Task;
use super::{place, record, stacks};
use crate::model::failure::{Failure, Result};
use crate::model::kubeconfig::Kubeconfig;
use crate::model::names::NodeName;
use crate::model::record::{Addresses, Record};
use crate::render::RunFacts;

/// The access to the recorded cluster. Changes nothing.
pub async fn fetch(ports: &Ports, task: &Task, interrupts: &Interrupts) -> Result<Kubeconfig> {
    let Some((mut record, _)) = record::load(ports.store.as_ref()).await? else {
        return Err(
            Failure::failed(format!("there is no cluster `{}` yet", task.file.name)).hint("`scaler apply` makes it")
        );
    };
    place::check(&record, &ports.cloud.place().await?)?;
    of(ports, task, &mut record, interrupts).await
}

/// Asks one control plane of this record after another until one gives it out.
pub async fn of(ports: &Ports, task: &Task, record: &mut Record, interrupts: &Interrupts) -> Result<Kubeconfig> {
    ports.provisioner.check().await?;
    let foundation = stacks::foundation(ports).await?;
    let addressed = addressed(ports, record).await?;
    if addressed.is_empty() {
        return Err(Failure::failed("the record has no control plane that could be asked for the cluster's access")
            .hint("if an operation was cut off (scaler status), scaler resume writes down what it made"));
    }
    let endpoint = Endpoint::of(&foundation, &task.file, &record.control_plane.nodes)?;
    let mut failures = Vec::new();
    for node in addressed {
        match from(ports, task, record, &node, &endpoint, interrupts).await {
            Ok(access) => return Ok(access),
            Err(failure) => failures.push(failure),
        }
        interrupts.check()?;
    }
    let failure = Failure::failed("no control plane gave out the cluster's access");
    Err(failures.into_iter().fold(failure, Failure::because))
}

/// The control planes that the cloud knows an address of; the record has it from now on.
async fn addressed(ports: &Ports, record: &mut Record) -> Result<Vec<NodeName>> {
    let machines = ports.cloud.machines(&record.cluster_id).await?;
    for node in record.control_plane.nodes.values_mut() {
        let machine = machines.iter().find(|machine| Some(&machine.id) == node.machine_id.as_ref());
        node.addresses = machine.and_then(Addresses::of);
    }
    let known = record.control_plane.nodes.iter().filter(|(_, node)| node.addresses.is_some());
    Ok(known.map(|(name, _)| name.clone()).collect())
}

async fn from(
    ports: &Ports,
    task: &Task,
    record: &Record,
    node: &NodeName,
    endpoint: &Endpoint,
    interrupts: &Interrupts,
) -> Result<Kubeconfig> {
    let nodes = &endpoint.for_nodes();
    let run = RunFacts { endpoint: nodes, ..RunFacts::default() };
    let play = Play::on(vec![node.clone()], &task.file, record, run);
    let play = Play { tags: vec!["access".into()], fetches_access: true, ..play };
    let played = ports.provisioner.play(&play, None, interrupts).await?;
    if let Some(failure) = played.hosts.get(node).and_then(|end| end.failure.as_ref()) {
        return Err(Failure::failed(format!("{node}: {}", failure.told())));
    }
    if let Some(broken) = played.broken {
        return Err(broken.context(format!("{node} was not asked")));
    }
    let Some(Secrets(access)) = played.access else {
        return Err(Failure::failed(format!("{node} gave out nothing")).because("it has no /etc/kubernetes/admin.conf"));
    };
    Kubeconfig::of_kubeadm(&access, &task.file.name, &endpoint.for_people())
}
