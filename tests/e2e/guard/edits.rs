//! What a hand in the state makes Terraform want.

use serde_json::{Value, json};

/// A change of a pool's instances, and what the refusal says of it.
pub struct Edit {
    pub what: &'static str,
    pub by: fn(&mut Vec<Value>, victim: &str, neighbour: &str),
    /// With `{victim}` and `{neighbour}` for the addresses' node names.
    pub refusal: &'static str,
}

impl Edit {
    pub fn refusal(&self, victim: &str, neighbour: &str) -> String {
        self.refusal.replace("{victim}", victim).replace("{neighbour}", neighbour)
    }
}

fn instance<'a>(instances: &'a mut [Value], node: &str) -> &'a mut Value {
    let found = instances.iter_mut().find(|instance| instance["index_key"] == node);
    found.unwrap_or_else(|| panic!("the state has no {node}"))
}

/// Somebody gave the machine another type in the cloud: Terraform would stop it to change that back.
pub const ANOTHER_TYPE: Edit = Edit {
    what: "another machine has another type",
    by: |instances, _, neighbour| {
        instance(instances, neighbour)["attributes"]["input"]["value"]["machine"]["machine"] = json!("big");
    },
    refusal: "terraform_data.node[\"{neighbour}\"] (update): the operation does not change this; \
              Terraform would change input.machine.machine",
};

/// `terraform taint`.
pub const TAINTED: Edit = Edit {
    what: "another machine is marked to be replaced",
    by: |instances, _, neighbour| instance(instances, neighbour)["status"] = json!("tainted"),
    refusal: "terraform_data.node[\"{neighbour}\"] (delete, create): it would be destroyed and made anew; \
              no operation replaces",
};

/// The machine was made from another image than the record says.
pub const ANOTHER_IMAGE: Edit = Edit {
    what: "another machine has another image",
    by: |instances, _, neighbour| {
        instance(instances, neighbour)["attributes"]["triggers_replace"]["value"]["image"] = json!("older");
    },
    refusal: "terraform_data.node[\"{neighbour}\"] (delete, create): it would be destroyed and made anew; \
              no operation replaces",
};

/// `terraform state rm`.
pub const FORGOTTEN: Edit = Edit {
    what: "the state forgot another machine",
    by: |instances, _, neighbour| instances.retain(|instance| instance["index_key"] != neighbour),
    refusal: "terraform_data.node[\"{neighbour}\"] (create): the operation does not make this",
};

/// `terraform state mv` to a name that no node has: the neighbour's machine would go with the victim's.
pub const MOVED: Edit = Edit {
    what: "the neighbour's machine would go too",
    by: |instances, _, neighbour| {
        instance(instances, neighbour)["index_key"] = json!(format!("{neighbour}0"));
    },
    refusal: "terraform_data.node[\"{neighbour}0\"] (delete): the operation does not remove this: \
              nothing proves that it may go",
};

/// Two `terraform state mv`: under the drained node's name stands its neighbour's machine.
pub const SWAPPED: Edit = Edit {
    what: "the neighbour's machine would go in the victim's place",
    by: |instances, victim, neighbour| {
        for instance in instances {
            let other = match instance["index_key"].as_str() {
                Some(name) if name == victim => neighbour,
                Some(name) if name == neighbour => victim,
                _ => continue,
            };
            instance["index_key"] = json!(other);
        }
    },
    refusal: "terraform_data.node[\"{victim}\"] (delete): Terraform's state has another machine at this address than",
};
