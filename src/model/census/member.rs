//! How one recorded node stands.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::death::Suspect;
use super::finding::Finding;
use super::matching::{Roll, Tie};
use crate::model::machine::{Machine, MachineState};
use crate::model::names::{NodeName, StackId};
use crate::model::plan::{Condition, Standing};
use crate::model::record::NodeRecord;

/// How long after its start a machine may still be on its way into the cluster: what `--join-timeout` allows for it
/// unless another time is given.
const STARTING: SignedDuration = SignedDuration::from_mins(15);

/// One recorded node, and where it may be found.
pub(super) struct Member<'a> {
    pub name: &'a NodeName,
    pub node: &'a NodeRecord,
    pub stack: StackId,
    pub in_state: Option<&'a str>,
    pub listed: &'a BTreeMap<&'a str, &'a Machine>,
    /// A machine that lives and carries this node's name in its tag.
    pub twin: Option<&'a Machine>,
    /// None: the cluster's API could not be asked.
    pub roll: Option<&'a Roll<'a>>,
    /// Why it could not.
    pub silence: &'a str,
    /// The Nodes are this cluster's, beyond doubt.
    pub ours: bool,
    pub at: jiff::Timestamp,
}

pub(super) struct Judged {
    pub standing: Standing,
    pub findings: Vec<Finding>,
    pub suspect: Option<Suspect>,
}

fn unproven(why: impl Into<String>) -> Condition {
    Condition::Unproven { why: why.into() }
}

impl Member<'_> {
    pub fn judge(&self) -> Judged {
        let recorded = self.node.machine_id.as_deref();
        match (recorded, self.in_state) {
            (Some(recorded), Some(in_state)) if recorded != in_state => self.two_machines(recorded, in_state),
            (Some(id), _) | (None, Some(id)) => match self.listed.get(id) {
                Some(machine) => self.with_machine(machine),
                None => self.unlisted(id),
            },
            (None, None) => self.without_machine(),
        }
    }

    fn tie(&self, id: Option<&str>, machine: Option<&Machine>) -> Option<Tie<'_>> {
        let addresses: Vec<&str> = machine.map(Machine::addresses).unwrap_or_default();
        self.roll.map(|roll| roll.tie(self.name, id, &addresses))
    }

    fn judged(&self, id: Option<&str>, tie: Option<&Tie>, condition: Condition, findings: Vec<Finding>) -> Judged {
        let node_uid = match tie {
            Some(Tie::Node(node)) => Some(node.uid.clone()),
            _ => None,
        };
        let standing = Standing { machine_id: id.map(str::to_owned), node_uid, condition };
        Judged { standing, findings, suspect: None }
    }

    fn two_machines(&self, recorded: &str, in_state: &str) -> Judged {
        let finding = Finding::TwoMachines {
            node: self.name.clone(),
            recorded: recorded.to_owned(),
            in_state: in_state.to_owned(),
        };
        let why = format!("the record says that its machine is {recorded}, Terraform's state says {in_state}");
        self.judged(Some(recorded), None, unproven(why), vec![finding])
    }

    /// Known, and not in the listing: a suspect, no more.
    fn unlisted(&self, id: &str) -> Judged {
        let tie = self.tie(Some(id), None);
        let finding = Finding::Missing { node: self.name.clone(), machine_id: id.to_owned() };
        let why = format!("the cloud does not list its machine {id}, which proves nothing");
        let mut judged = self.judged(Some(id), tie.as_ref(), unproven(why), vec![finding]);
        judged.suspect = Some(Suspect { node: self.name.clone(), machine_id: id.to_owned() });
        judged
    }

    fn without_machine(&self) -> Judged {
        if let Some(twin) = self.twin {
            let why = format!("machine {} carries its name, and neither the record nor Terraform knows it", twin.id);
            return self.judged(None, None, unproven(why), Vec::new());
        }
        let tie = self.tie(None, None);
        let mut findings = vec![Finding::NotMade { node: self.name.clone() }];
        let condition = match &tie {
            None => self.unasked(),
            Some(Tie::None) => Condition::NeverJoined,
            Some(Tie::Node(node)) => unproven(format!("Node `{}` is there, and no machine of it is known", node.name)),
            Some(Tie::Conflict { node, why }) => {
                findings.push(self.mismatch(&node.name, why));
                unproven(why.clone())
            }
        };
        self.judged(None, tie.as_ref(), condition, findings)
    }

    fn with_machine(&self, machine: &Machine) -> Judged {
        let id = &machine.id;
        let tie = self.tie(Some(id), Some(machine));
        let mut findings = Vec::new();
        if machine.state == MachineState::Terminated {
            findings.push(Finding::Vanished { node: self.name.clone(), machine_id: id.clone() });
            return self.judged(Some(id), tie.as_ref(), Condition::Gone, findings);
        }
        let mut condition = self.condition(machine, tie.as_ref(), &mut findings);
        if machine.node.as_ref() != Some(self.name) {
            let tag = machine.node.clone();
            findings.push(Finding::Mislabelled { node: self.name.clone(), machine_id: id.clone(), tag });
            condition = unproven(format!("the tag of its machine {id} does not name it"));
        }
        let (node, machine_id, stack) = (self.name.clone(), id.clone(), self.stack.clone());
        if self.in_state.is_none() {
            condition = unproven(format!("Terraform's state of {stack} does not have its machine {id}"));
            findings.push(Finding::NotInState { node, machine_id, stack });
        } else if self.node.machine_id.is_none() {
            findings.push(Finding::NotRecorded { node, machine_id, stack });
        }
        self.judged(Some(id), tie.as_ref(), condition, findings)
    }

    /// Of a machine that is not terminated.
    fn condition(&self, machine: &Machine, tie: Option<&Tie>, findings: &mut Vec<Finding>) -> Condition {
        let (node, machine_id, state) = (self.name.clone(), machine.id.clone(), machine.state);
        match state {
            MachineState::Running | MachineState::Terminated => {}
            MachineState::Stopped => findings.push(Finding::Stopped { node, machine_id }),
            MachineState::Pending | MachineState::Stopping | MachineState::ShuttingDown => {
                findings.push(Finding::Unsettled { node, machine_id, state });
            }
        }
        let (node, machine_id) = (self.name.clone(), machine.id.clone());
        let condition = match tie {
            None => return self.unasked(),
            Some(Tie::Conflict { node, why }) => {
                findings.push(self.mismatch(&node.name, why));
                return unproven(why.clone());
            }
            Some(Tie::None) => {
                findings.push(match self.node.joined {
                    true => Finding::NodeMissing { node, machine_id },
                    false => Finding::NeverJoined { node, machine_id },
                });
                self.without_node(machine)
            }
            Some(Tie::Node(found)) if found.ready => {
                if matches!(state, MachineState::Stopping | MachineState::Stopped) {
                    return unproven(format!("its machine is {state}, and its Node is still called Ready"));
                }
                Condition::Ready
            }
            Some(Tie::Node(found)) => {
                findings.push(Finding::NotReady { node, machine_id, last_heartbeat: found.last_heartbeat });
                Condition::NotReady
            }
        };
        match state {
            // Within a minute it is terminated, which is proof; until then nothing is known.
            MachineState::ShuttingDown => unproven("its machine is shutting down, and not terminated yet"),
            _ => condition,
        }
    }

    fn unasked(&self) -> Condition {
        unproven(format!("the cluster's API cannot be asked: {}", self.silence))
    }

    /// No Node has anything of its machine, which says something of this cluster's Nodes alone.
    fn without_node(&self, machine: &Machine) -> Condition {
        if self.ours && self.node.joined {
            // Its kubelet may live, and run what it was last told to.
            let why = "its machine was a node of the cluster, and its Node was deleted: what still runs there is not seen; \
                       its kubelet makes another Node when it is restarted";
            return Condition::Unseen { why: why.to_owned() };
        }
        if self.ours {
            return self.starting(machine).map_or(Condition::NeverJoined, |why| Condition::Unseen { why });
        }
        let why = "no Node of the cluster that kubectl reaches is a machine of this cluster, so it may be another one's; \
                   name the right kubeconfig with --kubeconfig, or let a machine join first";
        Condition::Unseen { why: why.to_owned() }
    }

    /// Why the machine may become a Node at any moment.
    fn starting(&self, machine: &Machine) -> Option<String> {
        let id = &machine.id;
        if machine.state == MachineState::Pending {
            return Some(format!("its machine {id} is still starting, and may join at any moment"));
        }
        let started = machine.launched.filter(|started| self.at.duration_since(*started) < STARTING)?;
        let minutes = STARTING.as_mins();
        Some(format!("its machine {id} was started at {started:.0}, and may still join in the first {minutes} minutes"))
    }

    fn mismatch(&self, kubernetes_node: &str, why: &str) -> Finding {
        Finding::Mismatch { node: self.name.clone(), kubernetes_node: kubernetes_node.to_owned(), why: why.to_owned() }
    }
}
