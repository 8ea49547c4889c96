//! The commands about images that were built; one file each.

mod list;
mod prune;

use std::process::ExitCode;

use clap::Subcommand;

use crate::cli::app::App;
use crate::model::failure::Result;

/// The images that were built for the cluster.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Image,
}

#[derive(Debug, Subcommand)]
enum Image {
    List(list::Args),
    Prune(prune::Args),
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    match args.command {
        Image::List(args) => list::run(app, args).await,
        Image::Prune(args) => prune::run(app, args).await,
    }
}
