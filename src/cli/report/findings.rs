//! What does not fit together, for people.

use crate::model::census::Finding;

/// How many Nodes of others are named; the rest is counted.
const NAMED: usize = 3;

/// A sentence a finding. Nodes of others in the same cluster are told of together: there may be hundreds.
pub fn told(findings: &[Finding]) -> Vec<String> {
    let stray = |finding: &Finding| match finding {
        Finding::Stray { kubernetes_node, .. } => Some(kubernetes_node.clone()),
        _ => None,
    };
    let strays: Vec<String> = findings.iter().filter_map(stray).collect();
    let together = strays.len() > NAMED;
    let shown = findings.iter().filter(|finding| !(together && stray(finding).is_some()));
    let mut told: Vec<String> = shown.map(ToString::to_string).collect();
    if together {
        told.push(format!(
            "{} Nodes of the cluster belong to no machine of this one: {} and {} more",
            strays.len(),
            strays[..NAMED].join(", "),
            strays.len() - NAMED
        ));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_told_of_together() {
        let stray = |number: usize| Finding::Stray { kubernetes_node: format!("n-{number}"), provider_id: None };
        let few: Vec<Finding> = (1..=3).map(stray).collect();
        assert_eq!(told(&few).len(), 3);
        let many: Vec<Finding> = (1..=90).map(stray).collect();
        assert_eq!(
            told(&many),
            ["90 Nodes of the cluster belong to no machine of this one: n-1, n-2, n-3 and 87 more"]
        );
    }
}
