//! Labels and taints of nodes that stand.

use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::Entry;
use crate::model::kubernetes::Patched;
use crate::model::plan::Labelling;
use crate::ops::drain::{TRIES, never_alone, pause};
use crate::ops::ports::{Event, Kubernetes};

use super::Ended;
use super::session::Session;

impl Session<'_> {
    /// Makes the labels and taints of nodes what the plan says. An error: some may be so, and the record must keep the
    /// cluster file that it has, so that the next `apply` finds the rest.
    pub(super) async fn label(&mut self, ended: &mut Ended) -> Result<()> {
        let labels = &self.plan.labels;
        if labels.is_empty() {
            return Ok(());
        }
        let kubernetes = self.ports.kubernetes.clone()?;
        let step = "label".to_owned();
        let title = match labels.len() {
            1 => "labels and taints of 1 node".to_owned(),
            nodes => format!("labels and taints of {nodes} nodes"),
        };
        self.tell(Event::StepStarted { step: step.clone(), title: title.clone() });
        let nodes = labels.iter().map(|one| (one.node.clone(), one.node_uid.clone())).collect();
        self.note(Entry::Labelling { nodes }).await?;
        for labelling in labels {
            self.interrupts.check()?;
            if let Err(failure) = self.label_one(kubernetes.as_ref(), labelling).await {
                self.tell(Event::StepFailed { step, title, why: failure.to_string() });
                return Err(
                    failure.hint("`scaler apply` goes on with the labels and taints that are still to be changed")
                );
            }
        }
        self.note(Entry::Labelled).await?;
        self.tell(Event::StepDone { step, title });
        ended.labelled.extend(labels.iter().map(|one| one.node.clone()));
        Ok(())
    }

    /// Puts on new Nodes what their kubelets did not register them with. An error: some may have it, and others not.
    pub(super) async fn label_newcomers(&self, kubernetes: &dyn Kubernetes, lacking: &[Labelling]) -> Result<()> {
        if lacking.is_empty() {
            return Ok(());
        }
        let nodes = lacking.iter().map(|one| (one.node.clone(), one.node_uid.clone())).collect();
        self.note(Entry::Labelling { nodes }).await?;
        for labelling in lacking {
            self.label_one(kubernetes, labelling).await?;
        }
        self.note(Entry::Labelled).await
    }

    /// From a fresh look each time. A Node that is gone meanwhile, or another one, has nothing to be kept.
    async fn label_one(&self, kubernetes: &dyn Kubernetes, labelling: &Labelling) -> Result<()> {
        for tries in 1..=TRIES {
            let node = kubernetes.node(labelling.node.as_str()).await?;
            let Some(change) = node.and_then(|node| labelling.change(&node)) else { return Ok(()) };
            self.lease.check()?;
            match kubernetes.change_labels(&change).await {
                Ok(Patched::Done(_) | Patched::Gone) => return Ok(()),
                Ok(Patched::Conflict) => {}
                // The answer may be lost and the change done; the next look tells.
                Err(failure) if failure.kind == Kind::Failed && tries < TRIES => {}
                Err(failure) => return Err(told(labelling, failure)),
            }
            self.ports.clock.sleep(pause(tries)).await;
        }
        Err(never_alone(&labelling.node, "labelled"))
    }
}

fn told(labelling: &Labelling, failure: Failure) -> Failure {
    failure.context(format!("labels and taints of node {} could not be changed", labelling.node))
}
