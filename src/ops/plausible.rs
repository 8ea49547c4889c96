//! Whether what the cloud lists can be true of this cluster. Asked before anything is decided; changes nothing.

use super::observe::Observed;
use super::ports::{Cloud, Ports};
use super::task::Task;
use crate::model::census::Finding;
use crate::model::failure::{Failure, Result};
use crate::model::machine::{Machine, MachineState, Sighting};
use crate::model::plan::Request;
use crate::model::record::Record;

/// Refuses (exit 5) a first apply where another cluster of the same name stands, any other change of a cluster that has
/// no record, and every change while the cloud lists no machine at all of a cluster that has some.
pub async fn check(ports: &Ports, task: &Task, request: &Request, observed: &Observed) -> Result<()> {
    let Some(record) = observed.record() else {
        return match request {
            Request::Apply { .. } => name_is_free(ports.cloud.as_ref(), &task.file.name).await,
            Request::Scale { .. } | Request::Provision { .. } | Request::Rollback { .. } | Request::Destroy => {
                Err(no_record(&task.file.name, &ports.store.url()))
            }
        };
    };
    if !observed.census.findings().iter().any(|finding| matches!(finding, Finding::EmptyInventory { .. })) {
        return Ok(());
    }
    match request {
        Request::Destroy => really_empty(ports.cloud.as_ref(), record).await,
        _ => Err(empty(record)
            .because("a list without a single machine is more likely a wrong answer than a true one; nothing is taken for gone")
            .hint("nothing was changed; check the login's rights, and the tag `scaler:cluster-id` of the machines")
            .hint("if they are all gone, `scaler destroy` cleans up")),
    }
}

fn no_record(name: &str, store: &str) -> Failure {
    Failure::refused(format!("there is no cluster `{name}` yet"))
        .because(format!("{store} holds no record of it"))
        .hint("if it was made before: its record is in another place; correct `store` in the cluster file")
        .hint("if it was not: `scaler apply` makes it")
}

/// The usual reason is a record that was not found: a `store` that was mistyped or moved would double the cluster. And
/// the operator's rights go by the name, where there is no id yet.
async fn name_is_free(cloud: &dyn Cloud, name: &str) -> Result<()> {
    let lives = |machine: &&Machine| !matches!(machine.state, MachineState::Terminated | MachineState::ShuttingDown);
    let machines = cloud.namesakes(name).await?;
    let living: Vec<&Machine> = machines.iter().filter(lives).collect();
    let Some(first) = living.first() else { return Ok(()) };
    let id = first.tags.get(crate::model::provider::tags::CLUSTER_ID).map_or("no id", String::as_str);
    Err(Failure::refused(format!("there is another cluster named `{name}` in this account and region"))
        .because(format!(
            "{} of its machines are there, such as {} of the cluster with the id {id}",
            living.len(),
            first.id
        ))
        .hint("if that is the cluster you mean: its record is in another place; correct `store` in the cluster file")
        .hint("if it is not: give this one another name"))
}

/// `destroy` is what cleans up after machines that are all gone; so each is asked for by its id.
async fn really_empty(cloud: &dyn Cloud, record: &Record) -> Result<()> {
    let pools = record.pools.values().chain([&record.control_plane]);
    for (name, id) in
        pools.flat_map(|pool| &pool.nodes).filter_map(|(name, node)| Some((name, node.machine_id.as_ref()?)))
    {
        match cloud.sight(id).await? {
            Sighting::Unknown | Sighting::Found(MachineState::Terminated) => {}
            Sighting::Found(state) => {
                return Err(empty(record)
                    .because(format!("asked for machine {id} of {name} by its id, the cloud says that it is {state}"))
                    .hint("nothing was changed; check the login's rights, and the tag `scaler:cluster-id` of the machines"));
            }
        }
    }
    Ok(())
}

fn empty(record: &Record) -> Failure {
    Failure::refused(format!("the cloud lists no machine of cluster `{}`, and the record knows some", record.name))
}
