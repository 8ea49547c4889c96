//! A cluster's move to another store, for people.

use crate::cli::terminal;
use crate::model::{store_line, store_url};
use crate::ops::relocate::Report;

pub fn text(report: &Report, width: usize) -> String {
    let Report { cluster, from, to, objects, .. } = report;
    let mut text = String::new();
    let mut line = |line: String| text.push_str(&terminal::wrapped("", "  ", &line, width));
    if !report.moved {
        line(format!("Cluster {cluster} is to move from {from} to {to}: {objects} objects."));
        if report.resumes {
            line("An earlier move there was cut short; it is taken up.".to_owned());
        }
    } else {
        let size = report.bytes.map(|bytes| format!(", {bytes} bytes")).unwrap_or_default();
        line(format!("Cluster {cluster} is in {to} now: {objects} objects{size}, each of them read back."));
        line(format!("{from} is marked as moved: every command refuses it, and what is in it stays as it is."));
    }
    for key in &report.left_behind {
        line(format!("Not copied: {key}"));
    }
    if let Ok(spec) = store_url::parse(to) {
        let when = if report.moved { "Write this line" } else { "After that, write this line" };
        line(format!("{when} into the cluster file (`scaler apply` then stores the file with it):"));
        // Whole, so that it can be copied.
        text.push_str(&format!("  {}\n", store_line::of(&spec)));
    }
    text
}
