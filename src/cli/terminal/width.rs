//! How wide the terminal is.

use comfy_table::Table;

/// The columns of the terminal behind standard output or standard error; None where neither is one.
pub fn width() -> Option<usize> {
    Table::new().width().or_else(|| Table::new().use_stderr().width()).map(usize::from)
}
