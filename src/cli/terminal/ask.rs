//! Questions.

use std::io::{BufRead, Write};

use crate::model::failure::{Failure, Result};

/// Asks on standard error, so that standard output stays the result's. True if the answer is exactly `wanted`.
pub fn ask(question: &str, wanted: &str) -> Result<bool> {
    let failed = |error: std::io::Error| Failure::failed("the question could not be asked").because(error);
    let mut terminal = std::io::stderr();
    write!(terminal, "{question}").and_then(|()| terminal.flush()).map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(failed)?;
    Ok(answer.trim() == wanted)
}
