use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::{connect, report};
use crate::model::failure::Result;
use crate::ops::images;

/// List the images that were built, the newest first, and what each is needed for.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let cluster = app.look(connect::open(app, &args.target, None)).await?;
    let found = app.look(images::list(&cluster.ports, &cluster.task)).await?;
    app.print(&report::images(&found, app.width()), &found)?;
    Ok(ExitCode::SUCCESS)
}
