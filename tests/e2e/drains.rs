//! What drains meet: budgets that give way, and budgets that do not.

use crate::gates::Gates;
use crate::world::{World, workload};

fn three(world: &World) {
    world.write(&world.file("min: 1, max: 6", ""));
    world.apply().ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "3", "--yes"]).ends(0);
}

/// The same workload with its pods on all nodes alike.
fn spread(workload: &str) -> String {
    let grace = "      terminationGracePeriodSeconds: 1\n";
    workload.replace(
        grace,
        &format!(
            "{grace}      topologySpreadConstraints: [{{ maxSkew: 1, topologyKey: kubernetes.io/hostname, \
             whenUnsatisfiable: DoNotSchedule, labelSelector: {{ matchLabels: {{ app: web }} }} }}]\n"
        ),
    )
}

fn pods_on(world: &World, namespace: &str, node: &str) -> Vec<String> {
    let pods = world.k.get(&format!("/api/v1/namespaces/{namespace}/pods?fieldSelector=spec.nodeName%3D{node}"));
    let pods = pods["items"].as_array().expect("a list of pods");
    pods.iter().map(|pod| pod["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
}

with_each_tool! { victims_that_share_a_budget_of_one_both_leave_and_the_budget_holds }

fn victims_that_share_a_budget_of_one_both_leave_and_the_budget_holds(world: World) {
    three(&world);
    let namespace = world.k.namespace("shared");
    world.k.apply(&workload(&namespace, &world.pool, 6, 1));
    world.wait_ready(&namespace, 6);
    let (one, two) = (world.node(1), world.node(2));
    world.run(&["scale-down", "--pool", &world.pool, "--node", &one, "--node", &two, "--yes"]).ends(0);
    assert_eq!(world.workers(), [world.node(3)]);
    assert_eq!(world.nodes(), [world.node(3)]);
    // Each eviction was allowed by the API server, which keeps the budget; nothing was deleted past it.
    let deleted = world.k.audit().into_iter().filter(|event| {
        event.user == "operator" && event.verb == "delete" && event.resource == "pods" && event.namespace == namespace
    });
    assert_eq!(deleted.count(), 0, "pods leave by eviction alone");
}

#[test]
fn a_budget_that_never_allows_is_refused_before_anything_is_touched() {
    let world = World::new();
    three(&world);
    let namespace = world.k.namespace("never");
    world.k.apply(&workload(&namespace, &world.pool, 3, 0));
    world.wait_ready(&namespace, 3);
    let before = world.record();
    world
        .run(&["scale-down", "--pool", &world.pool, "--to", "1", "--yes"])
        .ends(5)
        .says(&format!("{namespace}/web"))
        .says("maxUnavailable");
    assert_eq!(world.record(), before);
    assert_eq!(world.unschedulable(), Vec::<String>::new());
    assert_eq!(world.running().len(), 3);
}

#[test]
fn a_budget_that_stays_exhausted_ends_blocked_and_everything_is_given_back() {
    let mut world = World::new();
    three(&world);
    world.write(
        &world.file("min: 1, max: 6", "").replace("timeout: 60s, totalTimeout: 120s", "timeout: 6s, totalTimeout: 20s"),
    );
    let namespace = world.k.namespace("exhausted");
    let (victim, stays, cordoned) = (world.node(1), world.node(2), world.node(3));
    // One pod is never ready: it takes up the whole budget. It is on no victim, where it would block at once.
    world.k.apply(&format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{ name: sick, namespace: {namespace}, labels: {{ app: web }}, \
         annotations: {{ lab.scaler/never-ready: \"true\" }} }}\nspec: {{ nodeName: {stays}, \
         containers: [{{ name: web, image: web }}] }}\n"
    ));
    world.k.apply(&spread(&workload(&namespace, &world.pool, 4, 1)).replace("maxUnavailable: 1", "minAvailable: 4"));
    world.wait_ready(&namespace, 4);
    world.k.kubectl(["cordon", &cordoned]);
    let gates = Gates::before(&mut world);
    let args = ["scale-down", "--pool", &world.pool, "--node", &victim, "--node", &cordoned, "--yes"];
    let said = world.run(&args).ends(5);
    let refusal = &said.stderr[said.stderr.find("could not be emptied").expect(&said.stderr)..];
    let help = format!("run one more replica of what budget {namespace}/web covers");
    for told in ["drain.timeout (6s) is over", "nothing was destroyed", &help] {
        assert!(refusal.contains(told), "`{told}` is not in\n{refusal}");
    }
    let pods = [&victim, &cordoned].map(|node| pods_on(&world, &namespace, node)).concat();
    let waits = |pod: &String| refusal.contains(&format!("{namespace}/{pod} waits for budget {namespace}/web"));
    assert!(pods.iter().any(waits), "no pod of a victim is named: {refusal}");
    for node in [&victim, &cordoned] {
        for done in ["cordoned", "uncordoned"] {
            assert!(said.stderr.contains(&format!("{node}: {done}")), "{node} was not {done}: {}", said.stderr);
        }
    }
    assert_eq!(world.unschedulable(), [cordoned], "only the node that its operator had cordoned");
    assert_eq!(gates.calls("apply"), 0, "Terraform was never told to apply");
    assert_eq!(world.running().len(), 3);
    world.nothing_stays();
    world.lock_is_free();
}

#[test]
fn the_node_that_scaler_itself_runs_on_is_refused_by_name_and_not_chosen() {
    let mut world = World::new();
    world.write(&world.file("min: 1, max: 6", "").replace("[local-a, local-b]", "[local-a]"));
    world.apply().ends(0);
    world.run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]).ends(0);
    let namespace = world.k.namespace("own");
    world.k.apply(&spread(&workload(&namespace, &world.pool, 2, 1)));
    world.wait_ready(&namespace, 2);
    // Of two nodes that are alike the one with the higher number would go.
    let own = world.node(2);
    let [pod] = pods_on(&world, &namespace, &own).try_into().expect("one pod a node");
    let variables = [("POD_NAMESPACE", namespace.clone()), ("POD_NAME", pod.clone())];
    world.program.environment.extend(variables.map(|(name, value)| (name.to_owned(), value)));
    let said = world.run(&["scale-down", "--pool", &world.pool, "--node", &own, "--yes"]).ends(5);
    let said = said.says(&format!("the drain of {own} cannot succeed"));
    said.says(&format!("{namespace}/{pod} is where scaler itself runs")).says("name other nodes");
    assert_eq!(world.workers().len(), 2);
    world.is_in_order();
    world.run(&["scale-down", "--pool", &world.pool, "--to", "1", "--yes"]).ends(0);
    assert_eq!(world.workers(), [own]);
    world.is_in_order();
}

#[test]
fn a_plan_shows_what_a_drain_will_meet_and_changes_nothing() {
    let world = World::new();
    three(&world);
    let namespace = world.k.namespace("shown");
    world.k.apply(&workload(&namespace, &world.pool, 3, 1));
    world.wait_ready(&namespace, 3);
    let before = world.record();
    world.run(&["scale-down", "--pool", &world.pool, "--to", "2", "--dry-run"]).ends(0).says("drain:").says("pool-");
    assert_eq!(world.record(), before);
    assert_eq!(world.unschedulable(), Vec::<String>::new());
}

#[test]
fn a_pool_is_replaced_in_one_apply_though_its_pods_fit_on_the_new_nodes_alone() {
    let world = World::new();
    // Nodes of other tests are no place for these pods.
    let zone = format!("{}-z", world.cluster);
    let text = world.file("count: 2", "").replace("[local-a, local-b]", &format!("[{zone}]"));
    world.write(&text);
    world.apply().ends(0);
    let namespace = world.k.namespace("replaced");
    let selector = format!("scaler/pool: {}", world.pool);
    let workload = workload(&namespace, &world.pool, 2, 1)
        .replace(&selector, &format!("topology.kubernetes.io/zone: {zone}"))
        .replace("image: web }", "image: web, resources: { requests: { cpu: 3 } } }");
    world.k.apply(&workload);
    world.wait_ready(&namespace, 2);
    let next = format!("{}b", world.pool);
    world.write(&text.replace(&format!("name: {},", world.pool), &format!("name: {next},")));
    world.apply().ends(0);
    let left = world.sandbox.machines().into_iter().filter(crate::world::runs).map(|machine| machine.node);
    let mut workers: Vec<String> = left.filter(|node| !node.contains("control-plane")).collect();
    workers.sort();
    assert_eq!(workers, [1, 2].map(|number| format!("{}-{next}-{number}", world.cluster)));
    world.wait_ready(&namespace, 2);
}
