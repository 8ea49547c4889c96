use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::{Change, Target};
use crate::cli::operate::{self, Order};
use crate::model::failure::Result;
use crate::model::journal::Command;

/// Go back to a former generation: its cluster file and the sizes of its pools become the wish again.
///
/// It is an operation like any other: planned, shown and asked about, with drains before a machine goes, and it makes a
/// new generation. Machines never come back: new ones get new names, and those that stand keep what they are made of.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The generation's number, as `scaler state history` tells it.
    generation: u64,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    change: Change,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    operate::run(app, &args.target, &args.change, Order::Rollback(args.generation), Command::Rollback).await
}
