//! `pools`.

use serde_json::{Map, Value as Json, json};

use super::boot::provisioning_field;
use super::machine::{CAPACITIES, disk_field, machine_field};
use super::{Facts, image::image_field};
use crate::model::file::read::{
    Anything, At, Fields, Kind, choice, list, map, object, peek, text, twice, whole, wrong,
};
use crate::model::file::rules::{kubelet, labels, names};
use crate::model::file::text::shown;
use crate::model::file::types::{Pool, PoolSize, Taint};

/// Kubernetes is made for up to 5,000 nodes a cluster ("Considerations for large clusters").
const MOST_NODES: u32 = 5_000;

/// Beyond these, nobody set them by hand, and a node's object gets large.
const MOST_LABELS: usize = 100;
const MOST_TAINTS: usize = 50;

const EFFECTS: &[(&str, &str)] =
    &[("NoSchedule", "NoSchedule"), ("PreferNoSchedule", "PreferNoSchedule"), ("NoExecute", "NoExecute")];

pub fn pool(facts: &Facts) -> impl Kind<Out = Pool> + use<'_> {
    object("{ name: workers, min: 1, max: 10 }", move |fields| {
        let cluster = facts.name.as_deref();
        let name = text("a DNS label", "workers", move |text| names::pool_name(text, cluster))
            .length(1, 51)
            .pattern("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$");
        let doc = "The pool's name: a DNS label, short enough that `<cluster>-<pool>-<number>` is one as well.";
        let name = fields.required("name", doc, &name);
        let machine = machine_field(fields, facts);
        let size = size(fields);
        let disk = disk_field(fields, facts);
        let image = image_field(fields, facts);
        let doc = "Spot machines are cheaper, and the cloud takes them back when it wants.";
        let capacity = fields.defaulted("capacity", doc, &choice(CAPACITIES), "on-demand");
        let provisioning = provisioning_field(fields, facts);
        let label = text("a label's value", "web", labels::value).length(0, names::LABEL);
        let labels = map(labels::node_label, label, MOST_LABELS, "{ tier: web }");
        let doc = "Labels of the pool's nodes; `apply` keeps them on those that stand.";
        let labels = fields.optional("labels", doc, &labels).or_default();
        let doc = "Taints of the pool's nodes; `apply` keeps them on those that stand.";
        let taints = fields.optional("taints", doc, &list(taint(), MOST_TAINTS)).or_default();
        let taints = taints.map(|taints| taints_apart(fields, taints));
        let kubelet = kubelet_field(fields, facts);
        Some(Pool {
            name: name?,
            machine: machine?,
            size: size?,
            disk: disk?,
            image: image?,
            capacity: capacity?,
            provisioning: provisioning?,
            labels: labels?.into_iter().map(|(key, value)| (key.value, value.value)).collect(),
            taints: taints?,
            kubelet: kubelet?,
        })
    })
}

/// `count`, or `min` and `max`.
fn size(fields: &mut Fields<'_>) -> Option<PoolSize> {
    fields.schema_rule(json!({ "oneOf": [
        { "required": ["count"], "not": { "anyOf": [{ "required": ["min"] }, { "required": ["max"] }] } },
        { "required": ["min", "max"], "not": { "required": ["count"] } },
    ] }));
    let doc = "How many machines, decided by this file alone; instead of `min` and `max`.";
    let count = fields.optional("count", doc, &whole(0..=MOST_NODES)).maybe();
    let doc = "The fewest machines; the size itself is in the cluster's record, between the two.";
    let min = fields.optional("min", doc, &whole(0..=MOST_NODES)).maybe();
    let max = fields.optional("max", "The most machines.", &whole(0..=MOST_NODES)).maybe();
    let must = "must have `count`, or `min` and `max`";
    match (fields.has("count"), fields.has("min"), fields.has("max")) {
        (true, false, false) => return Some(PoolSize::Fixed(count??)),
        (false, true, true) => {}
        (false, false, false) => {
            fields.wrong("", must, wrong("it has none of them", "add `count: 3`, or `min: 1` and `max: 10`"));
            return None;
        }
        (true, min, _) => {
            let extra = if min { "min" } else { "max" };
            let help = "take `count` out if the size may change between bounds, or the bounds if it is fixed";
            let label = format!("this stands beside `{extra}`");
            fields.wrong("count", "is the whole size", wrong(label, help));
            return None;
        }
        (false, min, _) => {
            let (there, missing) = if min { ("min", "max") } else { ("max", "min") };
            fields.wrong(
                there,
                &format!("goes with `{missing}`"),
                wrong(format!("there is no `{missing}`"), format!("add `{missing}: {}`", if min { 10 } else { 1 })),
            );
            return None;
        }
    }
    let (min, max) = (min??, max??);
    if min > max {
        let help = format!("write `min: {max}` and `max: {min}`, if they were swapped");
        fields.wrong("min", "must be at most `max`", wrong(format!("`max` is {max}"), help));
        return None;
    }
    Some(PoolSize::Bounds { min, max })
}

fn taint() -> impl Kind<Out = Taint> {
    object("{ key: dedicated, value: web, effect: NoSchedule }", |fields| {
        let key = text("a taint's key", "dedicated", labels::taint_key).length(1, 317);
        let key = fields.required("key", "Its key, as a label's.", &key);
        let value = text("a taint's value", "web", labels::value).length(0, names::LABEL);
        let value = fields.optional("value", "Its value, as a label's.", &value);
        let effect = fields.required("effect", "What it does to pods that do not tolerate it.", &choice(EFFECTS));
        Some(Taint { key: key?, value: value.maybe()?, effect: effect?.to_owned() })
    })
}

/// Kubernetes tells taints apart by key and effect.
fn taints_apart(fields: &mut Fields<'_>, taints: Vec<At<Taint>>) -> Vec<Taint> {
    for (index, taint) in taints.iter().enumerate() {
        let same = |other: &&At<Taint>| other.value.key == taint.value.key && other.value.effect == taint.value.effect;
        if let Some(first) = taints[..index].iter().find(same) {
            let what = format!("the taint {} with this effect", shown(&taint.value.key));
            fields.tell(twice(what, taint.span, first.span));
        }
    }
    taints.into_iter().map(|taint| taint.value).collect()
}

fn kubelet_field(fields: &mut Fields<'_>, facts: &Facts) -> Option<Map<String, Json>> {
    let version = facts.version.clone();
    let kind = map(move |name| kubelet::field(name, version.as_ref()), Anything, 200, "{ maxPods: 200 }");
    let doc = "Fields of the KubeletConfiguration (kubelet.config.k8s.io/v1beta1), passed on as they are.";
    let written = fields.optional("kubelet", doc, &kind).or_default()?;
    Some(written.into_iter().map(|(key, value)| (key.value, value.value)).collect())
}

/// The pools, when no two have one name.
pub fn apart(fields: &mut Fields<'_>, pools: Vec<At<Pool>>) -> Vec<Pool> {
    // By what is written, so that a pool with another problem is looked at as well.
    let nodes = fields.node("pools").and_then(|node| node.items()).unwrap_or_default();
    let mut seen = std::collections::HashMap::new();
    for node in nodes {
        let Some(name) = peek(node, "name", &text("text", "", |text| Ok(text.to_owned()))) else { continue };
        if let Some(first) = seen.insert(name.value.clone(), name.span) {
            fields.tell(twice(format!("the pool {}", shown(&name.value)), name.span, first));
            seen.insert(name.value, first);
        }
    }
    pools.into_iter().map(|pool| pool.value).collect()
}

/// How many machines the file allows, with all pools at their largest and the control plane.
pub fn most_machines(fields: &Fields<'_>) -> u64 {
    let pools = fields.node("pools").and_then(|node| node.items()).unwrap_or_default();
    let number = |node, name| peek(node, name, &whole(0..=MOST_NODES)).map(|at| u64::from(at.value));
    let workers: u64 = pools.iter().filter_map(|pool| number(pool, "count").or_else(|| number(pool, "max"))).sum();
    let control_plane = fields.node("controlPlane").and_then(|node| number(node, "count"));
    workers + control_plane.unwrap_or(1)
}
