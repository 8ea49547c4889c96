use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::{connect, report};
use crate::model::failure::Result;
use crate::ops::history;

/// Show one generation of the record: its nodes, and what it changed. With `--output json` the whole of it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Its number; the newest without one.
    generation: Option<u64>,
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let store = app.look(connect::open_store(app, &args.target)).await?;
    let (kept, step) = app.look(history::generation(store.as_ref(), args.generation)).await?;
    app.print(&report::generation(&kept, &step, app.width()), &kept)?;
    Ok(ExitCode::SUCCESS)
}
