//! Ctrl-C, SIGTERM and `kill -9` at each phase of an operation.

mod asked;
mod changing;
mod destroying;
mod draining;
mod killed;
mod looking;
mod making;
mod removing;

use crate::world::{World, workload};

/// Both ways in which a person or a pipeline asks a run to stop.
const SIGNALS: [&str; 2] = ["INT", "TERM"];

/// A cluster with this many workers.
pub fn of_size(size: u32) -> World {
    let world = World::new();
    world.apply().ends(0);
    if size > 1 {
        world.run(&["scale-up", "--pool", &world.pool, "--to", &size.to_string(), "--yes"]).ends(0);
    }
    world
}

/// Pods of the world's pool that take this long to leave, one for each node.
pub fn slow_pods(world: &World, count: u32, time: &str) {
    let namespace = world.k.namespace("slow");
    let text = workload(&namespace, &world.pool, count, 1).replace(
        "labels: { app: web } }\n    spec",
        &format!("labels: {{ app: web }}, annotations: {{ lab.scaler/terminate-after: \"{time}\" }} }}\n    spec"),
    );
    world.k.apply(&text);
    world.wait_ready(&namespace, count as usize);
}

/// The next command works: nothing is in its way.
#[track_caller]
fn goes_on(world: &World) {
    world.run(&["plan"]).ends(0);
    world.apply().ends(0);
    world.is_in_order();
}
