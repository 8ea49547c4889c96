//! Why machines are not provisioned, for people, with how to run only them again.

use std::collections::BTreeMap;

use crate::model::failure::{Failure, Kind};
use crate::model::file::ClusterFile;
use crate::model::names::NodeName;
use crate::ops::ports::provisioner::{HostFailure, Played};

/// How many lines of a program's output an error quotes.
const QUOTED_LINES: usize = 10;

/// Why a machine is not provisioned. None if it is.
pub fn failed(played: &Played, node: &NodeName, file: &ClusterFile) -> Option<Failure> {
    let Some(end) = played.hosts.get(node) else {
        return Some(partly(format!("{node} could not be provisioned")).because("Ansible did not tell of it"));
    };
    end.failure.as_ref().map(|failure| of_host(node, end.tasks, failure, file))
}

/// `tasks`: how many ended on it, the one that failed included.
fn of_host(node: &NodeName, tasks: u32, failure: &HostFailure, file: &ClusterFile) -> Failure {
    let HostFailure { unreachable, on_the_way, task, message, output } = failure;
    if !unreachable {
        let failure = partly(format!("{node} could not be provisioned: it failed in `{task}`")).because(message);
        return output.iter().map(|output| last_lines(output)).fold(failure, Failure::because);
    }
    if *on_the_way {
        return of_jump_host(message, file.ssh.jump.as_deref().unwrap_or_default());
    }
    // OpenSSH's own words, the same in each of its versions.
    if message.contains("Host key verification failed") {
        return partly(format!("{node} was not logged in to: another host key than its own answers at its address"))
            .because("its key is kept in the record since the first contact, and a changed one is refused")
            .hint(format!("find out who answers there; if the machine is to go: scaler scale-down --node {node}"));
    }
    if tasks > 1 {
        return partly(format!("{node} answers to SSH no more, since `{task}`")).because(message);
    }
    let failure = partly(format!("{node} could not be reached by SSH"));
    if message.contains("Permission denied") {
        return failure
            .because(format!("it does not let user `{}` in: {message}", file.ssh.user))
            .hint("`ssh.user` and `ssh.privateKeyFile` of the cluster file say who logs in, and with what");
    }
    failure.because(message)
}

/// The same for all machines behind it.
fn of_jump_host(message: &str, jump: &str) -> Failure {
    let what = |end: &str| partly(format!("no machine was reached: the host to go through, `{jump}`, {end}"));
    if message.contains("Host key verification failed") {
        return what("has another host key than before")
            .because("its key is kept in the record since the first contact, and a changed one is refused")
            .hint("find out who answers there; if the host was replaced, write its new key as `ssh.jumpHostKey`");
    }
    if message.contains("Permission denied") {
        return what("does not let us in").because(message).hint(
            "`ssh.jump` of the cluster file says who logs in there; `ssh.privateKeyFile` or the SSH agent, with what",
        );
    }
    what("was not").because(message)
}

/// Of several machines, one error; the way to run them again is one command.
pub fn together(failed: BTreeMap<NodeName, Failure>) -> Option<Failure> {
    let names: Vec<&str> = failed.keys().map(NodeName::as_str).collect();
    let again = format!("when that is mended: scaler provision --limit {}", names.join(","));
    let mut failures: Vec<Failure> = failed.values().cloned().collect();
    failures.dedup();
    let told = match failures.len() {
        0 => return None,
        1 => failures.remove(0),
        _ => {
            let all = partly(format!("{} machines could not be provisioned: {}", names.len(), names.join(", ")));
            failures.into_iter().fold(all, |mut all, one| {
                all.hints
                    .extend(one.hints.iter().filter(|hint| !all.hints.contains(hint)).cloned().collect::<Vec<_>>());
                all.because(one)
            })
        }
    };
    Some(told.with_kind(Kind::Partial).hint(again))
}

fn partly(what: String) -> Failure {
    Failure::new(Kind::Partial, what)
}

/// The end of what a program said; all of it is in the log that is kept.
fn last_lines(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n")
}

#[cfg(test)]
mod tests;
