use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::{connect, operate, plan_file, report};
use crate::model::failure::Result;
use crate::model::plan::Request;
use crate::ops::prepare;

/// Show what apply would change: nodes, their drains, and Terraform's own changes. Changes nothing itself.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Save the decisions to this file, for `scaler apply PLAN`.
    #[arg(long, value_name = "PLAN")]
    out: Option<PathBuf>,
    /// End with exit code 2 if there are changes; a cluster file that would only be stored is one.
    #[arg(long)]
    detailed_exitcode: bool,
    /// A node that is not Ready and whose pods may be lost; once for each.
    #[arg(long, value_name = "NODE")]
    accept_lost: Vec<String>,
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let cluster = app.look(connect::open(app, &args.target, None)).await?;
    let request = Request::Apply { accept_lost: operate::names(&args.accept_lost) };
    let prepared = app.look(prepare::prepare(&cluster.ports, &cluster.task, request)).await?;
    if let Some(path) = &args.out {
        plan_file::write(&app.settings.folder.join(path), &prepared.plan, &cluster.task)?;
    }
    app.print(&report::plan(&prepared, app.width()), &report::plan_document(&prepared))?;
    let changes = args.detailed_exitcode && !prepared.plan.is_empty();
    Ok(if changes { ExitCode::from(2) } else { ExitCode::SUCCESS })
}
