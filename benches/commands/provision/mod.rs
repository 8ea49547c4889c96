//! New nodes that join a cluster which stands, over SSH or at boot, beside what a user would do otherwise: the very same playbooks
//! over all hosts, with neither limit nor tags.
//!
//! Ours is all of `scale-up`: lock, journal, Terraform, the token and its end. The peer is favoured: its machines stand
//! already, and its token is made, before its time begins. Both end when the new Nodes are Ready.

mod peer;
mod standing;

use crate::case::{Figures, Row, Scale};
use standing::Standing;

/// What one run took.
#[derive(Debug)]
pub struct Cost {
    seconds: f64,
    /// Tasks that ended on a host, by Ansible's own events.
    tasks: usize,
    /// Processes of `ansible-playbook` that ran a playbook.
    processes: usize,
    /// Connections in the logs of all hosts' sshd.
    connections: usize,
}

/// Nodes that are logged in to. Each step is measured once, and what we made in it stays: the cluster grows.
pub fn over_ssh(scale: &Scale) -> Vec<Row> {
    rows(scale, &Standing::over_ssh(scale, scale.of(3, 1)), "by SSH")
}

/// Nodes of a prepared image, which join at boot. The peer's are of the same image.
pub fn at_boot(scale: &Scale) -> Vec<Row> {
    rows(scale, &Standing::at_boot(scale, scale.of(3, 1)), "at boot")
}

fn rows(scale: &Scale, standing: &Standing, how: &str) -> Vec<Row> {
    let steps: &[usize] = if scale.full { &[1, 20, 1] } else { &[1] };
    steps.iter().flat_map(|new| joining(standing, how, *new)).collect()
}

fn joining(standing: &Standing, how: &str, new: usize) -> [Row; 4] {
    let others = standing.hosts().all().len();
    let theirs = peer::join(standing, new);
    let ours = standing.grow(new);
    println!("  {new} new beside {others}: {ours:?}; over all: {theirs:?}");
    let row = |what: &str, unit: &'static str, figure: fn(&Cost) -> f64| Row {
        name: format!("join {how}, {new} new beside {others}: {what}"),
        unit,
        ours: Figures::new(vec![figure(&ours)]),
        peer: format!("the playbooks over all {}", others + new),
        peers: Figures::new(vec![figure(&theirs)]),
    };
    [
        row("time", "s", |cost| cost.seconds),
        row("tasks of Ansible", "tasks", |cost| cost.tasks as f64),
        row("runs of ansible-playbook", "processes", |cost| cost.processes as f64),
        row("SSH connections", "connections", |cost| cost.connections as f64),
    ]
}
