//! The command line's words.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, ValueEnum};

use super::commands::Command;

/// Resizes self-managed Kubernetes clusters, and drains a node before its machine goes.
#[derive(Debug, Parser)]
#[command(name = "scaler", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Exit codes:\n  \
            0    done\n  \
            1    failed\n  \
            2    there are changes (`plan --detailed-exitcode` alone)\n  \
            3    the cluster file is invalid\n  \
            4    another run holds the cluster's lock\n  \
            5    blocked or refused, nothing was destroyed\n  \
            6    partly done or stuck, `scaler status` says what remains\n  \
            64   wrong usage\n  \
            130  interrupted")]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// How the result is printed on standard output.
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// How progress is told on standard error.
    #[arg(long, global = true, value_enum, default_value_t = ProgressStyle::Auto)]
    pub progress: ProgressStyle,
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = ColorWhen::Auto)]
    pub color: ColorWhen,
    /// Log what is asked of tools (-v) and servers (-vv), on standard error.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say at the end how long each step took.
    #[arg(long, global = true)]
    pub timings: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressStyle {
    /// Live on a terminal, plain lines elsewhere.
    Auto,
    Plain,
    /// One JSON document a line.
    Json,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    Auto,
    Always,
    Never,
}

/// Which cluster.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Which cluster")]
pub struct Target {
    /// The cluster file.
    #[arg(short, long, value_name = "FILE", conflicts_with = "cluster")]
    pub file: Option<PathBuf>,
    /// Work from the stored record: s3://bucket/prefix, azblob://account/container/prefix or file:///folder.
    #[arg(long, value_name = "URL")]
    pub cluster: Option<String>,
    /// Change one field of the cluster file for this run, such as pools.workers.max=30. `apply` stores it with the file.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
    /// The kubeconfig to use instead of the cluster file's.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The private key for SSH, instead of the cluster file's.
    #[arg(long, value_name = "FILE", env = "SCALER_SSH_KEY")]
    pub ssh_key: Option<PathBuf>,
    /// Where Terraform's working folders lie; a temporary folder by default.
    #[arg(long, value_name = "DIR")]
    pub work_dir: Option<PathBuf>,
    /// Take Terraform's modules, Ansible's playbooks and Packer's templates from here (terraform/, playbooks/, packer/),
    /// as far as there are any, instead of those built in.
    #[arg(long, value_name = "DIR")]
    pub assets: Option<PathBuf>,
}

/// How to go about a change.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "How")]
pub struct Change {
    /// Do not ask.
    #[arg(short, long)]
    pub yes: bool,
    /// Show what would be done, and stop.
    #[arg(long)]
    pub dry_run: bool,
    /// How long to wait while another run holds the cluster's lock.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub lock_timeout: Duration,
    /// How long new machines may take to become Ready nodes.
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    pub join_timeout: Duration,
    /// A node that is not Ready and whose pods may be lost; once for each.
    #[arg(long, value_name = "NODE")]
    pub accept_lost: Vec<String>,
    /// Where one node's drain does not finish, let the drained ones go.
    #[arg(long)]
    pub partial: bool,
    /// Images that are not there are built before anything is planned. `apply` alone has an option for it.
    #[arg(skip)]
    pub build_images: bool,
}

/// `90s`, `15m`, `1h30m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration =
        text.parse().map_err(|_| format!("`{text}` is not a time such as 90s, 15m or 1h30m"))?;
    Duration::try_from(span).map_err(|_| format!("`{text}` is negative"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert!(duration("15").is_err());
        assert!(duration("-5m").is_err());
    }
}
