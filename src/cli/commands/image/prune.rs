use std::process::ExitCode;
use std::time::Duration;

use crate::cli::app::App;
use crate::cli::args::{Target, duration};
use crate::cli::{connect, report};
use crate::model::failure::Result;
use crate::ops::images;
use crate::ops::lock::Seeker;

/// Take away images that nobody needs: deregister them in the cloud, and delete their snapshots.
///
/// Never one that a node was made of, or that a pool of the cluster file, or of the stored one, names by its id; nor the
/// newest of what either file wants, unless the cluster was destroyed. Another version of scaler may want an image of its
/// own: the newest ones that are kept are for that too.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Keep so many of the newest images of each name, for each architecture.
    #[arg(long, value_name = "N", default_value_t = 2)]
    keep: u32,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// Show what would go, and stop.
    #[arg(long)]
    dry_run: bool,
    /// How long to wait while another run holds the cluster's lock.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    lock_timeout: Duration,
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let mut cluster = app.look(connect::open(app, &args.target, None)).await?;
    cluster.task.options.lock_timeout = args.lock_timeout;
    let (ports, task, keep) = (&cluster.ports, &cluster.task, args.keep as usize);
    let found = app.look(images::survey(ports, task, keep)).await?;
    if args.dry_run || found.images.is_empty() {
        app.print(&report::prune_images(&found, keep, app.width()), &found)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes {
        app.show(&report::prune_images(&found, keep, app.width()));
        app.confirm("Take these away? Only `yes` goes on: ")?;
    }
    let seeker = Seeker::of(ports, task, app.interrupts.clone());
    let (pruned, failed) = images::prune(ports, task, seeker, keep, found).await?;
    if failed.is_none() || !pruned.images.is_empty() {
        app.print(&report::prune_images(&pruned, keep, app.width()), &pruned)?;
    }
    failed.map_or(Ok(ExitCode::SUCCESS), Err)
}
