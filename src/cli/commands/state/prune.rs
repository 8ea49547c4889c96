use std::process::ExitCode;
use std::time::Duration;

use crate::cli::app::App;
use crate::cli::args::{Target, duration};
use crate::cli::{connect, report};
use crate::model::failure::Result;
use crate::model::retention::Keep;
use crate::ops::prune::{self, Scope};

/// Delete generations of the record that are old and many, with the journals and logs of their operations, and inputs that
/// nothing refers to any more.
///
/// What either option wants stays. The current generation stays, and so does an operation that is not finished.
/// Operations do the same after their commit, with the defaults; inputs go only here.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Keep so many of the newest generations.
    #[arg(long, value_name = "N", default_value_t = Keep::USUAL.generations, value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
    /// Keep everything of so many last days.
    #[arg(long, value_name = "D", default_value_t = Keep::USUAL.days, value_parser = clap::value_parser!(u32).range(..=36_500))]
    keep_days: u32,
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
    let store = app.look(connect::open_store(app, &args.target)).await?;
    let keep = Keep { generations: args.keep, days: args.keep_days };
    let found = app.look(prune::survey(store.as_ref(), keep, connect::clock().now(), Scope::All)).await?;
    if args.dry_run || found.is_empty() {
        app.print(&report::prune(&found, app.width()), &found)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes {
        app.show(&report::prune(&found, app.width()));
        app.confirm("Delete this? Only `yes` goes on: ")?;
    }
    let pruned = prune::prune(super::seeker(app, store, args.lock_timeout), found).await?;
    app.print(&report::prune(&pruned, app.width()), &pruned)?;
    Ok(ExitCode::SUCCESS)
}
