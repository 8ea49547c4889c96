//! What `doctor` found.

use crate::cli::terminal;
use crate::ops::doctor::{Report, Status};

pub fn doctor(report: &Report, width: usize) -> String {
    let mut text = String::new();
    for check in &report.checks {
        let mark = match check.status {
            Status::Ok => "ok     ",
            Status::Skipped => "skipped",
            Status::Warn => "warning",
            Status::Fail => "FAILED ",
        };
        let line = format!("{}: {}", check.name, check.detail);
        text.push_str(&terminal::wrapped(&format!("{mark}  "), "         ", &line, width));
        if let Some(fix) = &check.fix {
            text.push_str(&terminal::wrapped("         fix: ", "         ", fix, width));
        }
    }
    text
}
