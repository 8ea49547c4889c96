//! A tool that runs beside, such as `kubectl proxy`.

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::capture::{Lines, Stream};
use super::drive::{News, drive};
use super::finished::Finished;
use super::run::{LINE_LIMIT, Run};
use crate::model::failure::{Failure, Result};

/// How many lines wait for a reader; later ones are dropped.
const WAITING_LINES: usize = 1024;

/// A running tool. Dropping it stops the tool as if `scaler` had died.
pub struct Child {
    command: String,
    lines: mpsc::Receiver<(Stream, String)>,
    stop: CancellationToken,
    task: JoinHandle<Result<Finished>>,
}

impl Child {
    pub(super) async fn start(run: Run) -> Result<Child> {
        let (command, stop) = (run.command(), run.stop.clone());
        let (sender, lines) = mpsc::channel(WAITING_LINES);
        let (started, starting) = oneshot::channel();
        let task = tokio::spawn(watch(run, started, sender));
        let mut child = Child { command, lines, stop, task };
        match starting.await {
            Ok(()) => Ok(child),
            // It ended before it started, so there is a reason.
            Err(_) => match child.ended().await {
                Err(failure) => Err(failure),
                Ok(finished) => Err(finished.failure()),
            },
        }
    }

    /// Waits for a line in which `pick` finds something. If the tool ends before that, why it ended is the error.
    pub async fn wait_line<T>(&mut self, mut pick: impl FnMut(Stream, &str) -> Option<T>) -> Result<T> {
        while let Some((stream, line)) = self.lines.recv().await {
            if let Some(found) = pick(stream, &line) {
                return Ok(found);
            }
        }
        let failure = match self.ended().await {
            Err(failure) => failure,
            Ok(finished) => finished.failure(),
        };
        Err(failure.context(format!("`{}` ended too early", self.command)))
    }

    /// Waits until the tool and everything that it started are gone. To be called once.
    pub async fn ended(&mut self) -> Result<Finished> {
        match (&mut self.task).await {
            Ok(result) => result,
            Err(error) => Err(Failure::failed(format!("`{}` could not be watched", self.command)).caused_by(&error)),
        }
    }

    /// Stops the tool and waits until everything of it is gone.
    pub async fn stop(mut self) -> Result<Finished> {
        self.stop.cancel();
        self.ended().await
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // This drops the socket to the supervisor, which knows what that means.
        self.task.abort();
    }
}

async fn watch(run: Run, started: oneshot::Sender<()>, sender: mpsc::Sender<(Stream, String)>) -> Result<Finished> {
    let mut started = Some(started);
    let (mut out, mut err) = (Lines::new(LINE_LIMIT), Lines::new(LINE_LIMIT));
    // Nobody may be reading any more, which is fine.
    let send = |stream, text: &str| drop(sender.try_send((stream, text.to_owned())));
    let finished = drive(run, |news| match news {
        News::Started => started.take().into_iter().for_each(|started| started.send(()).unwrap_or(())),
        News::Output(Stream::Out, bytes) => out.push(bytes, |text| send(Stream::Out, text)),
        News::Output(Stream::Err, bytes) => err.push(bytes, |text| send(Stream::Err, text)),
    })
    .await?;
    out.end(|text| send(Stream::Out, text));
    err.end(|text| send(Stream::Err, text));
    Ok(finished)
}
