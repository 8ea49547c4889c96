use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::connect;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::kubeconfig::Kubeconfig;
use crate::ops::access;

/// Fetch the cluster's access from a control plane over SSH, into a file that only you can read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file. Default: the cluster file's `access.kubeconfig`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Put it among what the file has; its current context stays.
    #[arg(long, conflicts_with = "force")]
    merge: bool,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let cluster = app.look(connect::open(app, &args.target, None)).await?;
    let named = cluster.task.file.access.kubeconfig.as_ref();
    let path = match (&args.out, named) {
        (Some(path), _) => app.settings.folder.join(path),
        (None, Some(path)) => app.settings.path(&cluster.task.folder, path),
        (None, None) => {
            return Err(Failure::new(Kind::Usage, "there is no file for it")
                .hint("name one: --out FILE, or `access: { kubeconfig: FILE }` in the cluster file"));
        }
    };
    let before = there(&path)?;
    if before.is_some() && !args.merge && !args.force {
        return Err(Failure::refused(format!("{} is there already", path.display()))
            .hint("--merge puts the cluster among what it has; --force writes over it"));
    }
    let before = before.filter(|_| args.merge);
    let before = before.map(|text| Kubeconfig::parse(&text, &path.to_string_lossy())).transpose()?;
    let fetched = access::fetch(&cluster.ports, &cluster.task, &app.interrupts).await?;
    let whole = before.map_or(fetched.clone(), |before| fetched.merged_into(&before));
    write(&path, &whole.reveal()?)?;
    let name = &cluster.task.file.name;
    let text = format!("Wrote the access to cluster {name} to {}, as context `{name}`.\n", path.display());
    app.print(&text, &json!({ "file": path, "context": name, "merged": args.merge }))?;
    Ok(ExitCode::SUCCESS)
}

fn there(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::failed(format!("{} cannot be read", path.display())).because(error)),
    }
}

/// Beside its place first, then moved: nobody sees half a file, and what was there stays if there is no room.
fn write(path: &Path, text: &str) -> Result<()> {
    let failed =
        |error: std::io::Error| Failure::failed(format!("{} cannot be written", path.display())).because(error);
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    // A temporary file is its owner's alone (0600).
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
