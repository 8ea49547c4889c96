//! The command line.

use crate::adapters::process::{SUPERVISE, supervise_main};

pub fn main() -> std::process::ExitCode {
    // Before everything else: a supervisor is small, and knows nothing of the command line.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == SUPERVISE) {
        return supervise_main();
    }
    std::process::ExitCode::SUCCESS
}
