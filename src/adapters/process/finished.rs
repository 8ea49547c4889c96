//! How a tool ended, and what to tell people about it.

use rustix::process::Signal;

use super::capture::Tail;
use super::protocol::Status;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::redact::Redactor;

/// How many of the last lines of its standard error an error text quotes.
const QUOTED_LINES: usize = 40;

/// Who stopped a tool that did not end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoppedBy {
    /// A person's signal, or the caller of this run.
    Interrupt,
    /// The cluster's lock was lost, or could not be renewed in time.
    LostLease,
}

#[derive(Debug)]
pub struct Finished {
    /// The tool and its first argument.
    pub command: String,
    pub status: Status,
    /// Set even if the tool then ended as if nothing had happened.
    pub stopped: Option<StoppedBy>,
    /// Empty if the lines were handed on.
    pub stdout: Vec<u8>,
    pub(super) stderr: Tail,
    pub(super) redactor: Redactor,
}

#[cfg(test)]
impl Finished {
    /// An end that wrote nothing.
    pub fn of(command: &str, status: Status, stopped: Option<StoppedBy>) -> Finished {
        let (stderr, redactor) = (Tail::new(1 << 10), Redactor::default());
        Finished { command: command.to_owned(), status, stopped, stdout: Vec::new(), stderr, redactor }
    }

    pub fn with_stderr(mut self, text: &str) -> Finished {
        self.stderr.push(text.as_bytes());
        self
    }
}

impl Finished {
    pub fn succeeded(&self) -> bool {
        self.status == Status::Exited(0) && self.stopped.is_none()
    }

    /// The exit code, unless a signal ended it.
    pub fn code(&self) -> Option<i32> {
        match self.status {
            Status::Exited(code) => Some(code),
            Status::Signalled(_) => None,
        }
    }

    /// Itself, or why it is no success.
    pub fn ok(self) -> Result<Finished> {
        if self.succeeded() { Ok(self) } else { Err(self.failure()) }
    }

    /// The end of what it wrote to standard error, fit for people.
    pub fn stderr(&self) -> String {
        self.redactor.redact(&self.stderr.text()).into_owned()
    }

    /// The error that this end is.
    pub fn failure(&self) -> Failure {
        let failure = match (self.stopped, self.status) {
            (Some(StoppedBy::Interrupt), _) => {
                Failure::new(Kind::Interrupted, format!("`{}` was interrupted", self.command))
            }
            (Some(StoppedBy::LostLease), _) => {
                let what = format!("`{}` was stopped because the cluster's lock was lost", self.command);
                Failure::new(Kind::Partial, what).hint("`scaler status` shows what was done and who holds the lock now")
            }
            (None, Status::Exited(code)) => Failure::failed(format!("`{}` failed with exit code {code}", self.command)),
            (None, Status::Signalled(signal)) => {
                Failure::failed(format!("`{}` was ended by {}", self.command, signal_name(signal)))
            }
        };
        let stderr = self.stderr();
        let lines: Vec<&str> = stderr.trim_end().lines().collect();
        match &lines[lines.len().saturating_sub(QUOTED_LINES)..] {
            [] => failure,
            last => failure.because(last.join("\n")),
        }
    }
}

/// `SIGKILL`, or the number where the system has no name for it.
fn signal_name(number: i32) -> String {
    const NAMES: &[(Signal, &str)] = &[
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::HUP, "SIGHUP"),
        (Signal::ILL, "SIGILL"),
        (Signal::INT, "SIGINT"),
        (Signal::KILL, "SIGKILL"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::TERM, "SIGTERM"),
    ];
    let name = NAMES.iter().find(|(signal, _)| signal.as_raw() == number);
    match name {
        Some((Signal::KILL, name)) => format!("{name} (the system kills so when it is out of memory)"),
        Some((_, name)) => (*name).to_owned(),
        None => format!("signal {number}"),
    }
}
