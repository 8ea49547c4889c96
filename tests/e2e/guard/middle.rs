//! States that change while nodes are drained: the guard asks again before the point of no return, and gives back.

use std::process::Stdio;

use serde_json::{Value, json};

use super::edits::{ANOTHER_TYPE, MOVED, SWAPPED, TAINTED};
use super::{Everything, StateFile, standing};
use crate::world::{Said, World, workload};

const HELD: &str = "lab.scaler/held";

/// Pods that, once evicted, stay until they are let go: a drain lasts for as long as a test wants.
fn held(namespace: &str, pool: &str) -> String {
    workload(namespace, pool, 1, 1).replace(
        "labels: { app: web } }\n    spec",
        &format!("labels: {{ app: web }}, finalizers: [{HELD}] }}\n    spec"),
    )
}

fn pods(world: &World, namespace: &str) -> Vec<Value> {
    let list = world.k.get(&format!("/api/v1/namespaces/{namespace}/pods"));
    list["items"].as_array().expect("a list of pods").clone()
}

fn is_leaving(pod: &Value) -> bool {
    !pod["metadata"]["deletionTimestamp"].is_null()
}

fn let_go(world: &World, namespace: &str) {
    for pod in pods(world, namespace).iter().filter(|pod| is_leaving(pod)) {
        let name = pod["metadata"]["name"].as_str().expect("a name");
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
        world.k.patch(&path, &json!({ "metadata": { "finalizers": null } }));
    }
}

#[test]
fn a_refusal_after_the_drain_gives_every_node_back() {
    let world = standing(3);
    let state = StateFile::of_pool(&world);
    let namespace = world.k.namespace("held");
    world.k.apply(&held(&namespace, &world.pool));
    for edit in [ANOTHER_TYPE, TAINTED, MOVED, SWAPPED] {
        world.wait_ready(&namespace, 1);
        let staying = pods(&world, &namespace).into_iter().find(|pod| !is_leaving(pod)).expect("a pod");
        let victim = staying["spec"]["nodeName"].as_str().expect("its node").to_owned();
        let neighbour = world.workers().into_iter().find(|node| *node != victim).expect("a neighbour");

        let args = ["scale-down", "--pool", &world.pool, "--node", &victim, "--yes"];
        let mut command = world.program.command(&args);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        world.k.wait("the pod to be evicted", |_| pods(&world, &namespace).iter().any(is_leaving).then_some(()));
        assert_eq!(world.unschedulable(), std::slice::from_ref(&victim), "{}", edit.what);
        state.edit(|instances| (edit.by)(instances, &victim, &neighbour));
        let before = Everything { unschedulable: Vec::new(), ..Everything::of(&world) };
        let_go(&world, &namespace);

        let said = Said::of(child.wait_with_output().expect("it ends"));
        said.ends(5).says(&edit.refusal(&victim, &neighbour));
        before.is_still_so(&world, edit.what);
        state.undo();
    }
    // Nothing of the refused ones is left over.
    world.run(&["scale-up", "--pool", &world.pool, "--to", "4", "--yes"]).ends(0);
}
