//! A cluster's lock for people.

use std::fmt::Write;
use std::time::Duration;

use crate::cli::terminal;
use crate::model::lock::Lock;
use crate::ops::lock::span;
use crate::ops::unlock::{Report, Standing};

pub fn text(report: &Report, width: usize) -> String {
    let Report { store, standing, lock, .. } = report;
    let mut text = match (lock, standing) {
        (None, _) => format!("Nobody holds the lock of {store}: there was no operation yet.\n"),
        (Some(lock), Standing::Free) => {
            let by = &lock.holder;
            format!("Nobody holds the lock of {store}; {} on {} gave it back last.\n", by.user, by.host)
        }
        (Some(lock), _) => held(report, lock),
    };
    if let Some(unfinished) = &report.unfinished {
        let told = format!("Operation {} was not finished: {}", unfinished.operation, unfinished.told);
        text.push_str(&terminal::wrapped("", "  ", &told, width));
    }
    for locked in &report.terraform_locks {
        text.push_str(&terminal::wrapped("", "  ", &format!("Left alone: {}.", locked.told()), width));
    }
    if let Some(fence) = report.freed {
        let _ = writeln!(text, "The lock is free now, with number {fence}.");
        if let Some(unfinished) = &report.unfinished {
            let told = format!(
                "What operation {} left stays as it is until the next command that changes the cluster settles it, or \
                 `scaler abort` undoes what of it can be undone.",
                unfinished.operation
            );
            text.push_str(&terminal::wrapped("", "  ", &told, width));
        }
    }
    text
}

fn held(report: &Report, lock: &Lock) -> String {
    let Lock { holder, operation, fence, acquired, .. } = lock;
    let mut text = format!(
        "The lock of {} is held by {} on {} (pid {}, scaler {}), with number {fence}.\n  {}\n  since {acquired}, operation \
         {operation}\n",
        report.store, holder.user, holder.host, holder.pid, holder.version, holder.command
    );
    let silent = report.silent_seconds.map(|seconds| span(Duration::from_secs(seconds)));
    let _ = match (report.standing, silent) {
        (Standing::LeftBehind, Some(silent)) => {
            let term = span(lock.term());
            writeln!(text, "  It was left behind: not renewed for {silent}, and it lives for {term}.")
        }
        (_, Some(silent)) => writeln!(text, "  It is alive: last renewed {silent} ago."),
        (_, None) => writeln!(text, "  It is alive: it was renewed while it was watched."),
    };
    text
}
