//! What a person sees: errors, progress, tables, questions.

mod ask;
mod failure;
mod progress;
mod table;
mod text;

pub use ask::ask;
pub use failure::failure;
pub use progress::{Style, progress};
pub use table::Table;
pub use text::wrapped;
