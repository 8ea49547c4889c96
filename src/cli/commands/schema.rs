use std::process::ExitCode;

use crate::cli::app::App;
use crate::model::failure::Result;
use crate::model::file;

/// Print the cluster file's JSON Schema.
#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(app: &App, _args: Args) -> Result<ExitCode> {
    let schema = file::schema();
    app.print(&format!("{schema:#}\n"), &schema)?;
    Ok(ExitCode::SUCCESS)
}
