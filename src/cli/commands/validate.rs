use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::load;
use crate::cli::terminal::wrapped;
use crate::model::failure::Result;
use crate::model::file::cautions;

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
    let notes = cautions(&loaded);
    let noted: String = notes.iter().map(|note| wrapped("note: ", "      ", note, app.width())).collect();
    let document = serde_json::json!({ "valid": true, "cluster": loaded.name, "pools": pools, "notes": notes });
    app.print(&format!("{text}{noted}"), &document)?;
    Ok(ExitCode::SUCCESS)
}
