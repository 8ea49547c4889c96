use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::{Change, Target};
use crate::cli::operate::{self, Order};
use crate::model::failure::Result;
use crate::model::journal::Command;
use crate::model::plan::Request;

/// Make the cluster as its file says, or as a saved plan says.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A plan that `scaler plan --out` wrote. It is refused if anything has changed since.
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// First build the images that the file's pools want and that are not there, as `scaler build-image` does.
    #[arg(long, conflicts_with = "plan")]
    build_images: bool,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    change: Change,
}

pub async fn run(app: &App, mut args: Args) -> Result<ExitCode> {
    args.change.build_images = args.build_images;
    let accept_lost = operate::names(&args.change.accept_lost);
    let order = match args.plan {
        Some(path) => Order::Saved(path),
        None => Order::Request(Request::Apply { accept_lost }),
    };
    operate::run(app, &args.target, &args.change, order, Command::Apply).await
}
