//! Hostile text in the cluster file: refused, or it arrives as the same text, and nothing interprets it.

use std::path::Path;

use scaler_lab::{Machine, Sandbox};
use serde_json::Value;

use crate::gates::put;
use crate::world::{World, runs};

/// What Terraform, its templates, Jinja or a shell would make something of. `marker` is a program on the PATH.
const HOSTILE: &str =
    r#"${file("/etc/hosts")} %{ for } ${path.cwd} {{ lookup('env') }} $(marker) "q" ' ; marker & `marker` $HOME \"#;

/// As a text of YAML that takes all but a quote as it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// From now on the world's program and its tools have `marker` on their PATH: whoever calls it makes this file.
fn bait(world: &mut World, file: &Path) {
    let bin = world.folder().join("bait");
    std::fs::create_dir(&bin).expect("a folder");
    put(&bin.join("marker"), &format!("#!/bin/sh\n: >'{}'\n", file.display()));
    let path = format!("{}:{}", bin.display(), world.program.environment["PATH"]);
    world.program.environment.insert("PATH".to_owned(), path);
}

/// What the state of a stack says of its machines.
fn inputs(state: &Path) -> Vec<Value> {
    let state: Value = serde_json::from_slice(&std::fs::read(state).expect("a state")).expect("JSON");
    let instances = state["resources"].as_array().expect("resources").iter();
    let instances = instances.flat_map(|resource| resource["instances"].as_array().expect("instances"));
    let inputs = instances.map(|instance| instance["attributes"]["input"]["value"].clone());
    inputs.filter(|input| input["machine"].is_object()).collect()
}

#[test]
fn it_arrives_as_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let register = folder.path().join(HOSTILE);
    let mut world = World::of_sandbox(Sandbox::at(&register));
    let marked = folder.path().join("marked");
    bait(&mut world, &marked);
    let text = quoted(HOSTILE);
    let file = world.file("min: 1, max: 6", &format!("tags: {{ {text}: {text} }}\n"));
    // Terraform's backend is told this path in a file of its own, which is not one of values.
    world.write(&file.replace("path: store", &format!("path: {}", quoted(&format!("store {HOSTILE}")))));
    world.apply().ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]).ends(0);
    world.run(&["plan", "--detailed-exitcode"]).ends(0);
    let states = world.folder().join(format!("store {HOSTILE}")).join("terraform");
    for (stack, machines) in [("foundation".to_owned(), 1), (format!("pool-{}", world.pool), 2)] {
        let inputs = inputs(&states.join(format!("{stack}.tfstate")));
        assert_eq!(inputs.len(), machines, "{stack}");
        for input in inputs {
            assert_eq!(input["register"], register.to_str().expect("text"), "{stack}");
            assert_eq!(input["machine"]["tags"][HOSTILE], HOSTILE, "{stack}");
        }
    }
    let entry = |machine: &Machine| world.sandbox.entry(&machine.id)["tags"][HOSTILE].clone();
    let entries: Vec<Value> = world.sandbox.machines().iter().map(entry).collect();
    assert_eq!(entries, [HOSTILE; 3]);
    world.run(&["scale-down", "--pool", &world.pool, "--node", &world.node(1), "--yes"]).ends(0);
    assert!(world.running().into_keys().eq([world.node(2)]));
    world.run(&["destroy", "--yes", "--name", &world.cluster]).ends(0);
    assert!(!world.sandbox.machines().iter().any(runs), "each was marked in its own register");
    assert!(!marked.exists(), "something called `marker`");
    world.nothing_stays();
}

#[test]
fn a_name_is_no_path() {
    let world = World::new();
    world.write(&world.file("min: 1, max: 6", "").replace(&format!("name: {}", world.pool), "name: '../evil'"));
    world.run(&["plan"]).ends(3).says("../evil");
}
