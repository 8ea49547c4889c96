//! The events that the playbooks' callback plugin writes, a JSON object a line (playbooks/README.md), and what they come
//! to for each host.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{note, step};
use crate::model::names::NodeName;
use crate::model::redact::Redactor;
use crate::ops::ports::provisioner::{Doing, HostEnd, HostFailure, Play};
use crate::ops::ports::{Event, Progress};

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line {
    Task {
        host: String,
        task: String,
        role: Option<String>,
    },
    Retry {
        host: String,
        task: String,
        attempt: u32,
    },
    Result(Box<Outcome>),
    Stats {
        hosts: BTreeMap<String, Stats>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Outcome {
    host: String,
    task: String,
    role: Option<String>,
    status: String,
    message: Option<String>,
    output: Option<Output>,
    #[serde(default)]
    handled: bool,
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    stdout: Option<String>,
    #[serde(default)]
    stderr: Option<String>,
}

#[derive(Deserialize)]
struct Stats {
    failed: u32,
    unreachable: u32,
}

/// The hosts of one run, as the events tell of them.
pub struct Hosts<'a> {
    progress: &'a dyn Progress,
    redactor: &'a Redactor,
    hosts: BTreeMap<NodeName, HostEnd>,
    doing: Doing,
    /// Ansible came to its end.
    ended: bool,
}

impl<'a> Hosts<'a> {
    pub fn new(progress: &'a dyn Progress, redactor: &'a Redactor, play: &Play) -> Hosts<'a> {
        for host in &play.limit {
            progress.tell(Event::StepStarted { step: step(host.as_str()), title: title(play.doing, host) });
        }
        let hosts = play.limit.iter().map(|host| (host.clone(), HostEnd::default())).collect();
        Hosts { progress, redactor, hosts, doing: play.doing, ended: false }
    }

    /// Takes one line in; false if it is no event.
    pub fn line(&mut self, text: &str) -> bool {
        if !text.starts_with("{\"event\"") {
            return false;
        }
        let Ok(line) = serde_json::from_str(text) else { return false };
        match line {
            Line::Task { host, task, role } => {
                let tasks = self.hosts.get(&NodeName::from_text(host.as_str())).map_or(0, |host| host.tasks);
                self.progress.tell(note(&host, format!("{} ({tasks} tasks done)", titled(role.as_deref(), &task))));
            }
            Line::Retry { host, task, attempt } => {
                self.progress.tell(note(&host, format!("{task} (try {})", attempt + 1)));
            }
            Line::Result(outcome) => self.take(*outcome),
            Line::Stats { hosts } => self.ends(hosts),
            Line::Other => {}
        }
        true
    }

    fn take(&mut self, outcome: Outcome) {
        let Some(host) = self.hosts.get_mut(&NodeName::from_text(outcome.host.as_str())) else { return };
        host.tasks += 1;
        host.changed += u32::from(outcome.status == "changed");
        if outcome.handled || !matches!(outcome.status.as_str(), "failed" | "unreachable") {
            return;
        }
        let clean = |text: &str| self.redactor.redact(text).into_owned();
        let said = outcome.output.map(|output| {
            let texts = [output.stdout, output.stderr].into_iter().flatten().filter(|text| !text.trim().is_empty());
            texts.map(|text| text.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
        });
        let unreachable = outcome.status == "unreachable";
        let message = outcome.message.as_deref().unwrap_or("it gave no reason");
        host.failure = Some(HostFailure {
            unreachable,
            on_the_way: false,
            task: titled(outcome.role.as_deref(), &outcome.task),
            message: clean(if unreachable { of_ssh(message) } else { message }),
            output: said.filter(|text| !text.is_empty()).map(|text| clean(&text)),
        });
    }

    fn ends(&mut self, stats: BTreeMap<String, Stats>) {
        self.ended = true;
        for (name, host) in &mut self.hosts {
            let step = step(name.as_str());
            match stats.get(name.as_str()) {
                // A host without any task had nothing to do; one that failed and was rescued is no failure.
                Some(Stats { failed: 0, unreachable: 0 }) => host.failure = None,
                Some(_) if host.failure.is_none() => {
                    host.failure = Some(untold("Ansible counts it as failed and did not say why"))
                }
                Some(_) => {}
                None => host.failure = Some(untold("Ansible did not come to it")),
            }
            self.progress.tell(match &host.failure {
                None => {
                    let done = if self.doing == Doing::Leave { "reset" } else { "provisioned" };
                    Event::StepDone { step, title: format!("{name} is {done} ({})", counted(host)) }
                }
                Some(failure) => {
                    Event::StepFailed { step, title: title(self.doing, name), why: failure.message.clone() }
                }
            });
        }
    }

    /// How each came out of it; None if Ansible did not come to its end.
    pub fn end(self) -> Option<BTreeMap<NodeName, HostEnd>> {
        if !self.ended {
            for name in self.hosts.keys() {
                let why = "Ansible ended before it was done".to_owned();
                let title = title(self.doing, name);
                self.progress.tell(Event::StepFailed { step: step(name.as_str()), title, why });
            }
        }
        self.ended.then_some(self.hosts)
    }
}

fn title(doing: Doing, host: &NodeName) -> String {
    let doing = if doing == Doing::Leave { "resetting" } else { "provisioning" };
    format!("{doing} {host}")
}

fn titled(role: Option<&str>, task: &str) -> String {
    match role {
        // Ansible puts the role's name before the task's own where there is one.
        Some(role) if !task.starts_with(role) => format!("{role}: {task}"),
        _ => task.to_owned(),
    }
}

/// What SSH itself said: the last line, below whatever banners there are, and behind Ansible's words for it.
fn of_ssh(message: &str) -> &str {
    let last = message.trim_end().lines().last().unwrap_or(message).trim();
    // Its words for a way that ended: why, it keeps to itself.
    if last.ends_with("UNKNOWN port 65535") {
        return "it does not answer to the host that is gone through, or that host went away";
    }
    last.rsplit_once("via ssh: ").or_else(|| last.rsplit_once("over ssh: ")).map_or(last, |(_, said)| said)
}

fn counted(host: &HostEnd) -> String {
    format!("{} tasks, {} changed", host.tasks, host.changed)
}

/// A failure that no task told of.
fn untold(message: &str) -> HostFailure {
    HostFailure {
        unreachable: false,
        on_the_way: false,
        task: String::new(),
        message: message.to_owned(),
        output: None,
    }
}

#[cfg(test)]
mod tests;
