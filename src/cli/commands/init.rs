use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::cli::app::App;
use crate::model::failure::{Failure, Result};
use crate::model::file;
use crate::model::provider::Provider;

/// Write a commented starter cluster file.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The cloud.
    #[arg(value_enum)]
    provider: Cloud,
    /// The cluster's name.
    #[arg(long, default_value = "demo")]
    name: String,
    /// Where to write it; it must not exist yet. `-` is standard output.
    #[arg(long, value_name = "FILE", default_value = "cluster.yml")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Cloud {
    Aws,
    Azure,
    Sandbox,
}

pub fn run(app: &App, args: Args) -> Result<ExitCode> {
    let provider = match args.provider {
        Cloud::Aws => Provider::Aws,
        Cloud::Azure => Provider::Azure,
        Cloud::Sandbox => Provider::Sandbox,
    };
    let text = file::starter(provider, &args.name)?;
    if args.out.as_os_str() == "-" {
        app.print(&text, &serde_json::json!({ "text": text }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let path = app.settings.folder.join(&args.out);
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let failure = Failure::failed(format!("{} cannot be written", path.display())).because(&error);
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => failure.hint("choose another name with --out; nothing is overwritten"),
            _ => failure,
        }
    })?;
    let shown = args.out.display();
    let text = format!("Wrote {shown}. Read it through, then: scaler plan -f {shown}\n");
    app.print(&text, &serde_json::json!({ "file": path }))?;
    Ok(ExitCode::SUCCESS)
}
