//! Stacks of one cluster: rendered from the record and initialised; what their states say.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ports::Ports;
use super::ports::terraform::Stack;
use super::state;
use super::task::Task;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::names::{NodeName, StackId};
use crate::model::plan::Request;
use crate::model::provider::Provider;
use crate::model::record::{Flavour, JoinAccess, NodeRecord, Record, Tags, TerraformPin};
use crate::model::state::State;
use crate::model::{census, guard};
use crate::render;

/// Nodes with the machines that the record binds to them.
pub fn bound(nodes: &BTreeMap<NodeName, NodeRecord>) -> Vec<guard::Machine> {
    nodes.iter().filter_map(|(name, node)| Some((name.clone(), node.machine_id.clone()?))).collect()
}

/// The tags that a pool has and keeps: everything but its own change of them leaves them as they are.
pub fn standing_tags<'a>(task: &'a Task, record: &'a Record, pool: &str) -> &'a Tags {
    record.tags.get(&StackId::Pool(pool.to_owned())).unwrap_or(&task.file.tags)
}

/// The tags of a pool when an operation is done: only what stores the cluster file brings in its tags.
pub fn wanted_tags<'a>(task: &'a Task, record: &'a Record, request: &Request, pool: &str) -> &'a Tags {
    match request.brings_file() {
        true => &task.file.tags,
        false => standing_tags(task, record, pool),
    }
}

/// Renders and initialises a pool's stack for these nodes, with these tags. Returns the lock file's text.
pub async fn init_pool(
    ports: &Ports,
    task: &Task,
    record: &Record,
    pool: &str,
    nodes: &BTreeMap<NodeName, NodeRecord>,
    foundation: &Value,
    tags: &Tags,
) -> Result<String> {
    let deployment = task.deployment(&record.cluster_id, Some(&record.account), tags);
    let files = render::pool(&deployment, pool, nodes, foundation)?;
    init(ports, record.terraform.as_ref(), Stack { id: StackId::Pool(pool.to_owned()), files }).await
}

/// Renders and initialises the foundation for these control planes. Returns the lock file's text.
pub async fn init_foundation(
    ports: &Ports,
    task: &Task,
    record: &Record,
    nodes: &BTreeMap<NodeName, NodeRecord>,
) -> Result<String> {
    let deployment = task.deployment(&record.cluster_id, Some(&record.account), &task.file.tags);
    let joins = JoinAccess::wanted(&task.file, record.joins.as_ref());
    let files = render::foundation(&deployment, nodes, joins.as_ref())?;
    init(ports, record.terraform.as_ref(), Stack { id: StackId::Foundation, files }).await
}

async fn init(ports: &Ports, pin: Option<&TerraformPin>, stack: Stack) -> Result<String> {
    let lock = pin.and_then(|pin| pin.locks.get(&stack.id));
    ports.terraform.init(&stack, lock.map(String::as_str)).await
}

/// The states of the stacks that the record knows.
pub async fn states(ports: &Ports, record: &Record) -> Result<BTreeMap<StackId, State>> {
    check_tool(ports, record).await?;
    let pools = record.pools.keys().map(|pool| StackId::Pool(pool.clone()));
    state::read_all(ports, std::iter::once(StackId::Foundation).chain(pools).collect()).await
}

/// What the foundation passes to the pools.
pub fn foundation_output(state: &State) -> Result<Value> {
    state.outputs.get("foundation").cloned().ok_or_else(|| {
        Failure::failed("the foundation's state has no output `foundation`")
            .because("its apply was not finished")
            .hint("scaler apply makes the rest of it")
    })
}

/// The same, of a foundation that stands.
pub async fn foundation(ports: &Ports) -> Result<Value> {
    let state = state::read(ports, &StackId::Foundation).await?;
    foundation_output(&state.ok_or_else(|| Failure::failed("the foundation has no state"))?)
}

/// The machines that a state knows by node name. From its resources: a failed apply leaves the outputs as they were.
pub fn machine_ids(provider: Provider, state: &State) -> BTreeMap<NodeName, String> {
    census::machines_in_state(provider, &state.resources)
}

/// A state written by one flavour or a newer version is not for another to touch.
pub async fn check_tool(ports: &Ports, record: &Record) -> Result<()> {
    let Some(pin) = &record.terraform else { return Ok(()) };
    let tool = ports.terraform.tool().await?;
    let name = |flavour| match flavour {
        Flavour::Terraform => "Terraform",
        Flavour::Opentofu => "OpenTofu",
    };
    if tool.flavour != pin.flavour {
        return Err(Failure::new(
            Kind::Refused,
            format!(
                "cluster `{}` was made with {}, and {} is {}",
                record.name,
                name(pin.flavour),
                tool.path,
                name(tool.flavour)
            ),
        )
        .because("the two write states that the other may misread")
        .hint(format!(
            "put {} on the PATH, or name it in the cluster file: tools: {{ terraform: PATH }}",
            name(pin.flavour)
        )));
    }
    if tool.version < pin.least_version {
        return Err(Failure::new(
            Kind::Refused,
            format!(
                "cluster `{}` needs {} {} or newer; {} is {}",
                record.name,
                name(pin.flavour),
                pin.least_version,
                tool.path,
                tool.version
            ),
        )
        .because("an older one cannot read the states that a newer one wrote")
        .hint(format!("install {} {} or newer", name(pin.flavour), pin.least_version)));
    }
    Ok(())
}
