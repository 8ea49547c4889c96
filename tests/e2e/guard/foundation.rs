//! Plans that would take the network from under the machines.

use serde_json::json;

use super::{Everything, StateFile, standing};

#[test]
fn the_network_stays() {
    let world = standing(1);
    let foundation = StateFile::of(&world, "foundation");
    let network = foundation.whole["resources"].as_array().expect("resources").iter();
    let place = network.clone().position(|resource| resource["name"] == "network").expect("a network");
    // Only a change of tags has Terraform look at the foundation again.
    world.write(&world.file("min: 1, max: 6", "tags: { team: other }\n"));
    let cases = [
        ("status", json!("tainted"), "terraform_data.network (delete, create): it would be destroyed and made anew"),
        ("index_key", json!("old"), "terraform_data.network[\"old\"] (delete): the operation does not remove this"),
    ];
    for (key, value, refusal) in cases {
        let mut state = foundation.whole.clone();
        state["resources"][place]["instances"][0][key] = value;
        if key == "index_key" {
            state["resources"][place]["each"] = json!("map");
        }
        foundation.write(state);
        let before = Everything::of(&world);
        world.apply().ends(5).says(refusal);
        before.is_untouched(&world, key);
    }
    foundation.undo();
    world.apply().ends(0);
}
