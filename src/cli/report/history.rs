//! The record's generations for people.

use std::fmt::Write;

use crate::cli::terminal::{self, Table};
use crate::model::history::Change;
use crate::model::record::PoolRecord;
use crate::ops::history::Step;
use crate::ops::record::Generation;

/// How many changes of one generation are told in a list.
const TOLD: usize = 6;

/// A list, the newest first.
pub fn list(steps: &[Step], store: &str, width: usize) -> String {
    let mut text = String::new();
    for step in steps {
        let _ = writeln!(text, "{}", head(step));
        text.push_str(&changes(step, TOLD, width));
    }
    match steps.is_empty() {
        true => format!("{store} has no generation.\n"),
        false => text,
    }
}

/// One generation whole.
pub fn one(kept: &Generation, step: &Step, width: usize) -> String {
    let record = &kept.record;
    let mut text = format!("Cluster {} on {}, {}\n", record.name, record.provider, head(step));
    text.push_str(&changes(step, usize::MAX, width));
    text.push_str(&nodes("control plane", &record.control_plane, width));
    for (name, pool) in &record.pools {
        text.push_str(&nodes(&format!("pool {name}: {}", pool.size), pool, width));
    }
    text.push_str("\ncluster file:\n");
    for line in terminal::clean(&record.source.cluster_file).lines() {
        let _ = writeln!(text, "  {line}");
    }
    for set in &record.source.sets {
        let _ = writeln!(text, "  with --set {}", terminal::clean(set));
    }
    text
}

fn head(step: &Step) -> String {
    let mut head = format!("generation {}", step.generation);
    if let Some(at) = step.at {
        let _ = write!(head, ", {at:.0}");
    }
    match &step.holder {
        Some(holder) => {
            let _ = write!(head, ", by {} on {}: {}", holder.user, holder.host, holder.command);
        }
        None => {
            let _ = write!(head, ", by operation {}", step.operation);
        }
    }
    terminal::clean(&head).into_owned()
}

fn changes(step: &Step, limit: usize, width: usize) -> String {
    let line = |line: &str| terminal::wrapped("  ", "    ", line, width);
    let Some(changes) = &step.changes else {
        return line("what it changed cannot be told: the generation before it was not kept");
    };
    if changes.is_empty() {
        return line("nothing that the record has");
    }
    let told = changes.iter().take(limit).map(Change::to_string);
    let more = changes.len().saturating_sub(limit);
    let more = (more > 0).then(|| format!("and {more} more: scaler state show {}", step.generation));
    told.chain(more).map(|change| line(&change)).collect()
}

fn nodes(title: &str, pool: &PoolRecord, width: usize) -> String {
    if pool.nodes.is_empty() {
        return format!("\n{title}\n");
    }
    let mut table = Table::new(width, ["  NODE", "ID", "MACHINE", "ZONE", "IMAGE"]);
    for (name, node) in &pool.nodes {
        let id = node.machine_id.clone().unwrap_or_else(|| "none".to_owned());
        table.row([format!("  {name}"), id, node.machine.clone(), node.zone.clone(), node.image.clone()]);
    }
    format!("\n{title}\n{table}")
}
