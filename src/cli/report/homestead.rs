//! What a store lies in, for people.

use crate::cli::terminal;
use crate::ops::homestead::Report;

pub fn text(report: &Report, width: usize) -> String {
    let Report { home, lacks, .. } = report;
    let mut text = match (lacks.is_empty(), report.mended) {
        (true, _) => format!("Ready: {home} is as it should be.\n"),
        (false, false) => format!("Not ready yet: {home}.\n"),
        (false, true) => format!("Ready: {home} was made so. What was missing:\n"),
    };
    for lack in lacks {
        text.push_str(&terminal::wrapped("  - ", "    ", &lack.why, width));
    }
    for unclear in &report.unclear {
        text.push_str(&terminal::wrapped("  ? ", "    ", unclear, width));
    }
    text
}
