use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::{connect, report};
use crate::model::failure::Result;
use crate::ops::status;

/// The cluster at a glance: nodes, machines, what differs, and who is at work.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let cluster = app.look(connect::open(app, &args.target, None)).await?;
    let status = app.look(status::status(&cluster.ports, &cluster.task)).await?;
    app.print(&report::status(&status, app.width()), &status)?;
    Ok(ExitCode::SUCCESS)
}
