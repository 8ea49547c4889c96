//! Terraform or OpenTofu, as a program.
//!
//! Each stack has a private folder. A saved plan is a file in memory: it has no name in any file system, so it is gone
//! with this process, however that ends. Terraform's own words are kept in every error, without secrets, and the
//! causes that are known are explained.

mod adapter;
mod args;
mod diagnostics;
mod encryption;
mod explain;
mod failure;
mod folder;
mod initialised;
mod lock_info;
mod news;
mod port;
mod printed;
mod providers;
mod saved;
mod version;

pub use adapter::{Options, TerraformCli};
pub use folder::ERRORED_STATE;
