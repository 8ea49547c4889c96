//! Modules that somebody brought (`--assets`): refused by their text, or by what Terraform makes of them.

use std::path::{Path, PathBuf};

use super::{Everything, standing};
use crate::world::World;

/// A copy of the sandbox's modules in `assets`; gives the folder of one module.
fn copied(world: &World, module: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("terraform/sandbox");
    let assets = world.folder().join("assets/terraform/sandbox");
    for module in ["foundation", "pool"] {
        std::fs::create_dir_all(assets.join(module)).expect("a folder");
        for file in std::fs::read_dir(source.join(module)).expect("a module") {
            let file = file.expect("a file");
            std::fs::copy(file.path(), assets.join(module).join(file.file_name())).expect("a copy");
        }
    }
    assets.join(module)
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).expect("the module's text");
    assert!(text.contains(from), "{} has no `{from}`", file.display());
    std::fs::write(file, text.replacen(from, to, 1)).expect("an edit");
}

#[test]
fn modules_with_another_program_in_them_are_refused_before_terraform_starts() {
    let world = World::new();
    let main = copied(&world, "pool").join("main.tf");
    let marker = world.folder().join("marker");
    edit(&main, "command = \"mkdir", &format!("command = \"touch {}; mkdir", marker.display()));
    let refused = world.run(&["apply", "--yes", "--assets", "assets"]).ends(5);
    refused.says("terraform/sandbox/pool/").says("terraform_data.node: it runs programs (provisioners)");
    assert!(world.sandbox.machines().is_empty());
    assert!(!world.folder().join("store").exists() && !marker.exists());
}

#[test]
fn files_that_terraform_would_read_beside_a_module_are_refused_by_name() {
    let world = World::new();
    let pool = copied(&world, "pool");
    let cases = [
        ("more.tf.json", "native syntax"),
        ("main.tofu", "native syntax"),
        ("main.tofu.json", "native syntax"),
        ("override.tf", "an override"),
        ("main_override.tf", "an override"),
        ("override.tf.json", "native syntax"),
        ("terraform.tfvars", "values come from scaler alone"),
        ("some.auto.tfvars.json", "values come from scaler alone"),
        ("terraform.tfstate", "a state has no place"),
        (".terraform.lock.hcl", "working file"),
    ];
    for (name, reason) in cases {
        std::fs::write(pool.join(name), "{}").expect("a file");
        let refused = world.run(&["apply", "--yes", "--assets", "assets"]).ends(5);
        refused.says(&format!("{name}: ")).says(reason);
        std::fs::remove_file(pool.join(name)).expect("the file goes");
    }
    std::fs::create_dir(pool.join(".terraform")).expect("a folder");
    world.run(&["apply", "--yes", "--assets", "assets"]).ends(5).says(".terraform/: ");
    assert!(!world.folder().join("store").exists());
}

#[test]
fn files_that_terraform_does_not_read_may_lie_there() {
    let world = World::new();
    let pool = copied(&world, "pool");
    std::fs::write(pool.join("README.md"), "ours").expect("a file");
    std::fs::create_dir(pool.join("doc")).expect("a folder");
    world.run(&["render", "--out", "out", "--assets", "assets"]).ends(0);
}

#[test]
fn a_module_that_replaces_what_it_should_keep_is_refused() {
    let world = standing(2);
    // Its text is let through: what a module sets may be changed.
    let main = copied(&world, "pool").join("main.tf");
    edit(&main, "capacity       = each.value.capacity\n    subnet", "capacity = length(var.nodes)\n    subnet");
    let before = Everything::of(&world);
    world
        .run(&["scale-down", "--pool", &world.pool, "--node", &world.node(1), "--yes", "--assets", "assets"])
        .ends(5)
        .says(&format!("terraform_data.node[\"{}\"] (delete, create)", world.node(2)));
    before.is_untouched(&world, "modules");
}
