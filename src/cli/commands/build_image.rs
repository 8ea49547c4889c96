use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::{connect, report};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::{ClusterFile, Image};
use crate::ops::images;

/// Build the images that pools name as `image: { build: NAME }`, with Packer. One that is there is not built again.
///
/// A machine is made for it in the cloud, goes through the playbooks' tags `prepare` and `install`, becomes an image, and
/// goes. An image is known by a hash of all that goes into it: its base, Kubernetes' version, the playbooks. Without
/// --name and --pool, all that the file's pools use are built. Nothing of the cluster changes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The image of this name in the cluster file's `images`.
    #[arg(long, value_name = "IMAGE", conflicts_with = "pool")]
    name: Option<String>,
    /// The image of this pool.
    #[arg(long, value_name = "POOL")]
    pool: Option<String>,
    /// Build it also if there is one of the same ingredients: with its base as that is now.
    #[arg(long)]
    rebuild: bool,
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let cluster = app.look(connect::open(app, &args.target, None)).await?;
    let mut built = Vec::new();
    let mut failed = None;
    for name in names(&args, &cluster.task.file)? {
        let (ports, task) = (&cluster.ports, &cluster.task);
        if let Err(failure) = images::build(ports, task, &name, args.rebuild, &app.interrupts, &mut built).await {
            failed = Some(failure);
            break;
        }
    }
    if failed.is_none() || built.iter().any(|one| one.new) {
        app.print(&report::built_images(&built, app.width()), &serde_json::json!({ "format": 1, "images": built }))?;
    }
    match failed {
        // What was built before stays.
        Some(failure) if built.iter().any(|one| one.new) => Err(failure.with_kind(Kind::Partial)),
        Some(failure) => Err(failure),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn names(args: &Args, file: &ClusterFile) -> Result<Vec<String>> {
    if let Some(name) = &args.name {
        return Ok(vec![name.clone()]);
    }
    let Some(wanted) = &args.pool else {
        let used = images::used(file);
        if used.is_empty() {
            let what = format!("no pool of cluster `{}` has an image to build", file.name);
            return Err(Failure::new(Kind::Usage, what).hint(
                "give it one: `images: { worker: { base: ubuntu-24.04 } }`, and in the pool `image: { build: worker }`",
            ));
        }
        return Ok(used);
    };
    let pool = file.pool(wanted).ok_or_else(|| {
        let names: Vec<&str> = file.pools.iter().map(|pool| pool.name.as_str()).collect();
        Failure::new(Kind::Usage, format!("cluster `{}` has no pool `{wanted}`", file.name))
            .hint(format!("its pools are: {}", names.join(", ")))
    })?;
    match &pool.image {
        Image::Build(name) => Ok(vec![name.clone()]),
        Image::Id(_) | Image::Family(_) => {
            Err(Failure::new(Kind::Usage, format!("the image of pool `{wanted}` is not one to build"))
                .hint("name one of the file's `images` in the pool: `image: { build: worker }`"))
        }
    }
}
