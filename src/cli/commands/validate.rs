use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::load;
use crate::model::failure::Result;

/// Check a cluster file: all of its problems at once, offline.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,
}

pub fn run(app: &App, args: Args) -> Result<ExitCode> {
    let loaded = load::file_only(app, &args.target)?;
    let pools: Vec<&str> = loaded.pools.iter().map(|pool| pool.name.as_str()).collect();
    let text = format!("cluster `{}` on {} is valid; pools: {}\n", loaded.name, loaded.provider, pools.join(", "));
    app.print(&text, &serde_json::json!({ "valid": true, "cluster": loaded.name, "pools": pools }))?;
    Ok(ExitCode::SUCCESS)
}
