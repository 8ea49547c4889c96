use std::process::ExitCode;
use std::time::Duration;

use crate::cli::app::App;
use crate::cli::args::{Target, duration};
use crate::cli::{connect, report};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::StoreSpec;
use crate::model::store_url;
use crate::ops::relocate::{self, Move};

/// Move the cluster to another store: its record, history, journals and inputs, and Terraform's states.
///
/// Everything is copied and read back under the old store's lock; then the old store is marked, and every command refuses
/// it and names the new one. Which line to write into the cluster file is said at the end. A move that was cut short
/// leaves the old store in force, and is taken up by running it again.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The new store, which must be empty: s3://bucket/prefix, azblob://account/container/prefix or file:///folder.
    #[arg(long, value_name = "URL")]
    to: String,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// Show what would be moved, and stop.
    #[arg(long)]
    dry_run: bool,
    /// How long to wait while another run holds the cluster's lock.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    lock_timeout: Duration,
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    if let StoreSpec::S3 { prefix, .. } = store_url::parse(&args.to)?
        && prefix.is_empty()
    {
        return Err(Failure::new(Kind::Usage, "the new store has no folder in its bucket")
            .because("a cluster file names one, or means the cluster's name")
            .hint("give it as s3://BUCKET/FOLDER"));
    }
    let from = app.look(connect::open_store(app, &args.target)).await?;
    let (to, url) = app.look(connect::other_store(app, &args.target, &args.to)).await?;
    let way = Move { from, to, url };
    let report = app.look(relocate::look(&way)).await?;
    if args.dry_run || report.moved {
        app.print(&report::relocate(&report, app.width()), &report)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes {
        app.show(&report::relocate(&report, app.width()));
        app.confirm("Move it? Only `yes` goes on: ")?;
    }
    let report = relocate::relocate(super::seeker(app, way.from.clone(), args.lock_timeout), &way).await?;
    app.print(&report::relocate(&report, app.width()), &report)?;
    Ok(ExitCode::SUCCESS)
}
