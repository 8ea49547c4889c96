use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::{Change, Target};
use crate::cli::operate::{self, Order};
use crate::model::failure::Result;
use crate::model::journal::Command;

/// Remove everything that belongs to the cluster, pool by pool, drained as far as the deadlines allow.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The cluster's name, instead of typing it when asked. Needed beside --yes.
    #[arg(long, value_name = "CLUSTER")]
    name: Option<String>,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    change: Change,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let order = Order::Destroy { name: args.name };

    operate::run(app, &args.target, &args.change, order, Command::Destroy).await
}
