//! Ctrl-C, SIGTERM and `kill -9`, in the middle.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::world::{World, workload};

/// Starts a command, and returns when its progress says `text`.
fn started(world: &World, args: &[&str], text: &str) -> Child {
    let mut command = world.program.command(args);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let stderr = child.stderr.take().expect("its progress");
    let mut lines = BufReader::new(stderr).lines();
    let mut said = Vec::new();
    while let Some(Ok(line)) = lines.next() {
        let found = line.contains(text);
        said.push(line);
        if found {
            // Somebody must go on reading, or the program would stop at a full pipe.
            std::thread::spawn(move || lines.for_each(drop));
            return child;
        }
    }
    let _ = child.wait();
    panic!("`{text}` was never said:\n{}", said.join("\n"));
}

fn signal(child: &Child, name: &str) {
    let sent = std::process::Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// Two nodes; the first one's pod takes its time to leave.
fn slow_drain() -> (World, String) {
    let world = World::new();
    world.write(&world.file("min: 1, max: 6", ""));
    world.apply().ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]).ends(0);
    let namespace = world.k.namespace("slow");
    let text = workload(&namespace, &world.pool, 2, 1).replace(
        "labels: { app: web } }\n    spec",
        "labels: { app: web }, annotations: { lab.scaler/terminate-after: \"30s\" } }\n    spec",
    );
    world.k.apply(&text);
    world.wait_ready(&namespace, 2);
    (world, namespace)
}

#[test]
fn a_signal_during_the_drain_gives_everything_back() {
    for name in ["-INT", "-TERM"] {
        let (world, _) = slow_drain();
        let args = ["scale-down", "--pool", &world.pool, "--node", &world.node(1), "--yes"];
        let mut child = started(&world, &args, "cordoned");
        signal(&child, name);
        assert_eq!(child.wait().expect("it ends").code(), Some(130), "{name}");
        assert_eq!(world.unschedulable(), Vec::<String>::new(), "{name}");
        assert_eq!(world.running().len(), 2, "{name}");
        // The lock was given back, and nothing is left unfinished.
        world.run(&["plan"]).ends(0);
        world.apply().ends(0);
    }
}

#[test]
fn a_killed_run_is_noticed_and_named() {
    let (world, _) = slow_drain();
    let args = ["scale-down", "--pool", &world.pool, "--node", &world.node(1), "--yes"];
    let mut child = started(&world, &args, "cordoned");
    signal(&child, "-KILL");
    child.wait().expect("it ends");
    // Its lock is live for a while yet: nobody can tell a dead run from a slow one before that.
    let said = world.run(&["scale-up", "--pool", &world.pool, "--to", "3", "--yes"]);
    said.ends(4).says("tester on ").says("scale-down");
    assert_eq!(world.running().len(), 2, "nothing was destroyed");
}
