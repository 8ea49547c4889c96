use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One requirement of a label selector or of a node affinity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt` or `Lt`.
    pub operator: String,
    pub values: Vec<String>,
}

impl Requirement {
    /// Whether a value (None: there is none) fulfils it. An operator that nobody knows yet is never fulfilled.
    pub fn holds_for(&self, value: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|one| one == value);
        let compared = |holds: fn(i64, i64) -> bool| {
            let bound = self.values.first().and_then(|bound| bound.parse().ok());
            let value = value.and_then(|value| value.parse().ok());
            matches!((value, bound), (Some(value), Some(bound)) if holds(value, bound))
        };
        match self.operator.as_str() {
            "In" => value.is_some_and(listed),
            // A missing label is not in the list: Kubernetes counts it as fulfilled.
            "NotIn" => !value.is_some_and(listed),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            "Gt" => compared(|value, bound| value > bound),
            "Lt" => compared(|value, bound| value < bound),
            _ => false,
        }
    }
}

/// One alternative of a node affinity: all of it must hold. One without any requirement matches no node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSelectorTerm {
    /// On the node's labels.
    pub expressions: Vec<Requirement>,
    /// On the node's fields; Kubernetes knows `metadata.name` alone.
    pub fields: Vec<Requirement>,
}

impl NodeSelectorTerm {
    pub fn matches(&self, name: &str, labels: &BTreeMap<String, String>) -> bool {
        if self.expressions.is_empty() && self.fields.is_empty() {
            return false;
        }
        self.expressions.iter().all(|one| one.holds_for(labels.get(&one.key).map(String::as_str)))
            && self.fields.iter().all(|one| one.key == "metadata.name" && one.holds_for(Some(name)))
    }
}

/// Which pods a budget covers. A missing selector matches nothing, an empty one everything in its namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selector {
    pub present: bool,
    pub match_labels: BTreeMap<String, String>,
    pub expressions: Vec<Requirement>,
}

impl Selector {
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.present
            && self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.expressions.iter().all(|one| one.holds_for(labels.get(&one.key).map(String::as_str)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(operator: &str, values: &[&str]) -> Requirement {
        Requirement {
            key: "k".to_owned(),
            operator: operator.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    #[test]
    fn requirements_hold_as_kubernetes_has_it() {
        let table = [
            ("In", &["a", "b"][..], Some("b"), true),
            ("In", &["a"], Some("b"), false),
            ("In", &["a"], None, false),
            ("NotIn", &["a"], Some("b"), true),
            ("NotIn", &["a"], Some("a"), false),
            ("NotIn", &["a"], None, true),
            ("Exists", &[], Some(""), true),
            ("Exists", &[], None, false),
            ("DoesNotExist", &[], None, true),
            ("Gt", &["5"], Some("6"), true),
            ("Gt", &["5"], Some("5"), false),
            ("Lt", &["5"], Some("four"), false),
            ("Lt", &["5"], Some("4"), true),
            ("Matches", &["5"], Some("5"), false),
        ];
        for (operator, values, value, holds) in table {
            assert_eq!(requirement(operator, values).holds_for(value), holds, "{operator} {values:?} {value:?}");
        }
    }

    #[test]
    fn an_empty_selector_takes_all_and_a_missing_one_none() {
        let labels = BTreeMap::from([("app".to_owned(), "web".to_owned())]);
        assert!(!Selector::default().matches(&labels));
        assert!(Selector { present: true, ..Selector::default() }.matches(&labels));
    }

    #[test]
    fn an_empty_term_takes_no_node() {
        assert!(!NodeSelectorTerm::default().matches("n", &BTreeMap::new()));
        let field =
            Requirement { key: "metadata.name".to_owned(), operator: "In".to_owned(), values: vec!["n".to_owned()] };
        let term = NodeSelectorTerm { expressions: Vec::new(), fields: vec![field] };
        assert!(term.matches("n", &BTreeMap::new()));
        assert!(!term.matches("m", &BTreeMap::new()));
    }
}
