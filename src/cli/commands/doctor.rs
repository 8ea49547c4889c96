use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::{connect, report};
use crate::model::failure::Result;
use crate::ops::doctor::{self, Patient, Status};

/// Look for what is wrong with tools, login, store, cluster and clock, and say how to mend it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: Target,

    /// Write to the store, to see that it keeps conditions: an object of the trial's own, removed again, and a note
    /// that the store passed
    #[arg(long)]
    write_probe: bool,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let cluster = app.look(connect::open(app, &args.target, None)).await?;
    let patient = Patient {
        file: &cluster.task.file,
        ports: &cluster.ports,
        tools: &cluster.tools,
        cloud: cluster.probes.cloud.as_deref(),
        bucket: cluster.probes.bucket.as_deref(),
        write_probe: args.write_probe,
    };
    let found = app.look(async { Ok(doctor::examine(&patient).await) }).await?;
    app.print(&report::doctor(&found, app.width()), &found)?;
    Ok(if found.worst() == Status::Fail { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
