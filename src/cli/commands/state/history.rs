use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::{connect, report};
use crate::model::failure::Result;
use crate::ops::history;

/// List the record's generations: who made which, when, and what it changed. The newest comes first.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many, at most.
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let store = app.look(connect::open_store(app, &args.target)).await?;
    let steps = app.look(history::last(store.as_ref(), args.limit)).await?;
    app.print(&report::history(&steps, &store.url(), app.width()), &steps)?;
    Ok(ExitCode::SUCCESS)
}
