//! What a store lies in, for people.

use crate::cli::terminal;
use crate::ops::homestead::Report;

pub fn text(report: &Report, width: usize) -> String {
    let Report { home, lacks, .. } = report;
    let mut text = match (lacks.is_empty(), report.mended, report.by_hand.is_empty()) {
        (true, _, true) => format!("Ready: {home} is as it should be.\n"),
        (false, true, true) => format!("Ready: {home} was made so. What was missing:\n"),
        (_, false, _) => format!("Not ready yet: {home}.\n"),
        (_, true, false) => format!("Made ready as far as this login can: {home}. What was missing:\n"),
    };
    for lack in lacks {
        text.push_str(&terminal::wrapped("  - ", "    ", &lack.why, width));
    }
    for by_hand in &report.by_hand {
        text.push_str(&terminal::wrapped("  ! ", "    ", by_hand, width));
    }
    for unclear in &report.unclear {
        text.push_str(&terminal::wrapped("  ? ", "    ", unclear, width));
    }
    text
}
