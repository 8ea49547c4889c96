//! Drained nodes leave: their machines are reset before they end, as far as that can be done soon.

use std::pin::pin;
use std::time::Duration;

use crate::model::failure::{Failure, Result};
use crate::model::journal::Entry;
use crate::model::names::NodeName;
use crate::model::plan::{PoolChange, Removal, Way};
use crate::ops::interrupts;
use crate::ops::ports::Event;
use crate::ops::ports::provisioner::{Doing, Play, Played};
use crate::render::RunFacts;

use super::super::carry_on::Words;
use super::super::part::PartRun;
use super::super::session::Session;
use super::Newcomers;

/// How long Ansible may be at it, for all machines together. It has 10 s to end then: the apply waits a minute at most.
/// Within it a machine has 10 s to answer, and `kubeadm reset` [`render::RESET_TIMEOUT`].
const PATIENCE: Duration = Duration::from_secs(50);

impl Session<'_> {
    /// Which of the nodes that a pool loses are to leave: those that were drained, and whose machines the playbooks
    /// reach. None without Ansible, which is told.
    pub(in super::super) async fn leaving(&mut self, change: &PoolChange, going: &[&Removal]) -> Vec<NodeName> {
        let drained = going.iter().filter(|removal| removal.way == Way::Drained);
        let mut leaving: Newcomers =
            drained.map(|removal| (removal.node.clone(), removal.machine_id.clone())).collect();
        if leaving.is_empty() || !self.task.file.joins_by_ssh(&change.pool) {
            return Vec::new();
        }
        let unable = match self.ports.provisioner.check().await {
            Ok(()) => self.look_up_addresses(&leaving).await,
            Err(missing) => Err(missing),
        };
        match unable {
            Ok(without) => leaving.retain(|node, _| !without.contains(node)),
            Err(failure) => {
                let text = format!("the machines of pool `{}` end without being reset: {failure}", change.pool);
                self.tell(Event::Warning { text });
                return Vec::new();
            }
        }
        leaving.into_keys().collect()
    }

    /// Resets the machines of the nodes that a part removes, past its point of no return. That it fails, or that there
    /// is no time for it, is a warning: the machines end all the same. Returns whether any may have been reset, after
    /// which the part can only be finished. An error is about the journal or the lease.
    pub(in super::super) async fn leave(&self, run: &PartRun) -> Result<bool> {
        if run.leaving.is_empty() {
            return Ok(false);
        }
        self.note(Entry::Leaving { part: run.id.clone(), nodes: run.leaving.clone() }).await?;
        self.lease.check()?;
        let left = self.carry_on(words(), self.play_leaving(&run.leaving)).await;
        let failed = match left {
            Ok(played) => {
                self.keep_log("leave", &played.log).await;
                not_left(&played, &run.leaving)
            }
            Err(failure) => vec![failure.to_string()],
        };
        if !failed.is_empty() {
            let text = format!("not reset, and removed all the same: {}", failed.join("; "));
            self.tell(Event::Warning { text });
        }
        Ok(true)
    }

    /// Ends in time, with whatever was done until then.
    async fn play_leaving(&self, nodes: &[NodeName]) -> Result<Played> {
        let run = RunFacts { leaving: true, ..RunFacts::default() };
        let play = Play::on(nodes.to_vec(), &self.task.file, &self.record, run);
        let play = Play { doing: Doing::Leave, tags: vec!["leave".into()], ..play };
        let (stop, stopped) = interrupts::channel();
        let mut played = pin!(self.ports.provisioner.play(&play, Some(&self.lease), &stopped));
        tokio::select! {
            biased;
            played = &mut played => return played,
            () = self.ports.clock.sleep(PATIENCE) => {}
            () = self.interrupts.second() => {}
        }
        stop.interrupt();
        played.await
    }
}

/// Those of the nodes whose machines were not reset, each with why.
fn not_left(played: &Played, nodes: &[NodeName]) -> Vec<String> {
    if let Some(broken) = &played.broken {
        let names: Vec<&str> = nodes.iter().map(NodeName::as_str).collect();
        return vec![format!("{} or some of them: {broken}", names.join(", "))];
    }
    let failed = |node: &NodeName| match played.hosts.get(node) {
        Some(end) => end.failure.as_ref().map(|failure| format!("{node} ({})", failure.told())),
        None => Some(format!("{node} (Ansible did not tell of it)")),
    };
    nodes.iter().filter_map(failed).collect()
}

fn words() -> Words {
    Words {
        first:
            "interrupted past the point of no return: the drained machines are reset and removed, and what is done is \
                written down; a second signal ends the resetting and the apply after it"
                .into(),
        second: "the resetting of machines is broken off".into(),
    }
}

/// Why an apply that did nothing does not take the point of no return back.
pub fn after_leaving(run: &PartRun, why: Failure) -> Failure {
    why.context(format!(
        "the drained nodes of stack {} were reset, and their machines are not removed yet",
        run.id.stack
    ))
    .hint("scaler resume removes them")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ops::ports::provisioner::{HostEnd, HostFailure};

    #[test]
    fn who_did_not_leave_is_named_with_the_reason() {
        let nodes = ["a", "b", "c"].map(NodeName::from_text);
        let unreachable = HostFailure {
            unreachable: true,
            on_the_way: false,
            task: "t".into(),
            message: "no route".into(),
            output: None,
        };
        let hosts = BTreeMap::from([
            (nodes[0].clone(), HostEnd::default()),
            (nodes[1].clone(), HostEnd { failure: Some(unreachable), ..HostEnd::default() }),
        ]);
        let mut played = Played { hosts, ..Played::default() };
        assert_eq!(not_left(&played, &nodes), ["b (no route)", "c (Ansible did not tell of it)"]);
        played.broken = Some(Failure::failed("stopped"));
        assert_eq!(not_left(&played, &nodes), ["a, b, c or some of them: stopped"]);
    }
}
