use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::Target;
use crate::cli::{connect, report};
use crate::model::failure::{Kind, Result};
use crate::ops::homestead;

/// Make ready what the store lies in: a bucket that is private, encrypted and keeps former versions, a container of Azure
/// that is private and keeps what is deleted, or a folder that is closed to others.
///
/// One that is there already is looked at, and changed only if you agree. A bucket of another account is refused. What
/// only the managers of an Azure account can set, such as former versions, is named with the command that does; as long
/// as that is missing, this ends with exit code 6.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Let S3 delete former versions of the store's objects after so many days; without it they are kept for ever.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    expire_versions: Option<u32>,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// Show what is missing, and stop.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    target: Target,
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    let home = app.look(connect::home(app, &args.target)).await?;
    let days = args.expire_versions;
    let report = app.look(homestead::look(home.as_ref(), days)).await?;
    if args.dry_run || report.lacks.is_empty() {
        app.print(&report::homestead(&report, app.width()), &report)?;
        return Ok(if args.dry_run { ExitCode::SUCCESS } else { end(&report) });
    }
    if !args.yes {
        app.show(&report::homestead(&report, app.width()));
        app.confirm("Make it so? Only `yes` goes on: ")?;
    }
    app.interrupts.check()?;
    let report = homestead::mend(home.as_ref(), days, report, app.progress.as_ref()).await?;
    app.print(&report::homestead(&report, app.width()), &report)?;
    Ok(end(&report))
}

/// What others have to mend is not done.
fn end(report: &homestead::Report) -> ExitCode {
    if report.by_hand.is_empty() { ExitCode::SUCCESS } else { Kind::Partial.exit_code().into() }
}
