use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::{connect, report};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::Fate;
use crate::model::lock::TAKE_OVER_AFTER;
use crate::ops::execute::recover::{self, Goal};
use crate::ops::{journal, lock, record};

/// Undo what an operation left that was cut off, where it did not reach its point of no return: nodes are schedulable
/// again as they were, and its lock is given back.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// Show what was left, and stop.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let mut cluster = app.look(connect::open(app, &args.target, None)).await?;
    // Nobody is at work from here on; only a tool of the former run's may still be on its way out.
    cluster.task.options.lock_timeout = TAKE_OVER_AFTER;
    let store = cluster.ports.store.as_ref();
    // Whoever cannot read the record is to leave the lock alone too.
    app.look(record::load(store)).await?;
    if let Some(held) = app.look(lock::at_work(store, cluster.ports.clock.now())).await? {
        return Err(held);
    }
    if let Some(status) = app.look(journal::unfinished(store)).await? {
        let mut settling = status.settling();
        settling.retain(|one| one.fate == Fate::Undone);
        app.show(&report::to_settle(&status, &settling, app.width()));
        recover::undoable(&status)?;
        if !args.dry_run && !args.yes {
            app.confirm("Undo what it left? Only `yes` goes on: ")?;
        }
    }
    if args.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    let settled = recover::settle(&cluster.ports, &cluster.task, Goal::Undo, app.interrupts.clone()).await?;
    match &settled {
        None => app.print("Nothing to undo: no operation is unfinished.\n", &settled)?,
        Some(done) => app.print(&report::settled(done), &settled)?,
    }
    match settled.filter(|settled| settled.outcome.is_none()) {
        None => Ok(ExitCode::SUCCESS),
        Some(settled) => Err(settled
            .left
            .into_iter()
            .fold(Failure::new(Kind::Partial, "not all of it could be undone"), Failure::because)
            .hint("what is past its point of no return is finished by `scaler resume`")),
    }
}
