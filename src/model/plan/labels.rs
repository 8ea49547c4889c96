//! Labels and taints that the cluster file gives a pool's nodes, kept on those that stand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::decide::Inputs;
use super::{Condition, PoolChange};
use crate::model::file::{Pool, Taint};
use crate::model::kubernetes::{LabelChange, Node, NodeTaint};
use crate::model::names::NodeName;

/// What one Node's labels and taints lack of what the cluster file wants, and have too much of what it wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Labelling {
    pub node: NodeName,
    pub pool: String,
    /// Another Node under this name is not touched.
    pub node_uid: String,
    /// Labels that are added, or get another value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// Labels that are taken away, each with the value that the former cluster file gave it: one with another value is
    /// somebody else's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub remove: BTreeMap<String, String>,
    /// Taints that are added, or get another value. Key and effect together tell one from the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taint: Vec<Taint>,
    /// Taints that are taken away, as the former cluster file gave them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untaint: Vec<Taint>,
}

/// One for each Node of the record that is not as the file wants it, and that stays. A Node that cannot be told to be
/// the record's is left alone.
pub(super) fn decide(inputs: &Inputs, changes: &[PoolChange]) -> Vec<Labelling> {
    let Some(record) = inputs.record.filter(|record| record.kube_system_uid.is_some()) else { return Vec::new() };
    if !inputs.request.brings_file() {
        return Vec::new();
    }
    let leaves = |name: &NodeName| changes.iter().flat_map(|change| &change.removals).any(|gone| gone.node == *name);
    let mut found = Vec::new();
    for pool in &inputs.file.pools {
        let former = inputs.previous.and_then(|previous| previous.pool(&pool.name));
        let names = record.pools.get(&pool.name).into_iter().flat_map(|pool| pool.nodes.keys());
        for name in names.filter(|name| !leaves(name)) {
            found.extend(node_of(inputs, name).and_then(|node| Labelling::of(name, node, pool, former)));
        }
    }
    found
}

/// The Node of a machine of the record, where nothing speaks against it.
fn node_of<'a>(inputs: &Inputs<'a>, name: &NodeName) -> Option<&'a Node> {
    let standing = inputs.standings.get(name)?;
    if !matches!(standing.condition, Condition::Ready | Condition::NotReady) {
        return None;
    }
    let uid = standing.node_uid.as_ref()?;
    inputs.nodes.iter().find(|node| node.uid == *uid && node.name == name.as_str())
}

/// What pods will feel at once, for a person to know.
pub(super) fn notes(labellings: &[Labelling]) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for labelling in labellings {
        for taint in labelling.taint.iter().filter(|taint| taint.effect == "NoExecute") {
            let note = format!(
                "pool `{}`: the taint `{}` with the effect NoExecute ends the pods on its nodes that do not tolerate it, \
                 and asks no budget",
                labelling.pool, taint.key
            );
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    notes
}

impl Labelling {
    /// What a new Node lacks that its kubelet did not register it with. None: it has all.
    pub fn of_newcomer(name: &NodeName, node: &Node, pool: &Pool) -> Option<Labelling> {
        Labelling::of(name, node, pool, None)
    }

    /// None: the Node is as it should be.
    fn of(name: &NodeName, node: &Node, pool: &Pool, former: Option<&Pool>) -> Option<Labelling> {
        let wanted = pool.labels.iter().filter(|(key, value)| node.labels.get(*key) != Some(*value));
        let labels = former.into_iter().flat_map(|former| &former.labels);
        let stale =
            labels.filter(|(key, value)| !pool.labels.contains_key(*key) && node.labels.get(*key) == Some(*value));
        let missing = pool.taints.iter().filter(|taint| !node.taints.iter().any(|other| equal(taint, other)));
        let taints = former.into_iter().flat_map(|former| &former.taints);
        let needless = taints.filter(|taint| {
            let kept = pool.taints.iter().any(|other| (&other.key, &other.effect) == (&taint.key, &taint.effect));
            !kept && node.taints.iter().any(|other| equal(taint, other))
        });
        let labelling = Labelling {
            node: name.clone(),
            pool: pool.name.clone(),
            node_uid: node.uid.clone(),
            set: wanted.map(|(key, value)| (key.clone(), value.clone())).collect(),
            remove: stale.map(|(key, value)| (key.clone(), value.clone())).collect(),
            taint: missing.cloned().collect(),
            untaint: needless.cloned().collect(),
        };
        labelling.change(node).is_some().then_some(labelling)
    }

    /// The change that a Node needs as it is now, bound to what was read; None if it is so already, or is another Node.
    pub fn change(&self, node: &Node) -> Option<LabelChange> {
        if node.uid != self.node_uid {
            return None;
        }
        let set = self.set.iter().filter(|(key, value)| node.labels.get(*key) != Some(*value));
        let remove = self.remove.iter().filter(|(key, value)| node.labels.get(*key) == Some(*value));
        let set = set.map(|(key, value)| (key.clone(), Some(value.clone())));
        let labels: BTreeMap<String, Option<String>> = set.chain(remove.map(|(key, _)| (key.clone(), None))).collect();
        let taints = Some(self.taints(&node.taints)).filter(|taints| *taints != node.taints);
        (!labels.is_empty() || taints.is_some()).then(|| LabelChange {
            name: node.name.clone(),
            uid: node.uid.clone(),
            resource_version: node.resource_version.clone(),
            labels,
            taints,
        })
    }

    /// All taints that the Node is to have, others' among them.
    fn taints(&self, now: &[NodeTaint]) -> Vec<NodeTaint> {
        let is = |taint: &Taint, other: &NodeTaint| taint.key == other.key && taint.effect == other.effect;
        let kept = now.iter().filter(|other| {
            let replaced = self.taint.iter().any(|taint| is(taint, other) && !equal(taint, other));
            !replaced && !self.untaint.iter().any(|taint| equal(taint, other))
        });
        let added = self.taint.iter().filter(|taint| !now.iter().any(|other| equal(taint, other)));
        kept.cloned().chain(added.map(node_taint)).collect()
    }
}

fn node_taint(taint: &Taint) -> NodeTaint {
    let value = taint.value.clone().unwrap_or_default();
    NodeTaint { key: taint.key.clone(), value, effect: taint.effect.clone(), added: None }
}

fn equal(taint: &Taint, other: &NodeTaint) -> bool {
    let value = taint.value.as_deref().unwrap_or_default();
    taint.key == other.key && value == other.value && taint.effect == other.effect
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::drain::samples;
    use crate::model::file;

    fn pool(fields: &str) -> Pool {
        let text = include_str!("../../../examples/sandbox.yml");
        let file = file::parse("cluster.yml", text, &[]).unwrap();
        let written: serde_json::Value = serde_json::from_str(fields).unwrap();
        let taints = serde_json::from_value(written["taints"].clone()).unwrap();
        let labels = serde_json::from_value(written["labels"].clone()).unwrap();
        Pool { name: "w".into(), labels, taints, ..file.pools[0].clone() }
    }

    fn taint(key: &str, value: &str, effect: &str) -> NodeTaint {
        NodeTaint { key: key.into(), value: value.into(), effect: effect.into(), added: None }
    }

    fn node(labels: &[(&str, &str)], taints: &[NodeTaint]) -> Node {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Node { labels, taints: taints.to_vec(), ..samples::node("d-w-1") }
    }

    fn of(node: &Node, pool: &Pool, former: Option<&Pool>) -> Option<Labelling> {
        Labelling::of(&NodeName::from_text("d-w-1"), node, pool, former)
    }

    /// What others put there, or changed, stays.
    #[test]
    fn a_nodes_labels_become_the_files_and_no_others_are_touched() {
        let former = pool(r#"{"labels": {"tier": "web", "old": "x", "theirs": "ours"}, "taints": []}"#);
        let wanted = pool(r#"{"labels": {"tier": "db", "new": ""}, "taints": []}"#);
        let before = node(&[("tier", "web"), ("old", "x"), ("theirs", "theirs"), ("foreign", "1")], &[]);
        let labelling = of(&before, &wanted, Some(&former)).unwrap();
        let change = labelling.change(&before).unwrap();
        let expected = [("tier", Some("db")), ("new", Some("")), ("old", None)];
        let expected: BTreeMap<String, Option<String>> =
            expected.into_iter().map(|(key, value)| (key.to_owned(), value.map(str::to_owned))).collect();
        assert_eq!((change.labels, change.taints), (expected, None));
        assert_eq!(change.resource_version, before.resource_version);

        // Somebody gave it another value after it was looked at.
        let meanwhile = node(&[("tier", "db"), ("new", ""), ("old", "y")], &[]);
        assert_eq!(labelling.change(&meanwhile), None);
        let other = Node { uid: "another".into(), ..before };
        assert_eq!(labelling.change(&other), None);
        assert_eq!(of(&node(&[("tier", "db"), ("new", "")], &[]), &wanted, Some(&former)), None);
    }

    #[test]
    fn taints_are_told_apart_by_key_and_effect() {
        let of_file = |taints: &str| pool(&format!(r#"{{"labels": {{}}, "taints": {taints}}}"#));
        let former = of_file(
            r#"[{"key": "a", "value": "1", "effect": "NoSchedule"}, {"key": "b", "value": null, "effect": "NoExecute"}]"#,
        );
        let wanted = of_file(
            r#"[{"key": "a", "value": "2", "effect": "NoSchedule"}, {"key": "c", "value": null, "effect": "NoSchedule"}]"#,
        );
        let since = Some("2026-01-02T03:04:05Z".parse().unwrap());
        let foreign = NodeTaint { added: since, ..taint("b", "", "NoSchedule") };
        let before = node(&[], &[taint("a", "1", "NoSchedule"), foreign.clone(), taint("b", "", "NoExecute")]);
        let labelling = of(&before, &wanted, Some(&former)).unwrap();
        let after = [foreign, taint("a", "2", "NoSchedule"), taint("c", "", "NoSchedule")];
        assert_eq!(labelling.change(&before).unwrap().taints, Some(after.to_vec()));
        assert_eq!(of(&node(&[], &after), &wanted, Some(&former)), None);
        assert!(notes(&[labelling]).is_empty());
        let strict = of(&node(&[], &[]), &former, None).unwrap();
        assert_eq!(notes(&[strict.clone(), strict]).len(), 1, "of pods that it ends a person is told once");
    }
}
