use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::app::App;
use crate::cli::args::Cli;
use crate::model::failure::Result;

/// Print completions for a shell.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(app: &App, args: Args) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "scaler", &mut script);
    let script = String::from_utf8_lossy(&script);
    app.print(&script, &serde_json::json!({ "script": script }))?;
    Ok(ExitCode::SUCCESS)
}
