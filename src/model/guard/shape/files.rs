//! The files in a module's folder.

/// What a file in a module's folder is to Terraform.
pub(super) enum Role {
    Module,
    Other,
    Foreign(&'static str),
}

/// By its path below the folder.
pub(super) fn role(path: &str) -> Role {
    let name = path.rsplit('/').next().unwrap_or(path);
    if path.split('/').any(|part| part.starts_with(".terraform")) {
        Role::Foreign("it is Terraform's own working file: the recorded one is used")
    } else if path.contains('/') {
        // Terraform reads no folder below a module's own, except for a module call, which is refused.
        Role::Other
    } else if name.ends_with(".tf.json") || name.ends_with(".tofu") || name.ends_with(".tofu.json") {
        Role::Foreign(
            "modules are written in the native syntax, in files `*.tf`: this one is not read against the list",
        )
    } else if name == "override.tf" || name.ends_with("_override.tf") {
        Role::Foreign("an override changes what other files say")
    } else if name.ends_with(".tfvars") || name.ends_with(".tfvars.json") {
        Role::Foreign("values come from scaler alone")
    } else if name.ends_with(".tfstate") {
        Role::Foreign("a state has no place beside a module")
    } else if name.ends_with(".tf") {
        Role::Module
    } else {
        Role::Other
    }
}
