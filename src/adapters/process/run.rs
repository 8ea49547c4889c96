//! One run of a tool: what it is given, and what may stop it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::capture::{Head, Lines, Stream};
use super::child::Child;
use super::drive::{News, drive};
use super::finished::Finished;
use super::program::Program;
use crate::model::failure::{Failure, Result};
use crate::ops::interrupts::Interrupts;
use crate::ops::lease::Lease;

/// How long a tool may take to end after it was told to, before it is killed; unless its run says otherwise.
pub const STOP_TIME: Duration = crate::model::lock::STOP;

/// How much of a tool's standard output is kept, in bytes; a JSON plan of 10,000 machines is a third of it.
const OUTPUT_LIMIT: usize = 256 << 20;

/// Longer lines, in bytes, come in pieces.
pub(super) const LINE_LIMIT: usize = 4 << 20;

/// Which of a person's signals reaches the tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancel {
    /// The first one stops it, by force after the stop time.
    First,
    /// Only the second one interrupts it, once. It may then take its time for as long as the lease holds: what it is
    /// doing must not be cut off.
    Second,
}

impl Cancel {
    pub(super) fn count(self) -> u32 {
        match self {
            Cancel::First => 1,
            Cancel::Second => 2,
        }
    }
}

/// A run to be. The arguments are visible to everybody on the machine: no secrets there.
pub struct Run {
    pub(super) program: Program,
    pub(super) args: Vec<OsString>,
    pub(super) env: BTreeMap<OsString, Option<OsString>>,
    pub(super) dir: Option<PathBuf>,
    pub(super) holds: Option<PathBuf>,
    pub(super) stdin: Option<Vec<u8>>,
    pub(super) stop_time: Duration,
    pub(super) lease: Option<Lease>,
    pub(super) cancel: Option<(Interrupts, Cancel)>,
    pub(super) stop: CancellationToken,
    output_limit: usize,
}

impl Run {
    pub fn new(program: &Program) -> Run {
        Run {
            program: program.clone(),
            args: Vec::new(),
            env: BTreeMap::new(),
            dir: None,
            holds: None,
            stdin: None,
            stop_time: STOP_TIME,
            lease: None,
            cancel: None,
            stop: CancellationToken::new(),
            output_limit: OUTPUT_LIMIT,
        }
    }

    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Run {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets one variable on top of the clean environment.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Run {
        self.env.insert(name.into(), Some(value.into()));
        self
    }

    /// Takes one variable out of it.
    pub fn without_env(mut self, name: impl Into<OsString>) -> Run {
        self.env.insert(name.into(), None);
        self
    }

    /// Without it, the tool runs where `scaler` does.
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Run {
        self.dir = Some(dir.into());
        self
    }

    /// A [`TemporaryFolder`](super::TemporaryFolder) that the tool works in: it stays until the tool has ended.
    pub fn holds(mut self, folder: impl Into<PathBuf>) -> Run {
        self.holds = Some(folder.into());
        self
    }

    /// Without it, standard input is empty.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Run {
        self.stdin = Some(bytes.into());
        self
    }

    /// How long the tool may take to end after it was told to; then it is killed. 30 seconds without it.
    pub fn stop_time(mut self, time: Duration) -> Run {
        self.stop_time = time;
        self
    }

    /// The tool runs only as long as this lease holds, also after `scaler` is gone.
    pub fn lease(mut self, lease: Option<&Lease>) -> Run {
        self.lease = lease.cloned();
        self
    }

    pub fn cancel(mut self, interrupts: &Interrupts, cancel: Cancel) -> Run {
        self.cancel = Some((interrupts.clone(), cancel));
        self
    }

    /// How many bytes of standard output may be kept; more is an error.
    pub fn output_limit(mut self, bytes: usize) -> Run {
        self.output_limit = bytes;
        self
    }

    /// The tool and its first argument, as errors name it.
    pub(super) fn command(&self) -> String {
        match self.args.first() {
            Some(first) if !first.is_empty() => format!("{} {}", self.program.name(), first.to_string_lossy()),
            _ => self.program.name().to_owned(),
        }
    }

    /// Runs it to its end. An error if it could not be started or watched, or wrote more than the limit; how it ended
    /// otherwise is for the caller to judge. Dropping the future stops the tool as if `scaler` had died.
    pub async fn output(self) -> Result<Finished> {
        let (command, limit) = (self.command(), self.output_limit);
        let mut stdout = Head::new(limit);
        let mut finished = drive(self, |news| {
            if let News::Output(Stream::Out, bytes) = news {
                stdout.push(bytes);
            }
        })
        .await?;
        let (bytes, dropped) = stdout.into_parts();
        if dropped > 0 {
            let text = format!("`{command}` wrote {dropped} bytes more than the {limit} that can be read");
            return Err(Failure::failed(text));
        }
        finished.stdout = bytes;
        Ok(finished)
    }

    /// Runs it to its end and hands on each line, without its end, as it comes.
    pub async fn lines(self, mut line: impl FnMut(Stream, &str)) -> Result<Finished> {
        let (mut out, mut err) = (Lines::new(LINE_LIMIT), Lines::new(LINE_LIMIT));
        let finished = drive(self, |news| match news {
            News::Started => {}
            News::Output(Stream::Out, bytes) => out.push(bytes, |text| line(Stream::Out, text)),
            News::Output(Stream::Err, bytes) => err.push(bytes, |text| line(Stream::Err, text)),
        })
        .await?;
        out.end(|text| line(Stream::Out, text));
        err.end(|text| line(Stream::Err, text));
        Ok(finished)
    }

    /// Starts it and lets it run beside. Must be called within a runtime.
    pub async fn spawn(self) -> Result<Child> {
        Child::start(self).await
    }
}
