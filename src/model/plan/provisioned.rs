//! The machines that stand, and on which the playbooks are to be run.

use std::collections::BTreeSet;

use super::Request;
use super::decide::{CONTROL_PLANE, Inputs};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::{ClusterFile, Provisioning};
use crate::model::names::{NodeName, StackId};
use crate::model::record::Record;

/// In the order of their names. New machines are not among them: they are provisioned when they stand.
pub fn nodes(inputs: &Inputs) -> Result<Vec<NodeName>> {
    let Some(record) = inputs.record else { return Ok(Vec::new()) };
    match &inputs.request {
        Request::Provision { limit, tags } => {
            if to_make(inputs.file, record) && !(limit.is_empty() && tags.is_empty()) {
                return Err(Failure::refused("the cluster is not made yet: no part of it can be provisioned alone")
                    .because("the record does not know the cluster of these control planes")
                    .hint("scaler apply goes on where an earlier one has ended, and makes it"));
            }
            limited(inputs.file, record, limit)
        }
        // The cluster itself was not made yet: what an earlier apply began is done now.
        Request::Apply { .. } if record.stacks.contains_key(&StackId::Foundation) && to_make(inputs.file, record) => {
            Ok(ours(inputs.file, record).map(|(_, node)| node.clone()).collect())
        }
        _ => Ok(Vec::new()),
    }
}

/// Whether the cluster is yet to be made on its control planes, by scaler.
fn to_make(file: &ClusterFile, record: &Record) -> bool {
    record.kube_system_uid.is_none() && file.control_plane.provisioning == Provisioning::Ssh
}

/// Pool and name of each machine that stands and is made a node by scaler.
fn ours<'a>(file: &'a ClusterFile, record: &'a Record) -> impl Iterator<Item = (&'a str, &'a NodeName)> {
    let control_plane = (CONTROL_PLANE, &record.control_plane, Some(file.control_plane.provisioning));
    let pools =
        record.pools.iter().map(|(name, pool)| (name.as_str(), pool, file.pool(name).map(|it| it.provisioning)));
    std::iter::once(control_plane).chain(pools).flat_map(|(name, pool, how)| {
        let by_ssh = how == Some(Provisioning::Ssh);
        let stand =
            pool.nodes.iter().filter(move |(_, node)| node.machine_id.is_some() && (by_ssh || node.join.is_some()));
        stand.map(move |(node, _)| (name, node))
    })
}

fn limited(file: &ClusterFile, record: &Record, limit: &[String]) -> Result<Vec<NodeName>> {
    let all: Vec<(&str, &NodeName)> = ours(file, record).collect();
    if all.is_empty() {
        return Err(Failure::new(Kind::Usage, "no machine of this cluster is provisioned by scaler")
            .because("the cluster file says `provisioning: none` of all of them, or none stands")
            .hint("write `provisioning: ssh` for a pool whose machines can be reached by SSH"));
    }
    let mut chosen = BTreeSet::new();
    for word in limit {
        let of_word = all.iter().filter(|(pool, node)| pool == word || node.as_str() == word);
        let before = chosen.len();
        chosen.extend(of_word.map(|(_, node)| (*node).clone()));
        if chosen.len() == before && !chosen.iter().any(|node: &NodeName| node.as_str() == word) {
            return Err(Failure::new(
                Kind::Usage,
                format!("`{word}` is no node and no pool that is provisioned by scaler"),
            )
            .hint(format!("pools: {}", pools(&all)))
            .hint("`scaler status` lists the nodes"));
        }
    }
    let every = || all.iter().map(|(_, node)| (*node).clone()).collect();
    Ok(if limit.is_empty() { every() } else { chosen.into_iter().collect() })
}

fn pools(all: &[(&str, &NodeName)]) -> String {
    let names: BTreeSet<&str> = all.iter().map(|(pool, _)| *pool).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}
