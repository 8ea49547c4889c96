//! The guard over plans that the real Terraform and the real OpenTofu make of the sandbox's modules, untouched and
//! tampered with.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use scaler::model::guard::{
    Expected, Machine, PoolChange, Summary, check, check_module, permits_for_destroy, permits_for_foundation,
    permits_for_new_foundation, permits_for_pool,
};
use scaler::model::names::{NodeName, StackId};
use scaler::model::provider::Provider;
use scaler::model::record::Flavour;
use scaler::render::Assets;
use serde_json::{Value, json};

/// A root module in a folder of its own, with its state and the sandbox's register.
struct Stack {
    folder: tempfile::TempDir,
    tool: &'static str,
    values: Value,
}

impl Stack {
    fn new(tool: &'static str, stack: &StackId) -> Stack {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, content) in Assets::embedded().module(Provider::Sandbox, stack) {
            std::fs::write(folder.path().join(name), content).expect("a module's file is written");
        }
        let register = folder.path().join("register");
        let mut values = json!({
            "cluster": {"name": "demo", "id": "c1d2e3f4", "region": "nowhere-1"},
            "register": register,
            "tags": {"team": "a"},
        });
        let nodes: serde_json::Map<_, _> = (1..=3).map(|number| (name(number).to_string(), node(number))).collect();
        match stack {
            StackId::Foundation => {
                values["network"] = json!({"cidr": "10.1.0.0/20", "zones": ["z1"]});
                values["ssh_public_key"] = json!("ssh-ed25519 AAAA");
                values["control_plane"] = json!({"nodes": nodes});
                values["kubernetes"] = json!({"pod_cidr": "10.244.0.0/16"});
            }
            StackId::Pool(pool) => {
                values["pool"] = json!(pool);
                values["foundation"] = json!({"network_id": "n", "subnets": {"z1": "subnet-z1"}, "key_name": "k"});
                values["nodes"] = json!(nodes);
            }
        }
        let stack = Stack { folder, tool, values };
        stack.must(&["init"]);
        stack
    }

    /// A pool of three that stands.
    fn standing_pool(tool: &'static str) -> Stack {
        let stack = Stack::new(tool, &pool());
        stack.must(&["apply", "-auto-approve"]);
        stack
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("a file is written");
    }

    #[expect(clippy::disallowed_methods, reason = "the tool itself is what these tests are about")]
    fn run(&self, arguments: &[&str]) -> Output {
        self.write("terraform.tfvars.json", &self.values.to_string());
        self.write("cli.tfrc", "");
        std::process::Command::new(scaler_lab::program(self.tool).expect("the tool is there"))
            .args(arguments)
            .current_dir(self.path())
            .env("TF_CLI_CONFIG_FILE", self.path().join("cli.tfrc"))
            .env("TF_INPUT", "0")
            .env("CHECKPOINT_DISABLE", "1")
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", self.tool))
    }

    fn must(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.run(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{} {arguments:?}: {text}", self.tool);
        output.stdout
    }

    /// The JSON of a saved plan; also of one that ended in errors, as long as the tool saved it.
    fn plan(&self, arguments: &[&str]) -> Value {
        self.run(&[&["plan", "-out=plan.bin"], arguments].concat());
        serde_json::from_slice(&self.must(&["show", "-json", "plan.bin"])).expect("the plan is JSON")
    }

    /// The machine of each node, as the state has it.
    fn machines(&self, resource: &str) -> BTreeMap<u64, Machine> {
        let state: Value = serde_json::from_slice(&self.must(&["show", "-json"])).expect("the state is JSON");
        let resources = state["values"]["root_module"]["resources"].as_array().expect("there are resources");
        let of = |number: u64| {
            let address = format!("{resource}[\"{}\"]", name(number));
            let found = resources.iter().find(|resource| resource["address"] == address.as_str())?;
            Some((number, (name(number), found["values"]["id"].as_str()?.to_owned())))
        };
        (1..=9).filter_map(of).collect()
    }
}

fn pool() -> StackId {
    StackId::Pool("workers".into())
}

fn name(number: u64) -> NodeName {
    NodeName::new("demo", "workers", number)
}

fn node(number: u64) -> Value {
    json!({"zone": "z1", "image": "image-1", "machine": "small", "disk": {"size_gib": 20}, "operation": "op",
           "private_address": format!("10.1.0.{number}")})
}

fn flavour(tool: &str) -> Flavour {
    if tool == "tofu" { Flavour::Opentofu } else { Flavour::Terraform }
}

/// Makes two tests of each of these: with Terraform, and with OpenTofu.
macro_rules! with_each_tool {
    ($($test:ident)*) => {
        mod of_terraform {
            $(#[test]
            fn $test() {
                scaler_lab::needs!(Terraform);
                super::$test("terraform");
            })*
        }
        mod of_opentofu {
            $(#[test]
            fn $test() {
                scaler_lab::needs!(Opentofu);
                super::$test("tofu");
            })*
        }
    };
}

with_each_tool! {
    a_pool_lives_its_life_under_the_guard
    a_foundation_is_made_retagged_and_destroyed_under_the_guard
    a_plan_that_does_something_else_besides_is_refused
    another_machine_under_the_victims_name_is_refused
    an_edited_module_is_refused_by_its_plan_and_by_its_text
    a_plan_that_is_not_whole_is_refused
}

/// `demo-workers-2` goes, `demo-workers-4` comes.
fn swap(stack: &mut Stack) -> Expected {
    let expected = permits_for_pool(
        Provider::Sandbox,
        flavour(stack.tool),
        "workers",
        &PoolChange {
            additions: &[name(4)],
            removals: &[stack.machines("terraform_data.node")[&2].clone()],
            ..PoolChange::default()
        },
    );
    let nodes = stack.values["nodes"].as_object_mut().expect("an object");
    nodes.remove(name(2).as_str());
    nodes.insert(name(4).to_string(), node(4));
    expected
}

fn refusal(plan: &Value, expected: &Expected) -> String {
    match check(plan, expected) {
        Ok(summary) => panic!("the guard let it through: {summary:?}"),
        Err(violations) => violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

fn allowed(plan: &Value, expected: &Expected) -> Summary {
    check(plan, expected).unwrap_or_else(|violations| {
        panic!("{}", violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

#[test]
fn the_embedded_modules_have_the_shape_that_the_guard_knows() {
    for provider in [Provider::Aws, Provider::Sandbox] {
        for stack in [StackId::Foundation, pool()] {
            let files = Assets::embedded().module(provider, &stack);
            assert_eq!(check_module(provider, &stack, &files), Ok(()), "{provider} {stack}");
        }
    }
}

fn a_pool_lives_its_life_under_the_guard(tool: &'static str) {
    let mut stack = Stack::new(tool, &pool());
    let all = [name(1), name(2), name(3)];
    let creation = PoolChange { additions: &all, ..PoolChange::default() };
    let expected = permits_for_pool(Provider::Sandbox, flavour(tool), "workers", &creation);
    assert_eq!(allowed(&stack.plan(&[]), &expected).creates.len(), 3);
    stack.must(&["apply", "plan.bin"]);

    let nothing = permits_for_pool(Provider::Sandbox, flavour(tool), "workers", &PoolChange::default());
    assert!(allowed(&stack.plan(&[]), &nothing).is_empty());

    let expected = swap(&mut stack);
    let plan = stack.plan(&[]);
    assert_eq!(allowed(&plan, &expected).to_string(), "create 1, destroy 1");
    assert!(refusal(&plan, &nothing).contains("workers-2\"] (delete): the operation does not remove this"));
    stack.must(&["apply", "plan.bin"]);

    let machines: Vec<Machine> = stack.machines("terraform_data.node").into_values().collect();
    stack.values["tags"] = json!({"team": "b", "more": "c"});
    let retag = PoolChange { retagged: &machines, ..PoolChange::default() };
    let expected = permits_for_pool(Provider::Sandbox, flavour(tool), "workers", &retag);
    let plan = stack.plan(&[]);
    assert_eq!(allowed(&plan, &expected).to_string(), "change 3");
    assert!(refusal(&plan, &nothing).contains("would change input.machine.tags"));

    let destroy = |machines: &[Machine]| permits_for_destroy(Provider::Sandbox, flavour(tool), pool(), machines);
    let plan = stack.plan(&["-destroy"]);
    assert_eq!(allowed(&plan, &destroy(&machines)).to_string(), "destroy 3");
    assert!(refusal(&plan, &destroy(&machines[1..])).contains("does not remove this"));
}

fn a_foundation_is_made_retagged_and_destroyed_under_the_guard(tool: &'static str) {
    let mut stack = Stack::new(tool, &StackId::Foundation);
    let new = permits_for_new_foundation(Provider::Sandbox, flavour(tool), &[name(1), name(2), name(3)], &[]);
    assert_eq!(allowed(&stack.plan(&[]), &new).to_string(), "create 4");
    stack.must(&["apply", "plan.bin"]);

    let machines: Vec<Machine> = stack.machines("terraform_data.control_plane").into_values().collect();
    let standing = permits_for_foundation(Provider::Sandbox, flavour(tool), &machines, None);
    stack.values["tags"] = json!({});
    assert_eq!(allowed(&stack.plan(&[]), &standing).to_string(), "change 4");
    stack.values["network"]["cidr"] = json!("10.2.0.0/20");
    assert!(
        refusal(&stack.plan(&[]), &standing).contains("terraform_data.network (update): it would change input.network")
    );

    let destroy = permits_for_destroy(Provider::Sandbox, flavour(tool), StackId::Foundation, &machines);
    assert_eq!(allowed(&stack.plan(&["-destroy"]), &destroy).to_string(), "destroy 4");
}

/// What is done to a stack, and where the refusal must see it.
type Tampering = (&'static str, Box<dyn Fn(&mut Stack)>, String);

fn a_plan_that_does_something_else_besides_is_refused(tool: &'static str) {
    let first = format!("terraform_data.node[\"{}\"]", name(1));
    let cases: [Tampering; 5] = [
        (
            "another machine's type changes",
            Box::new(|stack| stack.values["nodes"][name(1).as_str()]["machine"] = json!("big")),
            format!(
                "{first} (update): the operation does not change this; Terraform would change input.machine.machine"
            ),
        ),
        (
            "another machine is replaced",
            Box::new(|stack| stack.values["nodes"][name(1).as_str()]["image"] = json!("image-2")),
            format!("{first} (delete, create): it would be destroyed and made anew"),
        ),
        (
            "the state lost another machine",
            Box::new(|stack| drop(stack.must(&["state", "rm", &format!("terraform_data.node[\"{}\"]", name(1))]))),
            format!("{first} (create): the operation does not make this. If the record knows it"),
        ),
        (
            "the victim's neighbour goes too",
            Box::new(|stack| drop(stack.values["nodes"].as_object_mut().expect("an object").remove(name(1).as_str()))),
            format!("{first} (delete): the operation does not remove this"),
        ),
        (
            "the victim stays",
            Box::new(|stack| stack.values["nodes"][name(2).as_str()] = node(2)),
            format!("terraform_data.node[\"{}\"] (delete): the operation needs this", name(2)),
        ),
    ];
    for (what, tamper, reason) in cases {
        let mut stack = Stack::standing_pool(tool);
        let expected = swap(&mut stack);
        tamper(&mut stack);
        let text = refusal(&stack.plan(&[]), &expected);
        assert!(text.contains(&reason), "{what}: {text}");
    }
}

fn another_machine_under_the_victims_name_is_refused(tool: &'static str) {
    let mut stack = Stack::standing_pool(tool);
    // The machine that was drained is forgotten, and another one made under its name.
    let expected = swap(&mut stack);
    let drained = stack.machines("terraform_data.node")[&2].1.clone();
    let address = format!("terraform_data.node[\"{}\"]", name(2));
    stack.must(&["state", "rm", &address]);
    stack.values["nodes"][name(2).as_str()] = node(2);
    stack.must(&["apply", "-auto-approve", "-target", &address]);
    swap(&mut stack);
    let text = refusal(&stack.plan(&[]), &expected);
    assert!(
        text.contains(&format!(
            "{address} (delete): Terraform's state has another machine at this address than {drained}"
        )),
        "{text}"
    );
}

fn an_edited_module_is_refused_by_its_plan_and_by_its_text(tool: &'static str) {
    let moved = format!(
        "moved {{\n from = terraform_data.node[\"{}\"]\n to = terraform_data.node[\"{}\"]\n}}\n",
        name(2),
        name(4)
    );
    let cases = [
        (
            "import",
            "resource \"terraform_data\" \"x\" {}\nimport {\n to = terraform_data.x\n id = \"i\"\n}\n",
            "would import it",
        ),
        ("move", moved.as_str(), "would move it here"),
        ("forget", "removed {\n from = terraform_data.old\n lifecycle {\n destroy = false\n }\n}\n", "would forget it"),
        (
            "data source",
            "data \"terraform_remote_state\" \"x\" {\n backend = \"local\"\n config = { path = \"terraform.tfstate\" }\n}\n",
            "data.terraform_remote_state.x: the module has no such resource",
        ),
        ("module", "module \"x\" {\n source = \"./x\"\n}\n", "`module_calls`, of which the module has none: x"),
        ("resource", "resource \"terraform_data\" \"x\" {}\n", "terraform_data.x (create)"),
        (
            "check",
            "check \"x\" {\n assert {\n condition = length(var.nodes) > 0\n error_message = \"x\"\n }\n}\n",
            "no such check",
        ),
    ];
    for (what, text, reason) in cases {
        let mut stack = Stack::standing_pool(tool);
        let expected = swap(&mut stack);
        if what == "forget" {
            stack.write("more.tf", "resource \"terraform_data\" \"old\" {}\n");
            stack.must(&["apply", "-auto-approve", "-target", "terraform_data.old"]);
        }
        std::fs::create_dir(stack.path().join("x")).expect("a folder");
        stack.write("x/main.tf", "resource \"terraform_data\" \"x\" {}\n");
        stack.write("more.tf", text);
        stack.must(&["init"]);
        let refused = refusal(&stack.plan(&[]), &expected);
        assert!(refused.contains(reason), "{what}: {refused}");

        let mut files = Assets::embedded().module(Provider::Sandbox, &pool());
        files.insert("more.tf".into(), text.as_bytes().to_vec());
        assert!(check_module(Provider::Sandbox, &pool(), &files).is_err(), "{what}");
    }

    // A provisioner added to the machine that comes.
    let mut stack = Stack::standing_pool(tool);
    let expected = swap(&mut stack);
    let marker = stack.path().join("marker");
    let main = std::fs::read_to_string(stack.path().join("main.tf")).expect("the module's text");
    let more = format!("  provisioner \"local-exec\" {{\n    command = \"touch {}\"\n  }}\n", marker.display());
    let end = main.rfind('}').expect("a closing brace");
    stack.write("main.tf", &format!("{}{more}}}\n", &main[..end]));
    let refused = refusal(&stack.plan(&[]), &expected);
    assert!(refused.contains("terraform_data.node: it runs programs"), "{refused}");
    assert!(!marker.exists());
}

fn a_plan_that_is_not_whole_is_refused(tool: &'static str) {
    let mut stack = Stack::standing_pool(tool);
    let expected = swap(&mut stack);
    // A plan of OpenTofu's does not say that it is not complete.
    if flavour(tool) == Flavour::Terraform {
        let targets = [2, 4].map(|number| format!("-target=terraform_data.node[\"{}\"]", name(number)));
        let refused = refusal(&stack.plan(&[&targets[0], &targets[1]]), &expected);
        assert!(refused.contains("not complete"), "{refused}");
    }

    stack.values["nodes"][name(4).as_str()]["image"] = json!("unresolved:ubuntu-22.04");
    let refused = refusal(&stack.plan(&[]), &expected);
    assert!(refused.contains("met errors"), "{refused}");
}
