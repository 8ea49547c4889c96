//! How `scaler` speaks to a person: failures, progress, tables, questions. All but results goes to standard error.

mod ask;
mod clean;
mod failure;
mod live;
mod log;
mod plain;
mod progress;
mod saying;
mod table;
mod timings;
mod width;
mod wrap;

pub use ask::ask;
pub use clean::clean;
pub use failure::failure;
pub use log::listen;
pub use progress::{Curtain, Style, progress};
pub use table::Table;
pub use timings::Timings;
pub use width::width;
pub use wrap::wrapped;
