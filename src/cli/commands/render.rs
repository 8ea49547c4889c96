use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::{load, offline};
use crate::model::failure::{Failure, Result};

/// Write every input of Terraform to a folder, without network or login.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder; one is made below it for each stack.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A copy of the cluster's record (cluster.json); without one a new cluster is shown.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

pub fn run(app: &App, args: Args) -> Result<ExitCode> {
    let loaded = load::from_file(app, &args.target)?;
    let stacks = offline::stacks(app, &loaded, args.record.as_deref())?;
    let dir = app.settings.folder.join(&args.out);
    let mut written = Vec::new();
    for (stack, files) in &stacks.files {
        let folder = dir.join("terraform").join(stack.to_string());
        std::fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
        for (name, content) in files {
            let path = folder.join(name);
            std::fs::write(&path, content).map_err(|error| unwritable(&path, &error))?;
            written.push(path);
        }
    }
    let shown = dir.display();
    let text =
        format!("{}Wrote {} files for {} stacks below {shown}.\n", stacks.note, written.len(), stacks.files.len());
    app.print(&text, &serde_json::json!({ "folder": dir, "files": written, "note": stacks.note.trim() }))?;
    Ok(ExitCode::SUCCESS)
}

fn unwritable(path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{} cannot be written", path.display())).because(error)
}
