//! `scaler status` for people.

use std::fmt::Write;

use super::findings;
use crate::cli::terminal::{self, Table};
use crate::model::lock::LockState;
use crate::ops::status::{NodeLine, Report};

pub fn text(report: &Report, width: usize) -> String {
    let mut text = format!(
        "Cluster {} on {}, account {}, region {}\n",
        report.cluster, report.provider, report.account, report.region
    );
    match report.generation {
        Some(generation) => text.push_str(&format!("Store {}, generation {generation}\n", report.store)),
        None => text.push_str(&format!("Store {}: nothing was applied yet\n", report.store)),
    }
    if !report.control_plane.is_empty() {
        text.push_str("\ncontrol plane\n");
        text.push_str(&nodes(&report.control_plane, width));
    }
    for (name, pool) in &report.pools {
        let bounds = match (pool.min, pool.max) {
            (Some(min), Some(max)) if min == max => format!(", fixed at {min}"),
            (Some(min), Some(max)) => format!(", between {min} and {max}"),
            _ => ", no longer in the cluster file".to_owned(),
        };
        let _ = writeln!(text, "\npool {name}: {}{bounds}", counted(pool.size as usize, "machine"));
        text.push_str(&nodes(&pool.nodes, width));
    }
    if let Some(why) = &report.unreachable {
        text.push('\n');
        text.push_str(&terminal::wrapped("The cluster cannot be reached: ", "  ", why, width));
    }
    if !report.findings.is_empty() {
        text.push_str("\nWhat does not fit together:\n");
    }
    for finding in findings::told(&report.findings) {
        text.push_str(&terminal::wrapped("  - ", "    ", &finding, width));
    }
    if let Some(unfinished) = &report.unfinished {
        text.push_str("\nNot finished:\n");
        text.push_str(&terminal::wrapped(
            "  ",
            "  ",
            &format!("operation {}: {}", unfinished.operation, unfinished.told),
            width,
        ));
        if !unfinished.next.is_empty() {
            text.push_str("  The next command that changes the cluster settles it first, as `scaler resume` does:\n");
        }
        for next in &unfinished.next {
            text.push_str(&terminal::wrapped("  - ", "    ", next, width));
        }
    }
    if let Some(lock) = report.lock.as_ref().filter(|lock| lock.state == LockState::Held) {
        let holder = &lock.holder;
        let _ = writeln!(
            text,
            "\nAt work: {} on {} (pid {}), since {}: {}",
            holder.user, holder.host, holder.pid, lock.acquired, holder.command
        );
    }
    text
}

fn nodes(lines: &[NodeLine], width: usize) -> String {
    let mut table = Table::new(width, ["  NODE", "STATUS", "PODS", "MACHINE", "TYPE", "ZONE", "ID"]);
    for line in lines {
        let machine = match line.machine {
            Some(state) => state.to_string(),
            None => "not listed by the cloud".to_owned(),
        };
        let pods = line.pods.map(|pods| pods.to_string()).unwrap_or_default();
        let id = line.machine_id.clone().unwrap_or_else(|| "no machine".into());
        table.row([
            format!("  {}", line.name),
            line.node.told().to_owned(),
            pods,
            machine,
            line.machine_type.clone(),
            line.zone.clone(),
            id,
        ]);
    }
    table.to_string()
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
