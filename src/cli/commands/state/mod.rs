//! The commands about the store; one file each.

mod history;
mod init;
mod r#move;
mod prune;
mod pull;
mod rollback;
mod show;
mod unlock;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;

use crate::cli::app::App;
use crate::cli::connect;
use crate::model::failure::Result;
use crate::ops::lock::Seeker;
use crate::ops::ports::Store;

/// What the store keeps of the cluster.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: State,
}

#[derive(Debug, Subcommand)]
enum State {
    Init(init::Args),
    History(history::Args),
    Show(show::Args),
    Pull(pull::Args),
    Rollback(rollback::Args),
    Prune(prune::Args),
    Unlock(unlock::Args),
    Move(r#move::Args),
}

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    match args.command {
        State::Init(args) => init::run(app, args).await,
        State::History(args) => history::run(app, args).await,
        State::Show(args) => show::run(app, args).await,
        State::Pull(args) => pull::run(app, args).await,
        State::Rollback(args) => rollback::run(app, args).await,
        State::Prune(args) => prune::run(app, args).await,
        State::Move(args) => r#move::run(app, args).await,
        State::Unlock(args) => unlock::run(app, args).await,
    }
}

/// For a command that needs the store's lock, and no cluster.
fn seeker(app: &App, store: Arc<dyn Store>, timeout: Duration) -> Seeker {
    Seeker {
        store,
        clock: connect::clock(),
        holder: app.settings.holder(),
        timeout,
        interrupts: app.interrupts.clone(),
        progress: app.progress.clone(),
    }
}
