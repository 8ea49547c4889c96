use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::{Change, Target};
use crate::cli::operate::{self, Order};
use crate::cli::write_count;
use crate::model::failure::Result;
use crate::model::journal::Command;
use crate::model::plan::{Request, SizeChange};

/// Add workers to a pool.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("size").required(true))]
pub struct Args {
    /// The pool.
    #[arg(long)]
    pool: String,
    /// Grow to this many machines.
    #[arg(long, value_name = "N", group = "size")]
    to: Option<u32>,
    /// Grow by this many machines.
    #[arg(long, value_name = "N", group = "size", value_parser = clap::value_parser!(u32).range(1..))]
    by: Option<u32>,
    /// Put the new machines into this zone; otherwise they go evenly over all zones.
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// For a pool with `count`: change it in the cluster file too, comments kept.
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    change: Change,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let change = match (args.to, args.by) {
        (Some(size), _) => SizeChange::UpTo(size),
        (None, by) => SizeChange::UpBy(by.unwrap_or_default()),
    };
    let accept_lost = operate::names(&args.change.accept_lost);
    let request = Request::Scale { pool: args.pool, change, zone: args.zone, write: None, accept_lost };
    let written = if args.write { write_count::prepare(app, &args.target, &request)? } else { None };
    operate::run_writing(app, &args.target, &args.change, Order::Request(request), Command::ScaleUp, written).await
}
