//! The talk with one supervisor, from start to end.

use std::future::pending;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::sync::watch;
use tracing::info;

use super::capture::{Stream, Tail};
use super::finished::{Finished, StoppedBy};
use super::link::{Link, millis};
use super::protocol::{Order, Report, Start, Stopped};
use super::run::{Cancel, Run};
use crate::model::failure::{Failure, Kind, Result};
use crate::ops::lease::{Lease, Standing};

/// How much of the end of standard error is kept, in bytes.
const STDERR_LIMIT: usize = 256 << 10;

/// How long output may still come when the supervisor is gone. Only a process that escaped even SIGKILL, or an
/// outsider who killed the supervisor, lets it come to this.
const LAST_OUTPUT: Duration = Duration::from_secs(2);

/// What happens while a tool runs.
pub(super) enum News<'a> {
    Started,
    Output(Stream, &'a [u8]),
}

/// Runs a tool to its end, and tells what happens meanwhile.
pub(super) async fn drive(run: Run, mut tell: impl FnMut(News<'_>)) -> Result<Finished> {
    may_start(&run)?;
    info!(program = %run.program.path().display(), args = ?run.args, dir = ?run.dir, "tool: starts");
    let mut lease = run.lease.as_ref().map(Lease::watch);
    let (mut link, mut output) = Link::start(&run)?;
    link.order(&Order::Start(Box::new(start(&run)))).await;

    let mut stderr = Tail::new(STDERR_LIMIT);
    let mut keep = |stream, bytes: &[u8]| {
        if stream == Stream::Err {
            stderr.push(bytes);
        }
    };
    let mut signal = std::pin::pin!(signal(&run));
    let (mut pid, mut asked, mut signalled, mut told) = (None, None, false, false);
    let end = loop {
        tokio::select! {
            Some((stream, bytes)) = output.next() => {
                keep(stream, bytes);
                tell(News::Output(stream, bytes));
            }
            report = link.report() => match report {
                Some(Report::Started { pid: number }) => {
                    pid = Pid::from_raw(number);
                    tell(News::Started);
                }
                Some(Report::NotStarted { errno, error }) => return Err(not_started(&run, errno, &error)),
                Some(Report::Ended { status, stopped, left }) => break Some((status, stopped, left)),
                None => break None,
            },
            standing = next(&mut lease) => match standing {
                Standing::Held { deadline } => link.order(&Order::Deadline(deadline.into())).await,
                Standing::Lost { .. } => {
                    lease = None;
                    asked.get_or_insert(StoppedBy::LostLease);
                    link.interrupt(Some(run.stop_time)).await;
                }
            },
            patience = &mut signal, if !signalled => {
                signalled = true;
                asked.get_or_insert(StoppedBy::Interrupt);
                link.interrupt(patience).await;
            }
            () = run.stop.cancelled(), if !told => {
                told = true;
                asked.get_or_insert(StoppedBy::Interrupt);
                link.interrupt(Some(run.stop_time)).await;
            }
        }
    };
    if let (None, Some(pid)) = (&end, pid) {
        // The tool died with its supervisor; this ends what the tool had started, as far as it stayed in its group.
        let _ = kill_process_group(pid, Signal::KILL);
    }
    let rest = async {
        while let Some((stream, bytes)) = output.next().await {
            keep(stream, bytes);
            tell(News::Output(stream, bytes));
        }
    };
    // Not to have the last words of a process that nobody could end is no error.
    let _ = tokio::time::timeout(LAST_OUTPUT, rest).await;
    link.reap().await;

    let Some((status, stopped, left)) = end else { return Err(cut_off(&run)) };
    let (Some(status), []) = (status, left.as_slice()) else { return Err(immortal(&run, &left)) };
    let stopped = stopped.map(|stopped| match stopped {
        Stopped::Deadline => StoppedBy::LostLease,
        Stopped::Interrupted | Stopped::Orphaned => asked.unwrap_or(StoppedBy::Interrupt),
    });
    info!(tool = run.command(), status = ?status, stopped = ?stopped, "tool: ended");
    let redactor = run.program.redactor().clone();
    Ok(Finished { command: run.command(), status, stopped, stdout: Vec::new(), stderr, redactor })
}

/// Nothing starts without its lease or after a signal that would stop it, and a missing folder is not to look like a
/// missing program.
fn may_start(run: &Run) -> Result<()> {
    if let Some(lease) = &run.lease {
        lease.check()?;
    }
    if let Some((interrupts, cancel)) = &run.cancel
        && interrupts.count() >= cancel.count()
    {
        return Err(Failure::new(Kind::Interrupted, format!("interrupted before `{}` started", run.command())));
    }
    match &run.dir {
        Some(dir) if !dir.is_dir() => {
            let what = format!("`{}` cannot run in {}, which is not a folder", run.command(), dir.display());
            Err(Failure::failed(what))
        }
        _ => Ok(()),
    }
}

fn start(run: &Run) -> Start {
    Start {
        program: run.program.path().into(),
        args: run.args.clone(),
        env: run.program.host.environment.with(&run.env),
        dir: run.dir.clone().map(Into::into),
        holds: run.holds.clone().map(Into::into),
        stdin: run.stdin.clone(),
        deadline: run.lease.as_ref().and_then(Lease::deadline).map(Into::into),
        stop_millis: millis(run.stop_time),
    }
}

/// Waits for the signal that this run heeds; returns how long the tool may then take, if that is bounded.
async fn signal(run: &Run) -> Option<Duration> {
    let Some((interrupts, cancel)) = &run.cancel else { return pending().await };
    interrupts.reached(cancel.count()).await;
    match cancel {
        Cancel::First => Some(run.stop_time),
        Cancel::Second => None,
    }
}

/// The lease's next standing. If nobody keeps the lease any more, the last deadline stands.
async fn next(lease: &mut Option<watch::Receiver<Standing>>) -> Standing {
    if let Some(standing) = lease
        && standing.changed().await.is_ok()
    {
        return standing.borrow_and_update().clone();
    }
    pending().await
}

fn not_started(run: &Run, errno: Option<i32>, error: &str) -> Failure {
    let failure = Failure::failed(format!("`{}` could not be started", run.command()));
    let failure = failure.because(format!("{}: {error}", run.program.path().display()));
    match errno.map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::NOEXEC) => failure.hint("it is not a program for this machine: install the right one"),
        Some(rustix::io::Errno::TOOBIG) => failure.hint("its arguments and environment are too large for this system"),
        _ => failure,
    }
}

fn cut_off(run: &Run) -> Failure {
    let command = run.command();
    let changes = matches!(&run.cancel, Some((_, Cancel::Second)));
    // What must not be cut off has done a part of its work.
    let kind = if changes { Kind::Partial } else { Kind::Failed };
    let what = format!("`{command}` was cut off: somebody killed the process of scaler that watched over it");
    Failure::new(kind, what).hint("`scaler status` shows what was done before that")
}

fn immortal(run: &Run, left: &[i32]) -> Failure {
    let left: Vec<String> = left.iter().map(i32::to_string).collect();
    let what = format!("`{}` could not be ended: not even SIGKILL stopped all of it", run.command());
    Failure::new(Kind::Partial, what).because(format!("processes that hang in the kernel: {}", left.join(", "))).hint(
        "look at what they wait for (a disk or a network file system that does not answer), or restart the machine",
    )
}
