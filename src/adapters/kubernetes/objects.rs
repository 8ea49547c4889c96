//! From the API's objects to what we look at of them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::storage::v1::VolumeAttachment;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ManagedFieldsEntry};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::quantity;
use crate::model::kubernetes::{
    Attachment, Budget, Change, Node, NodeSelectorTerm, NodeTaint, Owner, Pod, PodPhase, Requirement, Resources,
    Selector, Toleration,
};

/// `renewed`: of its Lease, where that was read.
pub fn node(node: core::Node, renewed: Option<jiff::Timestamp>) -> Node {
    let (meta, spec, status) = (node.metadata, node.spec.unwrap_or_default(), node.status.unwrap_or_default());
    let conditions = status.conditions.unwrap_or_default();
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready");
    let heartbeat = ready.and_then(|condition| condition.last_heartbeat_time.as_ref()).map(|time| time.0);
    Node {
        name: meta.name.unwrap_or_default(),
        uid: meta.uid.unwrap_or_default(),
        resource_version: meta.resource_version.unwrap_or_default(),
        provider_id: spec.provider_id.filter(|id| !id.is_empty()),
        addresses: status.addresses.unwrap_or_default().into_iter().map(|address| address.address).collect(),
        unschedulable: spec.unschedulable.unwrap_or_default(),
        labels: meta.labels.unwrap_or_default(),
        annotations: meta.annotations.unwrap_or_default(),
        taints: spec.taints.unwrap_or_default().into_iter().map(taint).collect(),
        ready: ready.is_some_and(|condition| condition.status == "True"),
        last_heartbeat: heartbeat.max(renewed),
        created: meta.creation_timestamp.map(|time| time.0),
        allocatable: resources(status.allocatable.as_ref()),
        changes: changes(meta.managed_fields.unwrap_or_default()),
    }
}

fn taint(taint: core::Taint) -> NodeTaint {
    NodeTaint {
        key: taint.key,
        value: taint.value.unwrap_or_default(),
        effect: taint.effect,
        added: taint.time_added.map(|time| time.0),
    }
}

/// Newest first; the status' own entries are the kubelet's heartbeat.
fn changes(entries: Vec<ManagedFieldsEntry>) -> Vec<Change> {
    let of_the_object = entries.into_iter().filter(|entry| entry.subresource.as_deref().unwrap_or_default().is_empty());
    let mut changes: Vec<Change> = of_the_object
        .map(|entry| Change { manager: entry.manager.unwrap_or_default(), at: entry.time.map(|time| time.0) })
        .collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.at));
    changes
}

fn resources(quantities: Option<&BTreeMap<String, Quantity>>) -> Resources {
    let value = |name: &str| quantities.and_then(|quantities| quantities.get(name)).map(|quantity| quantity.0.as_str());
    Resources {
        cpu_millis: value("cpu").map(quantity::millis).unwrap_or_default(),
        memory_bytes: value("memory").map(quantity::whole).unwrap_or_default(),
        pods: value("pods").map(quantity::whole).unwrap_or_default(),
    }
}

pub fn pod(pod: core::Pod) -> Pod {
    let (meta, spec, status) = (pod.metadata, pod.spec.unwrap_or_default(), pod.status.unwrap_or_default());
    let annotations = meta.annotations.unwrap_or_default();
    let requests = requests(&spec);
    let name = meta.name.unwrap_or_default();
    let volumes = spec.volumes.unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default();
    let affinity = spec.affinity.and_then(|affinity| affinity.node_affinity);
    let required = affinity.and_then(|affinity| affinity.required_during_scheduling_ignored_during_execution);
    Pod {
        namespace: meta.namespace.unwrap_or_default(),
        uid: meta.uid.unwrap_or_default(),
        node: spec.node_name.filter(|node| !node.is_empty()),
        labels: meta.labels.unwrap_or_default(),
        phase: phase(status.phase.as_deref()),
        ready: conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"),
        deleted: meta.deletion_timestamp.map(|time| time.0),
        owner: meta
            .owner_references
            .unwrap_or_default()
            .into_iter()
            .find(|owner| owner.controller == Some(true))
            .map(|owner| Owner { kind: owner.kind, name: owner.name, uid: owner.uid }),
        // What `kubectl drain` goes by too.
        mirror: annotations.contains_key("kubernetes.io/config.mirror"),
        empty_dir: volumes.iter().any(|volume| volume.empty_dir.is_some()),
        requests,
        node_selector: spec.node_selector.unwrap_or_default(),
        required_affinity: required.map(|selector| selector.node_selector_terms.into_iter().map(term).collect()),
        tolerations: spec.tolerations.unwrap_or_default().into_iter().map(toleration).collect(),
        claims: volumes.iter().filter_map(|volume| claim(volume, &name)).collect(),
        // The API server fills in 30 where a pod says nothing.
        grace_seconds: spec.termination_grace_period_seconds.unwrap_or(30).unsigned_abs(),
        name,
    }
}

fn phase(phase: Option<&str>) -> PodPhase {
    match phase {
        Some("Pending") => PodPhase::Pending,
        Some("Running") => PodPhase::Running,
        Some("Succeeded") => PodPhase::Succeeded,
        Some("Failed") => PodPhase::Failed,
        _ => PodPhase::Unknown,
    }
}

/// An ephemeral volume's claim is named after its pod and itself.
fn claim(volume: &core::Volume, pod: &str) -> Option<String> {
    match (&volume.persistent_volume_claim, &volume.ephemeral) {
        (Some(claim), _) => Some(claim.claim_name.clone()),
        (None, Some(_)) => Some(format!("{pod}-{}", volume.name)),
        (None, None) => None,
    }
}

/// What the scheduler counts: the containers together with the sidecars, or the largest init container at its turn,
/// and the pod's overhead (Kubernetes, "Resource sharing within containers").
fn requests(spec: &core::PodSpec) -> Resources {
    let of = |container: &core::Container| {
        resources(container.resources.as_ref().and_then(|resources| resources.requests.as_ref()))
    };
    let mut sidecars = Resources::default();
    let mut peak = Resources::default();
    for container in spec.init_containers.iter().flatten() {
        let wanted = of(container).plus(sidecars);
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars = wanted;
        }
        peak = larger(peak, wanted);
    }
    let running = spec.containers.iter().fold(sidecars, |sum, container| sum.plus(of(container)));
    let mut total = larger(peak, running).plus(resources(spec.overhead.as_ref()));
    total.pods = 1;
    total
}

fn larger(one: Resources, other: Resources) -> Resources {
    Resources {
        cpu_millis: one.cpu_millis.max(other.cpu_millis),
        memory_bytes: one.memory_bytes.max(other.memory_bytes),
        pods: one.pods.max(other.pods),
    }
}

fn term(term: core::NodeSelectorTerm) -> NodeSelectorTerm {
    let requirement = |one: core::NodeSelectorRequirement| Requirement {
        key: one.key,
        operator: one.operator,
        values: one.values.unwrap_or_default(),
    };
    NodeSelectorTerm {
        expressions: term.match_expressions.unwrap_or_default().into_iter().map(requirement).collect(),
        fields: term.match_fields.unwrap_or_default().into_iter().map(requirement).collect(),
    }
}

fn toleration(toleration: core::Toleration) -> Toleration {
    Toleration {
        key: toleration.key.filter(|key| !key.is_empty()),
        operator: toleration.operator.filter(|operator| !operator.is_empty()).unwrap_or_else(|| "Equal".to_owned()),
        value: toleration.value.unwrap_or_default(),
        effect: toleration.effect.filter(|effect| !effect.is_empty()),
    }
}

pub fn budget(budget: PodDisruptionBudget) -> Budget {
    let (meta, spec, status) = (budget.metadata, budget.spec.unwrap_or_default(), budget.status.unwrap_or_default());
    let conditions = status.conditions.unwrap_or_default();
    let failed = conditions.into_iter().find(|one| one.type_ == "DisruptionAllowed" && one.reason == "SyncFailed");
    Budget {
        namespace: meta.namespace.unwrap_or_default(),
        name: meta.name.unwrap_or_default(),
        uid: meta.uid.unwrap_or_default(),
        selector: selector(spec.selector),
        min_available: spec.min_available.map(amount),
        max_unavailable: spec.max_unavailable.map(amount),
        evicts_unhealthy: spec.unhealthy_pod_eviction_policy.as_deref() == Some("AlwaysAllow"),
        generation: meta.generation.unwrap_or_default(),
        observed_generation: status.observed_generation.unwrap_or_default(),
        disruptions_allowed: status.disruptions_allowed,
        current_healthy: status.current_healthy,
        desired_healthy: status.desired_healthy,
        expected_pods: status.expected_pods,
        sync_failure: failed.map(|condition| condition.message),
    }
}

fn amount(amount: IntOrString) -> String {
    match amount {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(text) => text,
    }
}

fn selector(selector: Option<LabelSelector>) -> Selector {
    let Some(selector) = selector else { return Selector::default() };
    let expressions = selector.match_expressions.unwrap_or_default().into_iter().map(|one| Requirement {
        key: one.key,
        operator: one.operator,
        values: one.values.unwrap_or_default(),
    });
    Selector {
        present: true,
        match_labels: selector.match_labels.unwrap_or_default(),
        expressions: expressions.collect(),
    }
}

pub fn attachment(attachment: VolumeAttachment) -> Attachment {
    Attachment {
        name: attachment.metadata.name.unwrap_or_default(),
        node: attachment.spec.node_name,
        volume: attachment.spec.source.persistent_volume_name,
    }
}
