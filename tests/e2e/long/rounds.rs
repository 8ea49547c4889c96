//! Two `apply` at once, again and again.

use crate::running::Running;
use crate::world::World;

const ROUNDS: u64 = 20;

fn generation(world: &World) -> u64 {
    world.record()["generation"].as_u64().expect("a generation")
}

/// The tag of this name on each worker's machine, as Terraform's state has it.
fn tags(world: &World, name: &str) -> Vec<String> {
    let state = world.object(&format!("terraform/pool-{}.tfstate", world.pool));
    let instances = state["resources"][0]["instances"].as_array().cloned().unwrap_or_default();
    let tag = |one: &serde_json::Value| {
        let machine = &one["attributes"]["input"]["value"]["machine"];
        machine["tags"][name].as_str().unwrap_or_default().to_owned()
    };
    instances.iter().map(tag).collect()
}

#[test]
fn on_a_folder() {
    one_works_the_other_names_it_and_no_update_is_lost(&World::new());
}

#[test]
fn on_s3() {
    scaler_lab::needs!(Moto);
    one_works_the_other_names_it_and_no_update_is_lost(&World::on_s3());
}

fn one_works_the_other_names_it_and_no_update_is_lost(world: &World) {
    world.apply().ends(0);
    let first = generation(world);
    let mut held = 0;
    for round in 1..=ROUNDS {
        let set = format!("tags.round=round-{round}");
        // Every second pair has time to wait for each other.
        let patience = if round % 2 == 0 { "2m" } else { "0s" };
        let args = ["apply", "--yes", "--set", &set, "--lock-timeout", patience];
        let ended = [Running::start(&world.program, &args), Running::start(&world.program, &args)].map(Running::end);
        assert!(ended.iter().any(|said| said.code == 0), "round {round}: {ended:?}");
        for said in ended.into_iter().filter(|said| said.code != 0) {
            match said.code {
                4 => {
                    held += 1;
                    assert_eq!(patience, "0s", "round {round}: it had time to wait: {}", said.stderr);
                    let said = said.says("the cluster's lock is held by tester on ").says("(pid ");
                    said.says("`scaler apply --yes --set tags.round=… --lock-timeout").says("has run for ");
                }
                // One that waited, or came just after the other's end, looks again and finds nothing to do.
                _ => panic!("round {round}: {said:?}"),
            }
        }
        assert_eq!(generation(world), first + round, "one of the two made one generation");
        assert_eq!(tags(world, "round"), [format!("round-{round}")], "the state has what was asked for");
        assert_eq!(world.record()["source"]["sets"], serde_json::json!([set]), "and so has the record");
    }
    assert!(held > 0, "in {ROUNDS} rounds the two never met at the lock");
    for number in 1..=first + ROUNDS {
        assert_eq!(world.object(&format!("history/{number:08}.json"))["generation"], number);
    }
    assert_eq!(world.workers(), [world.node(1)]);
    world.is_in_order();
}
