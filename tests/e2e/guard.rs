//! States and folders that somebody else changed: the guard refuses, and nothing is touched.

use crate::world::World;

fn state(world: &World) -> std::path::PathBuf {
    world.folder().join(format!("store/terraform/pool-{}.tfstate", world.pool))
}

#[test]
fn a_machine_that_the_state_forgot_is_not_made_twice() {
    let world = World::new();
    world.write(&world.file("min: 2, max: 6", ""));
    world.apply().ends(0);
    let text = std::fs::read_to_string(state(&world)).expect("a state");
    let mut json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let forgotten = world.node(1);
    for resource in json["resources"].as_array_mut().expect("resources") {
        let instances = resource["instances"].as_array_mut().expect("instances");
        instances.retain(|instance| instance["index_key"] != forgotten.as_str());
    }
    json["serial"] = (json["serial"].as_u64().expect("a serial") + 1).into();
    std::fs::write(state(&world), json.to_string()).expect("the state is written");
    let before = world.running();
    world.run(&["scale-up", "--pool", &world.pool, "--to", "3", "--yes"]).ends(5).says(&forgotten);
    assert_eq!(world.running(), before);
}

#[test]
fn modules_with_another_program_in_them_are_refused_before_terraform_starts() {
    let world = World::new();
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("terraform/sandbox");
    let assets = world.folder().join("assets/terraform/sandbox");
    for module in ["foundation", "pool"] {
        std::fs::create_dir_all(assets.join(module)).expect("a folder");
        for file in std::fs::read_dir(source.join(module)).expect("a module") {
            let file = file.expect("a file");
            std::fs::copy(file.path(), assets.join(module).join(file.file_name())).expect("a copy");
        }
    }
    let main = assets.join("pool/main.tf");
    let text = std::fs::read_to_string(&main).expect("the module");
    std::fs::write(
        &main,
        text.replace("when    = destroy\n", "when    = destroy\n    on_failure = continue\n")
            + "\ndata \"external\" \"x\" {\n  program = [\"touch\", \"here\"]\n}\n",
    )
    .expect("an edit");
    world.run(&["apply", "--yes", "--assets", "assets"]).ends(5);
    assert!(world.running().is_empty());
}
