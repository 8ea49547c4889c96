use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::connect;
use crate::model::failure::{Failure, Result};
use crate::ops::history;

/// Print the record, as `render --record` takes it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let store = app.look(connect::open_store(app, &args.target)).await?;
    let text = app.look(history::pull(store.as_ref())).await?;
    let document: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| Failure::failed("the record cannot be printed").caused_by(&error))?;
    app.print(&text, &document)?;
    Ok(ExitCode::SUCCESS)
}
