use std::process::ExitCode;

use crate::cli::app::App;
use crate::cli::args::{Change, Target};
use crate::cli::operate::{self, Order};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::Command;
use crate::model::plan::Request;

/// Run the playbooks on machines that stand, so that they become nodes. What is as it should be stays.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these nodes and pools; others are not contacted.
    #[arg(long, value_name = "NODE|POOL", value_delimiter = ',')]
    limit: Vec<String>,
    /// Only these parts of the playbooks: prepare, install, control-plane, join, access.
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    tags: Vec<String>,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    change: Change,
}

const TAGS: [&str; 5] = ["prepare", "install", "control-plane", "join", "access"];

pub async fn run(app: &App, args: Args) -> Result<ExitCode> {
    for tag in &args.tags {
        if tag == "leave" {
            return Err(Failure::new(Kind::Usage, "`leave` takes a machine out of the cluster under its pods")
                .hint("scaler scale-down --node NODE drains it first"));
        }
        if !TAGS.contains(&tag.as_str()) {
            return Err(Failure::new(Kind::Usage, format!("the playbooks have no tag `{tag}`"))
                .hint(format!("they have: {}", TAGS.join(", "))));
        }
    }
    let request = Request::Provision { limit: args.limit, tags: args.tags };
    operate::run(app, &args.target, &args.change, Order::Request(request), Command::Provision).await
}
