//! `scaler`'s ends of the socket and the pipes to one supervisor.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use super::capture::Stream;
use super::protocol::{Order, Report};
use super::run::Run;
use super::supervisor::SUPERVISE;
use crate::model::failure::{Failure, Result};

/// Dropping it closes the socket, by which the supervisor knows that nobody wants the tool any more.
pub(super) struct Link {
    orders: OwnedWriteHalf,
    reports: Lines<BufReader<OwnedReadHalf>>,
    supervisor: Child,
}

impl Link {
    /// Starts a supervisor, which then waits for its first order.
    pub fn start(run: &Run) -> Result<(Link, Output)> {
        let failed = |error: io::Error| {
            Failure::failed(format!("the process that watches over `{}` could not be started", run.command()))
                .caused_by(&error)
        };
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        let theirs = OwnedFd::from(theirs.into_std().map_err(failed)?);
        let mut supervisor = command(run, theirs).spawn().map_err(failed)?;
        let (stdout, stderr) = (supervisor.stdout.take(), supervisor.stderr.take());
        let (reports, orders) = ours.into_split();
        let output = Output { stdout, stderr, out_chunk: vec![0; 64 << 10], err_chunk: vec![0; 16 << 10] };
        Ok((Link { orders, reports: BufReader::new(reports).lines(), supervisor }, output))
    }

    /// A supervisor that is gone takes no orders; its end is seen by [`Link::report`].
    pub async fn order(&mut self, order: &Order) {
        let mut line = serde_json::to_vec(order).expect("an order is plain data");
        line.push(b'\n');
        let _ = self.orders.write_all(&line).await;
    }

    pub async fn interrupt(&mut self, kill_after: Option<Duration>) {
        self.order(&Order::Interrupt { kill_after_millis: kill_after.map(millis) }).await;
    }

    /// The next report; None if the supervisor is gone.
    pub async fn report(&mut self) -> Option<Report> {
        let line = self.reports.next_line().await.ok()??;
        serde_json::from_str(&line).ok()
    }

    /// Waits for the supervisor's own end.
    pub async fn reap(mut self) {
        let _ = self.supervisor.wait().await;
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that starts supervisors")]
fn command(run: &Run, control: OwnedFd) -> Command {
    let mut command = Command::new(&run.program.host.supervisor);
    // The name of the tool is only for people who look at the list of processes.
    command.arg0("scaler").arg(SUPERVISE).arg(run.program.name());
    // A group of its own: what a terminal sends to `scaler` is not meant for it.
    command.stdin(control).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    command
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What the tool writes.
pub(super) struct Output {
    /// None after its end.
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    out_chunk: Vec<u8>,
    err_chunk: Vec<u8>,
}

impl Output {
    /// The next piece; None after the end of both streams. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<(Stream, &[u8])> {
        loop {
            if self.ended() {
                return None;
            }
            let (stream, length) = tokio::select! {
                length = read(&mut self.stdout, &mut self.out_chunk) => (Stream::Out, length),
                length = read(&mut self.stderr, &mut self.err_chunk) => (Stream::Err, length),
            };
            match (stream, length) {
                (Stream::Out, 0) => self.stdout = None,
                (Stream::Err, 0) => self.stderr = None,
                (Stream::Out, length) => return Some((stream, &self.out_chunk[..length])),
                (Stream::Err, length) => return Some((stream, &self.err_chunk[..length])),
            }
        }
    }

    /// True after the end of both streams.
    fn ended(&self) -> bool {
        self.stdout.is_none() && self.stderr.is_none()
    }
}

/// How many bytes came; 0 at the end, which a broken pipe is too.
async fn read(pipe: &mut Option<impl AsyncReadExt + Unpin>, chunk: &mut [u8]) -> usize {
    match pipe {
        Some(pipe) => pipe.read(chunk).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}
