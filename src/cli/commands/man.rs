use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::app::App;
use crate::cli::args::Cli;
use crate::model::failure::{Failure, Result};

/// Write the manual pages, one a command.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder to write them to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub fn run(app: &App, args: Args) -> Result<ExitCode> {
    let dir = app.settings.folder.join(&args.out);
    std::fs::create_dir_all(&dir).and_then(|()| clap_mangen::generate_to(Cli::command(), &dir)).map_err(|error| {
        Failure::failed(format!("the manual cannot be written to {}", dir.display())).because(error)
    })?;
    let text = format!("Wrote the manual to {}. Read it with: man {}/scaler.1\n", dir.display(), dir.display());
    app.print(&text, &serde_json::json!({ "folder": dir }))?;
    Ok(ExitCode::SUCCESS)
}
