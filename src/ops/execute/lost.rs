//! A node whose loss a person accepted: whether it still is what was accepted.

use crate::model::failure::{Failure, Result};
use crate::model::kubernetes::Node;
use crate::model::plan::Removal;

/// `found` is the Node of its name, as it is now. Refuses one that is Ready, and any other than was shown: what was
/// accepted is the loss of that one.
pub(super) fn still_lost(removal: &Removal, found: Option<&Node>) -> Result<()> {
    let name = &removal.node;
    if found.is_some_and(|node| node.ready) {
        return Err(Failure::refused(format!("node `{name}` is Ready again"))
            .because("it can be drained now, so its loss need not be accepted")
            .hint("run the command again without --accept-lost for it"));
    }
    if found.map(|node| &node.uid) == removal.node_uid.as_ref() {
        return Ok(());
    }
    let told = |uid: Option<&String>| uid.map_or("no Node".to_owned(), |uid| format!("a Node with the UID {uid}"));
    let (then, now) = (told(removal.node_uid.as_ref()), told(found.map(|node| &node.uid)));
    Err(Failure::refused(format!("node `{name}` is not the one whose loss was accepted any more"))
        .because(format!("it had {then} when that was decided, and has {now}"))
        .hint("plan again, and look at what it says now"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::drain::samples::node;
    use crate::model::names::NodeName;
    use crate::model::plan::Way;

    fn accepted(uid: Option<&str>) -> Removal {
        Removal {
            node: NodeName::from_text("d-w-1"),
            machine_id: Some("i-1".into()),
            node_uid: uid.map(str::to_owned),
            way: Way::Accepted,
            reason: String::new(),
        }
    }

    #[test]
    fn only_the_very_node_that_was_shown_and_is_not_ready_is_still_lost() {
        let silent = Node { ready: false, ..node("d-w-1") };
        let other = Node { uid: "uid-other".into(), ..silent.clone() };
        for (removal, found, refused) in [
            (accepted(Some("uid-d-w-1")), Some(silent.clone()), None),
            (accepted(None), None, None),
            (accepted(Some("uid-d-w-1")), Some(node("d-w-1")), Some("is Ready again")),
            (accepted(None), Some(node("d-w-1")), Some("is Ready again")),
            (accepted(Some("uid-d-w-1")), Some(other), Some("has a Node with the UID uid-other")),
            (accepted(Some("uid-d-w-1")), None, Some("has no Node")),
            (accepted(None), Some(silent), Some("had no Node when that was decided")),
        ] {
            let answer = still_lost(&removal, found.as_ref());
            match (refused, answer) {
                (None, answer) => assert_eq!(answer, Ok(())),
                (Some(needle), Err(failure)) => assert!(failure.to_string().contains(needle), "{failure}"),
                (Some(needle), Ok(())) => panic!("{needle}: {removal:?} {found:?}"),
            }
        }
    }
}
