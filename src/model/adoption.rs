//! Machines that an apply made, and that Terraform's state may not have: a Terraform that was killed leaves some.

use std::collections::{BTreeMap, BTreeSet};

use super::machine::{Machine, MachineState};
use super::names::NodeName;

/// How the nodes stand that a part of an operation is to make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// Terraform's state has them.
    pub standing: BTreeMap<NodeName, String>,
    /// The cloud has a machine of this name, and the state has none: to be imported.
    pub adoptable: BTreeMap<NodeName, String>,
    /// Nothing was made of them yet.
    pub missing: BTreeSet<NodeName>,
    /// Their machine was made, and is gone again. The name is used up.
    pub lost: BTreeMap<NodeName, String>,
}

impl Made {
    /// Nothing was made yet.
    pub fn nothing<'a>(names: impl IntoIterator<Item = &'a NodeName>) -> Made {
        Made { missing: names.into_iter().cloned().collect(), ..Made::default() }
    }
}

/// Holds the names that are to be made against the state and the cloud's machines with the cluster's id.
///
/// Refuses two living machines of one name: which one is to stay is for a person to say.
pub fn made<'a>(
    names: impl IntoIterator<Item = &'a NodeName>,
    in_state: &BTreeMap<NodeName, String>,
    machines: &[Machine],
) -> Result<Made, String> {
    let mut made = Made::default();
    for name in names {
        let of_name = || machines.iter().filter(|machine| machine.node.as_ref() == Some(name));
        let mut living: BTreeSet<&String> = of_name().filter(|machine| lives(machine)).map(|one| &one.id).collect();
        let known = in_state.get(name);
        let known_dead = known.is_some_and(|id| of_name().any(|machine| machine.id == *id && !lives(machine)));
        living.extend(known.filter(|_| !known_dead));
        let mut living = living.into_iter();
        match (living.next(), living.next(), of_name().next()) {
            (Some(one), Some(other), _) => {
                return Err(format!("node `{name}` has two machines, {one} and {other}"));
            }
            (Some(id), None, _) if known == Some(id) => made.standing.insert(name.clone(), id.clone()),
            (Some(id), None, _) => made.adoptable.insert(name.clone(), id.clone()),
            (None, _, Some(dead)) => made.lost.insert(name.clone(), known.unwrap_or(&dead.id).clone()),
            (None, _, None) => {
                made.missing.insert(name.clone());
                None
            }
        };
    }
    Ok(made)
}

/// One that is on its way out does not come back.
pub fn lives(machine: &Machine) -> bool {
    !matches!(machine.state, MachineState::Terminated | MachineState::ShuttingDown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::provider::Provider;

    fn name(number: u64) -> NodeName {
        NodeName::new("d", "w", number)
    }

    fn machine(id: &str, number: u64, state: MachineState) -> Machine {
        Machine {
            id: id.to_owned(),
            node: Some(name(number)),
            pool: Some("w".into()),
            role: None,
            operation: None,
            state,
            launched: None,
            zone: "z".into(),
            machine_type: "small".into(),
            image: "ami".into(),
            private_address: None,
            public_address: None,
            provider_id: Provider::Sandbox.provider_id("z", id),
            tags: BTreeMap::new(),
        }
    }

    fn sorted(in_state: &[(u64, &str)], machines: &[(u64, &str, MachineState)]) -> Result<Made, String> {
        let in_state = in_state.iter().map(|(number, id)| (name(*number), (*id).to_owned())).collect();
        let machines: Vec<Machine> = machines.iter().map(|(number, id, state)| machine(id, *number, *state)).collect();
        made(&[name(1)], &in_state, &machines)
    }

    #[test]
    fn each_name_is_one_thing() {
        use MachineState::{Pending, Running, ShuttingDown, Terminated};
        let one = |id: &str| BTreeMap::from([(name(1), id.to_owned())]);
        let standing = Made { standing: one("i-1"), ..Made::default() };
        let adoptable = Made { adoptable: one("i-1"), ..Made::default() };
        let lost = Made { lost: one("i-1"), ..Made::default() };
        for (in_state, machines, expected) in [
            (vec![], vec![], Made::nothing(&[name(1)])),
            (vec![], vec![(2, "i-2", Running)], Made::nothing(&[name(1)])),
            (vec![(1, "i-1")], vec![(1, "i-1", Running)], standing.clone()),
            // A listing may be behind; Terraform asks for it by its id.
            (vec![(1, "i-1")], vec![], standing.clone()),
            (vec![(1, "i-1")], vec![(1, "i-1", Running), (1, "i-0", Terminated)], standing),
            (vec![], vec![(1, "i-1", Pending)], adoptable.clone()),
            (vec![], vec![(1, "i-1", Running), (1, "i-0", ShuttingDown)], adoptable),
            (vec![(1, "i-1")], vec![(1, "i-1", Terminated)], lost.clone()),
            (vec![], vec![(1, "i-1", ShuttingDown)], lost),
        ] {
            assert_eq!(sorted(&in_state, &machines), Ok(expected), "{in_state:?} {machines:?}");
        }
    }

    #[test]
    fn two_machines_of_one_name_are_for_a_person() {
        use MachineState::Running;
        for (in_state, machines) in
            [(vec![], vec![(1, "i-1", Running), (1, "i-2", Running)]), (vec![(1, "i-1")], vec![(1, "i-2", Running)])]
        {
            let why = sorted(&in_state, &machines).unwrap_err();
            assert!(why.contains("i-1 and i-2"), "{why}");
        }
    }
}
