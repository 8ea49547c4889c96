use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::{connect, report};
use crate::model::failure::Result;
use crate::ops::lock::Freer;
use crate::ops::unlock;

/// Show who holds the cluster's lock, and free one that was left behind by a run that died.
///
/// A lock that is renewed is refused: who is at work is to end by themselves. Freeing undoes and finishes nothing: an
/// operation that was cut off stays open, and the next command that changes the cluster settles it, or `scaler abort`
/// undoes what can be undone. Terraform's own locks on the states are shown and left alone.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// Show who holds it, and stop.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let freer = Freer {
        store: app.look(connect::open_store(app, &args.target)).await?,
        clock: connect::clock(),
        holder: app.settings.holder(),
        interrupts: app.interrupts.clone(),
        progress: app.progress.clone(),
    };
    let looked = app.look(unlock::look(&freer)).await?;
    let report = looked.report;
    let left = match looked.next {
        Some(Ok(left)) if !args.dry_run => left,
        Some(Err(live)) if !args.dry_run => {
            app.show(&report::unlock(&report, app.width()));
            return Err(live);
        }
        _ => {
            app.print(&report::unlock(&report, app.width()), &report)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    if !args.yes {
        app.show(&report::unlock(&report, app.width()));
        app.confirm("Free this lock? Only `yes` goes on: ")?;
    }
    let report = unlock::free(&freer, left, report).await?;
    app.print(&report::unlock(&report, app.width()), &report)?;
    Ok(ExitCode::SUCCESS)
}
