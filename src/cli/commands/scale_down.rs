use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::{Change, Target};
use crate::cli::operate::{self, Order};
use crate::cli::write_count;
use crate::model::failure::Result;
use crate::model::journal::Command;
use crate::model::plan::{Request, SizeChange};

/// Remove workers from a pool: each is drained before its machine goes.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("size").required(true))]
pub struct Args {
    /// The pool.
    #[arg(long)]
    pool: String,
    /// Shrink to this many machines; those go whose drain disturbs least.
    #[arg(long, value_name = "N", group = "size")]
    to: Option<u32>,
    /// Shrink by this many machines; those go whose drain disturbs least.
    #[arg(long, value_name = "N", group = "size", value_parser = clap::value_parser!(u32).range(1..))]
    by: Option<u32>,
    /// Remove these nodes; once for each, or with commas.
    #[arg(long = "node", value_name = "NODE", group = "size", value_delimiter = ',')]
    nodes: Vec<String>,
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
        (Some(size), _) => SizeChange::DownTo(size),
        (None, Some(by)) => SizeChange::DownBy(by),
        (None, None) => SizeChange::Without(operate::names(&args.nodes)),
    };
    let accept_lost = operate::names(&args.change.accept_lost);
    let request = Request::Scale { pool: args.pool, change, zone: None, write: None, accept_lost };
    let written = if args.write { write_count::prepare(app, &args.target, &request)? } else { None };
    operate::run_writing(app, &args.target, &args.change, Order::Request(request), Command::ScaleDown, written).await
}
