//! What becomes of the foundation, and of the control plane in it.

use std::collections::BTreeMap;

use super::decide::{CONTROL_PLANE, Inputs, image_for, tags_changed};
use super::{FoundationChange, Request, Standing, zones};
use crate::model::failure::Result;
use crate::model::file::Capacity;
use crate::model::names::{NodeName, StackId};
use crate::model::record::{JoinAccess, NodeRecord, Record};
use crate::model::user_data;

pub(super) fn foundation_change(inputs: &Inputs) -> Result<FoundationChange> {
    let nodes = inputs.record.map(|record| &record.control_plane.nodes);
    if inputs.request == Request::Destroy {
        let ids = nodes.into_iter().flatten().map(|(name, node)| (name.clone(), node.machine_id.clone()));
        return Ok(FoundationChange::Destroy { nodes: ids.collect() });
    }
    if inputs.record.is_some_and(|record| record.stacks.contains_key(&StackId::Foundation)) {
        let changes = tags_changed(inputs, &StackId::Foundation) || joins_change(inputs);
        let changes = inputs.request.brings_file() && changes;
        return Ok(if changes { FoundationChange::Tags } else { FoundationChange::Keep });
    }
    // A foundation that an earlier apply could not finish keeps the machines that were decided on then, if one stands.
    if let Some(nodes) = nodes
        && !decides_control_plane(inputs.record, inputs.standings)
    {
        let known = nodes.iter().map(|(name, node)| {
            let standing = inputs.standings.get(name).and_then(|standing| standing.machine_id.clone());
            (name.clone(), NodeRecord { machine_id: node.machine_id.clone().or(standing), ..node.clone() })
        });
        return Ok(FoundationChange::Create { nodes: known.collect() });
    }
    let file = inputs.file;
    let zones = zones::spread(&file.network.zones, &BTreeMap::new(), file.control_plane.count);
    let image = image_for(inputs, CONTROL_PLANE)?;
    let nodes = zones.into_iter().zip(1u64..).map(|(zone, number)| {
        let name = NodeName::new(&file.name, CONTROL_PLANE, number);
        let node = NodeRecord {
            user_data: user_data::control_plane_user_data(file, inputs.cluster_id, &name, &zone),
            zone,
            image: image.clone(),
            machine: file.control_plane.machine.clone(),
            disk: file.control_plane.disk.clone(),
            capacity: Capacity::OnDemand,
            subnet: None,
            public_address: !file.network.private,
            key_name: None,
            operation: inputs.operation.clone(),
            machine_id: None,
            adopted: false,
            addresses: None,
            host_keys: Vec::new(),
            join: None,
            joined: false,
        };
        (name, node)
    });
    Ok(FoundationChange::Create { nodes: nodes.collect() })
}

/// Whether the foundation is yet to let some pool's machines join at boot, from this store.
pub(super) fn joins_change(inputs: &Inputs) -> bool {
    let standing = inputs.record.and_then(|record| record.joins.as_ref());
    JoinAccess::wanted(inputs.file, standing).as_ref() != standing
}

/// Whether the control plane's machines are yet to be decided on: then an image is needed for them.
pub fn decides_control_plane(record: Option<&Record>, standings: &BTreeMap<NodeName, Standing>) -> bool {
    let stands = |(name, node): (&NodeName, &NodeRecord)| {
        node.machine_id.is_some() || standings.get(name).is_some_and(|standing| standing.machine_id.is_some())
    };
    record.is_none_or(|record| {
        !record.stacks.contains_key(&StackId::Foundation) && !record.control_plane.nodes.iter().any(stands)
    })
}
