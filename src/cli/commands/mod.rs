//! One file a command; its doc comment is its help.

mod abort;
mod apply;
mod build_image;
mod completions;
mod destroy;
mod doctor;
mod image;
mod init;
mod kubeconfig;
mod man;
mod plan;
mod provision;
mod render;
mod resume;
mod scale_down;
mod scale_up;
mod schema;
mod state;
mod status;
mod validate;

use std::process::ExitCode;

use clap::Subcommand;

use super::app::App;
use crate::model::failure::Result;

#[derive(Debug, Subcommand)]
pub enum Command {
    Init(init::Args),
    Validate(validate::Args),
    Schema(schema::Args),
    Render(render::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    ScaleUp(scale_up::Args),
    ScaleDown(scale_down::Args),
    Provision(provision::Args),
    Kubeconfig(kubeconfig::Args),
    BuildImage(build_image::Args),
    Image(image::Args),
    Resume(resume::Args),
    Abort(abort::Args),
    Destroy(destroy::Args),
    Status(status::Args),
    Doctor(doctor::Args),
    State(state::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Command {
    pub async fn run(self, app: &App) -> Result<ExitCode> {
        match self {
            Command::Init(args) => init::run(app, args),
            Command::Validate(args) => validate::run(app, args),
            Command::Schema(args) => schema::run(app, args),
            Command::Render(args) => render::run(app, args),
            Command::Plan(args) => plan::run(app, args).await,
            Command::Apply(args) => apply::run(app, args).await,
            Command::ScaleUp(args) => scale_up::run(app, args).await,
            Command::ScaleDown(args) => scale_down::run(app, args).await,
            Command::Provision(args) => provision::run(app, args).await,
            Command::Kubeconfig(args) => kubeconfig::run(app, args).await,
            Command::BuildImage(args) => build_image::run(app, args).await,
            Command::Image(args) => image::run(app, args).await,
            Command::Resume(args) => resume::run(app, args).await,
            Command::Abort(args) => abort::run(app, args).await,
            Command::Destroy(args) => destroy::run(app, args).await,
            Command::Status(args) => status::run(app, args).await,
            Command::Doctor(args) => doctor::run(app, args).await,
            Command::State(args) => state::run(app, args).await,
            Command::Completions(args) => completions::run(app, args),
            Command::Man(args) => man::run(app, args),
        }
    }
}
