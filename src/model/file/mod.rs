//! The cluster file: what a person writes.

mod cautions;
mod cloud;
mod edit;
mod named;
mod parse;
mod parts;
mod problem;
mod read;
mod report;
mod rules;
mod schema;
mod set;
mod source;
mod starter;
mod text;
pub mod types;
mod yaml;

pub use cautions::cautions;
pub use edit::set_count;
pub use named::{NamedFile, named_files};
pub use parse::{decode, parse};
pub use problem::{Located, Problems};
pub use rules::ssh::host_of;
pub use schema::schema;
pub use set::Set;
pub use starter::starter;
pub use types::*;

#[cfg(test)]
pub(crate) mod tests;
