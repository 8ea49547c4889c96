use std::process::ExitCode;
use std::time::Duration;

use crate::cli::app::App;
use crate::cli::args::{Target, duration};
use crate::cli::connect::{self, Cluster};
use crate::cli::{report, settle};
use crate::model::failure::Result;
use crate::model::lock::TAKE_OVER_AFTER;
use crate::ops::execute::recover::{self, Goal, Settled};
use crate::ops::{journal, lock};

/// Settle an operation that was cut off, with the cluster file that it was begun with: each part of it that is past its
/// point of no return is finished, every other one is undone.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// Show what would become of it, and stop.
    #[arg(long)]
    dry_run: bool,
    /// How long new machines may take to become Ready nodes.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    join_timeout: Duration,
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let mut cluster = app.look(connect::open(app, &args.target, None)).await?;
    let store = cluster.ports.store.as_ref();
    if let Some(held) = app.look(lock::at_work(store, cluster.ports.clock.now())).await? {
        return Err(held);
    }
    let Some(status) = app.look(journal::unfinished(store)).await? else {
        if !args.dry_run {
            free(app, &mut cluster).await?;
        }
        app.print("Nothing to resume: no operation is unfinished.\n", &None::<Settled>)?;
        return Ok(ExitCode::SUCCESS);
    };
    app.show(&report::to_settle(&status, &status.settling(), app.width()));
    if args.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes {
        app.confirm("Settle it? Only `yes` goes on: ")?;
    }
    let settled =
        settle::carry_out(app, &args.target, &cluster, &status, Goal::Settle, TAKE_OVER_AFTER, args.join_timeout)
            .await?;
    match &settled {
        None => app.print("Nothing to resume: another run was faster.\n", &settled)?,
        Some(done) => app.print(&report::settled(done), &settled)?,
    }
    settled.as_ref().map_or(Ok(()), Settled::verdict)?;
    Ok(ExitCode::SUCCESS)
}

/// The lock of a run that died before it did anything, or after it had done all, is given back.
async fn free(app: &App, cluster: &mut Cluster) -> Result<()> {
    cluster.task.options.lock_timeout = TAKE_OVER_AFTER;
    recover::settle(&cluster.ports, &cluster.task, Goal::Undo, app.interrupts.clone()).await.map(drop)
}
