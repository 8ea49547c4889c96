//! Labels and taints of the cluster file, on nodes that stand.

use serde_json::{Value, json};

use crate::world::World;

/// With one pool that has these bounds and fields.
fn write(world: &World, bounds: &str, fields: &str) {
    world.write(&world.file(&format!("{bounds}, {fields}"), ""));
}

fn node(world: &World, number: u32) -> Value {
    world.k.get(&format!("/api/v1/nodes/{}", world.node(number)))
}

fn label(world: &World, number: u32, key: &str) -> Value {
    node(world, number)["metadata"]["labels"][key].clone()
}

/// Without those that come and go with a node's state.
fn taints(world: &World, number: u32) -> Vec<String> {
    let node = node(world, number);
    let taints = node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut taints: Vec<String> = taints
        .iter()
        .filter(|taint| !text(&taint["key"]).starts_with("node.kubernetes.io/"))
        .map(|taint| format!("{}={}:{}", text(&taint["key"]), text(&taint["value"]), text(&taint["effect"])))
        .collect();
    taints.sort();
    taints
}

/// What `apply` says of itself.
fn applied(world: &World) -> Value {
    world.run(&["apply", "--yes", "--output", "json"]).ends(0).json()
}

fn nothing_to_do(world: &World) {
    world.run(&["plan", "--detailed-exitcode"]).ends(0);
    world.apply().ends(0).says("Nothing to do");
}

#[test]
fn labels_and_taints_of_the_file_are_kept_on_nodes_that_stand() {
    let world = World::new();
    let bounds = "min: 2, max: 6";
    write(&world, bounds, "labels: {}");
    world.apply().ends(0);
    let (first, second) = (world.node(1), world.node(2));
    let theirs = json!([{"key": "theirs", "value": "1", "effect": "PreferNoSchedule"}]);
    let by_hand = json!({"metadata": {"labels": {"theirs": "1"}}, "spec": {"taints": theirs}});
    world.k.patch(&format!("/api/v1/nodes/{first}"), &by_hand);

    // All are added, and a plan shows that and changes nothing.
    let fields = "labels: { tier: web, old: x }, taints: [{ key: dedicated, value: web, effect: PreferNoSchedule }, \
                  { key: gone, effect: PreferNoSchedule }]";
    write(&world, bounds, fields);
    let gets = format!("{first}: gets old=x, tier=web, taint dedicated=web:PreferNoSchedule");
    world.run(&["plan", "--detailed-exitcode"]).ends(2).says(&gets);
    world.run(&["apply", "--dry-run"]).ends(0).says(&gets);
    assert_eq!(label(&world, 1, "tier"), Value::Null);
    let planned = world.run(&["plan", "--output", "json"]).ends(0).json();
    assert_eq!((&planned["changes"], &planned["plan"]["labels"][1]["node"]), (&json!(true), &json!(second)));
    let done = applied(&world);
    assert_eq!((&done["labelled"], &done["added"]), (&json!([first, second]), &json!([])));
    for number in [1, 2] {
        assert_eq!((label(&world, number, "tier"), label(&world, number, "old")), (json!("web"), json!("x")));
    }
    let ours = ["dedicated=web:PreferNoSchedule", "gone=:PreferNoSchedule"];
    assert_eq!(taints(&world, 2), ours);
    assert_eq!(taints(&world, 1), [&ours[..], &["theirs=1:PreferNoSchedule"]].concat());
    let operation = done["operation"].as_str().expect("an operation").to_owned();
    let kinds: Vec<Value> =
        (2..=3).map(|seq| world.object(&format!("journal/{operation}/{seq:06}"))["entry"]["kind"].clone()).collect();
    assert_eq!(kinds, ["labelling", "labelled"], "it was announced");
    nothing_to_do(&world);

    // What the file changes is changed, what it drops goes, and what others put there, or changed, stays.
    world.k.patch(&format!("/api/v1/nodes/{second}"), &json!({"metadata": {"labels": {"old": "y"}}}));
    let taint = "taints: [{ key: dedicated, value: db, effect: PreferNoSchedule }]";
    write(&world, bounds, &format!("labels: {{ tier: db }}, {taint}"));
    world
        .run(&["plan"])
        .ends(0)
        .says(&format!("{first}: gets tier=db, taint dedicated=db:PreferNoSchedule; loses old"));
    world.apply().ends(0);
    assert_eq!((label(&world, 1, "old"), label(&world, 2, "old")), (Value::Null, json!("y")));
    assert_eq!((label(&world, 1, "tier"), label(&world, 1, "theirs")), (json!("db"), json!("1")));
    assert_eq!(taints(&world, 1), ["dedicated=db:PreferNoSchedule", "theirs=1:PreferNoSchedule"]);
    assert_eq!(taints(&world, 2), ["dedicated=db:PreferNoSchedule"]);
    nothing_to_do(&world);

    // What somebody takes away comes back with the next apply, and the size of a pool is no matter of it.
    world.k.patch(&format!("/api/v1/nodes/{second}"), &json!({"metadata": {"labels": {"tier": null}}}));
    assert_eq!(applied(&world)["labelled"], json!([second]));
    assert_eq!(label(&world, 2, "tier"), json!("db"));

    // A new one counts when it has them, whatever its own kubelet gave it.
    world.run(&["scale-up", "--pool", &world.pool, "--to", "3", "--yes"]).ends(0);
    assert_eq!((label(&world, 3, "tier"), taints(&world, 3)), (json!("db"), taints(&world, 2)));
    nothing_to_do(&world);

    // A node that goes gets nothing any more.
    write(&world, "min: 1, max: 1", "labels: { tier: last }");
    let done = applied(&world);
    let stays = world.workers();
    assert_eq!(done["labelled"], json!(stays));
    assert_eq!(done["removed"].as_array().map(Vec::len), Some(2));
    nothing_to_do(&world);
}
