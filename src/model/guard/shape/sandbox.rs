//! The modules of the sandbox. Its machines are the only resources of all that run a program: two constant commands,
//! which write to the register, with every value in the environment.

use super::{Facts, ModuleShape, Provisioner, Repeat, ResourceShape, plain};

pub(super) const FACTS: Facts = Facts {
    config_key: "terraform",
    full_names: &["terraform.io/builtin/terraform"],
    sources: &["terraform.io/builtin/terraform"],
    configuration: &[],
    pool_machine: "terraform_data.node",
    control_plane_machine: "terraform_data.control_plane",
    // `output` is computed from `input`.
    machine_tags: &["input.machine.tags", "output"],
    // An import knows nothing but the id.
    adoption: &["input", "output"],
    other_tags: &["input.tags", "output"],
    joins: &[],
    join_policy: None,
};

/// Makes the machine: its file appears in the register, whole.
const MAKE: &str = r#"mkdir -p -- "$SCALER_REGISTER" && printf '%s\n' "$SCALER_MACHINE" >"$SCALER_REGISTER/.$SCALER_ID.new" && mv -f -- "$SCALER_REGISTER/.$SCALER_ID.new" "$SCALER_REGISTER/$SCALER_ID.json""#;

/// Says that the machine is gone.
const END: &str = r#": >"$SCALER_REGISTER/$SCALER_ID.terminated""#;

pub(super) fn pool() -> ModuleShape {
    ModuleShape { resources: [("terraform_data.node".to_owned(), machine("var.nodes"))].into() }
}

pub(super) fn foundation() -> ModuleShape {
    ModuleShape {
        resources: [
            ("terraform_data.control_plane".to_owned(), machine("var.control_plane.nodes")),
            ("terraform_data.network".to_owned(), plain(Repeat::One)),
        ]
        .into(),
    }
}

fn machine(over: &str) -> ResourceShape {
    let environment = |values: &[(&str, &str)]| {
        values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let local_exec = |on_destroy, command: &str, values: &[(&str, &str)]| Provisioner {
        kind: "local-exec".into(),
        on_destroy,
        command: command.into(),
        environment: environment(values),
    };
    let register = ("SCALER_REGISTER", "self.input.register");
    let id = ("SCALER_ID", "self.id");
    let json = ("SCALER_MACHINE", "jsonencode(merge(self.input.machine, { id = self.id }))");
    ResourceShape {
        repeat: Repeat::ForEach(Some(over.into())),
        provisioners: vec![local_exec(false, MAKE, &[register, id, json]), local_exec(true, END, &[register, id])],
    }
}
