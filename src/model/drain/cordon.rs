use serde::{Deserialize, Serialize};

use super::hold::Why;
use crate::model::kubernetes::{FIELD_MANAGER, Node, NodeChange, OPERATION_ANNOTATION};
use crate::model::names::OperationId;

/// The value of [`OPERATION_ANNOTATION`]: which operation cordoned a node, and how it found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cordon {
    pub operation: OperationId,
    pub was_unschedulable: bool,
}

impl Cordon {
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("two plain fields always serialise")
    }
}

/// What our annotation on a node says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CordonState {
    None,
    By(Cordon),
    /// It is there, and nobody can read it.
    Strange(String),
}

impl CordonState {
    pub fn of(node: &Node) -> CordonState {
        match node.annotations.get(OPERATION_ANNOTATION) {
            None => CordonState::None,
            Some(text) => match serde_json::from_str(text) {
                Ok(cordon) => CordonState::By(cordon),
                Err(_) => CordonState::Strange(text.clone()),
            },
        }
    }
}

/// The change that cordons a node for an operation; None when it is cordoned so already. An error is why it must not be:
/// another operation's cordon, or one of ours that somebody took back.
pub fn cordon_change(node: &Node, operation: &OperationId) -> Result<Option<NodeChange>, Why> {
    match CordonState::of(node) {
        CordonState::None => {
            let cordon = Cordon { operation: operation.clone(), was_unschedulable: node.unschedulable };
            Ok(Some(change(node, true, Some(cordon.text()))))
        }
        CordonState::By(cordon) if cordon.operation == *operation => {
            if node.unschedulable {
                Ok(None)
            } else {
                Err(uncordoned(node))
            }
        }
        CordonState::By(cordon) => Err(Why::ForeignOperation { operation: cordon.operation.to_string() }),
        CordonState::Strange(text) => Err(Why::StrangeAnnotation { text }),
    }
}

/// The change that takes an operation's cordon back; None when there is none of it. A node that somebody uncordoned in
/// the meantime stays so: the newer wish of a person counts more than what the operation found.
pub fn restore_change(node: &Node, operation: &OperationId) -> Result<Option<NodeChange>, Why> {
    match CordonState::of(node) {
        CordonState::None => Ok(None),
        CordonState::By(cordon) if cordon.operation == *operation => {
            Ok(Some(change(node, cordon.was_unschedulable && node.unschedulable, None)))
        }
        CordonState::By(cordon) => Err(Why::ForeignOperation { operation: cordon.operation.to_string() }),
        CordonState::Strange(text) => Err(Why::StrangeAnnotation { text }),
    }
}

/// Why a node does not count as cordoned by this operation without a break; None if it does.
pub(super) fn cordon_broken(node: &Node, operation: &OperationId) -> Option<Why> {
    match CordonState::of(node) {
        CordonState::By(cordon) if cordon.operation == *operation && node.unschedulable => None,
        CordonState::By(cordon) if cordon.operation != *operation => {
            Some(Why::ForeignOperation { operation: cordon.operation.to_string() })
        }
        CordonState::Strange(text) => Some(Why::StrangeAnnotation { text }),
        CordonState::None | CordonState::By(_) => Some(uncordoned(node)),
    }
}

fn change(node: &Node, unschedulable: bool, annotation: Option<String>) -> NodeChange {
    NodeChange {
        name: node.name.clone(),
        uid: node.uid.clone(),
        resource_version: node.resource_version.clone(),
        unschedulable,
        annotation,
    }
}

fn uncordoned(node: &Node) -> Why {
    let ours = node.changes.iter().find(|change| change.manager == FIELD_MANAGER).and_then(|change| change.at);
    let later = node.changes.iter().filter(|change| ours.is_some() && change.at > ours);
    // The node controller and the kubelet answer every cordon with changes of their own (a taint, labels). What
    // `kubectl uncordon` does is not booked at all: it only takes a field away.
    let mut people =
        later.filter(|change| change.manager != "kubelet" && !change.manager.ends_with("controller-manager"));
    let by = people.next().map(|change| match change.at {
        Some(at) => format!("`{}` at {at}", change.manager),
        None => format!("`{}`", change.manager),
    });
    Why::Uncordoned { by }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::drain::samples::{node, operation};
    use crate::model::kubernetes::Change;

    fn annotated(text: &str, unschedulable: bool) -> Node {
        let mut node = Node { unschedulable, ..node("n") };
        node.annotations.insert(OPERATION_ANNOTATION.to_owned(), text.to_owned());
        node
    }

    fn ours(was_unschedulable: bool) -> String {
        Cordon { operation: operation(), was_unschedulable }.text()
    }

    #[test]
    fn the_annotation_has_the_written_form() {
        assert_eq!(ours(true), r#"{"operation":"op-1","wasUnschedulable":true}"#);
        assert_eq!(
            CordonState::of(&annotated(&ours(true), true)),
            CordonState::By(Cordon { operation: operation(), was_unschedulable: true })
        );
    }

    #[test]
    fn a_cordon_and_its_undoing_give_back_what_was_there() {
        for before in [false, true] {
            let found = Node { unschedulable: before, ..node("n") };
            let cordon = cordon_change(&found, &operation()).unwrap().unwrap();
            assert!(cordon.unschedulable);
            assert_eq!((cordon.uid.as_str(), cordon.resource_version.as_str()), ("uid-n", "1"));
            let cordoned = annotated(cordon.annotation.as_deref().unwrap(), cordon.unschedulable);
            assert_eq!(cordon_change(&cordoned, &operation()), Ok(None), "a second time there is nothing to do");
            let restored = restore_change(&cordoned, &operation()).unwrap().unwrap();
            assert_eq!((restored.unschedulable, restored.annotation), (before, None));
        }
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let foreign = annotated(r#"{"operation":"op-2","wasUnschedulable":false}"#, true);
        let foreign_why = Why::ForeignOperation { operation: "op-2".to_owned() };
        assert_eq!(cordon_change(&foreign, &operation()), Err(foreign_why.clone()));
        assert_eq!(restore_change(&foreign, &operation()), Err(foreign_why.clone()));
        assert_eq!(cordon_broken(&foreign, &operation()), Some(foreign_why));
        let strange = annotated("yes", true);
        assert!(matches!(cordon_change(&strange, &operation()), Err(Why::StrangeAnnotation { .. })));
        assert!(matches!(restore_change(&strange, &operation()), Err(Why::StrangeAnnotation { .. })));
        assert_eq!(restore_change(&Node { unschedulable: true, ..node("n") }, &operation()), Ok(None));
    }

    #[test]
    fn who_uncordons_a_victim_is_noticed_and_not_overruled() {
        let taken_back = annotated(&ours(true), false);
        assert!(matches!(cordon_broken(&taken_back, &operation()), Some(Why::Uncordoned { .. })));
        assert!(matches!(cordon_change(&taken_back, &operation()), Err(Why::Uncordoned { .. })));
        assert!(!restore_change(&taken_back, &operation()).unwrap().unwrap().unschedulable);
        assert_eq!(cordon_broken(&annotated(&ours(true), true), &operation()), None);
    }

    #[test]
    fn only_who_came_after_us_is_named() {
        let at = |second: u8| Some(format!("2026-01-02T03:04:{second:02}Z").parse().unwrap());
        let change = |manager: &str, at| Change { manager: manager.to_owned(), at };
        let mut node = annotated(&ours(false), false);
        node.changes =
            vec![change("kube-controller-manager", at(9)), change("scaler", at(5)), change("kubectl-label", at(1))];
        assert_eq!(uncordoned(&node), Why::Uncordoned { by: None });
        node.changes.insert(1, change("kubectl-patch", at(8)));
        assert_eq!(
            uncordoned(&node),
            Why::Uncordoned { by: Some("`kubectl-patch` at 2026-01-02T03:04:08Z".to_owned()) }
        );
    }
}
