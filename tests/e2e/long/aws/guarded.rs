//! Plans of Terraform's that go beyond what was asked, made for real: the guard refuses them, and nothing is changed.

use serde_json::{Value, json};

use super::cluster::{Aws, BUCKET, REGION};

impl Aws {
    /// The cluster file's tags differ from the network's: without that, Terraform is not asked about the foundation.
    #[track_caller]
    pub fn assert_network_stays(&self) {
        let mut state = self.state("foundation");
        instance(&mut state, "aws_vpc", "main", &Value::Null)["status"] = json!("tainted");
        self.refused_over("a network to be replaced", "foundation", state, || {
            let network = "aws_vpc.main (delete, create): it would be destroyed and made anew";
            let plane = format!("aws_instance.control_plane[\"{}\"] (delete, create)", self.control_plane());
            self.program.run(&["apply", "--yes"]).ends(5).says(network).says(&plane);
        });
    }

    /// The pool has these nodes.
    #[track_caller]
    pub fn assert_neighbours_stay(&self, [first, second, third]: [u32; 3]) {
        let [first, second, third] = [first, second, third].map(|number| self.node(number));
        let stack = format!("pool-{}", self.pool);
        let refusal = |node: &str, action: &str, why: &str| format!("aws_instance.node[\"{node}\"] ({action}): {why}");
        // The state does not know the machine any more, and Terraform would make it a second time.
        let doubled = refusal(&third, "create", "the operation does not make this");
        let forgotten = || {
            let mut state = self.state(&stack);
            instances(&mut state, "aws_instance", "node").retain(|instance| instance["index_key"] != third.as_str());
            state
        };

        // Somebody gave the machine another type: Terraform would stop it to change that back.
        let machine = self.recorded()[&second].clone();
        self.retype(&machine, "t3.xlarge");
        self.refused_over("a machine to be stopped, another one to be doubled", &stack, forgotten(), || {
            let stopped = refusal(&second, "update", "the operation does not change this");
            let said = self.scale("scale-down", &["--node", &first]).ends(5);
            said.says(&format!("{stopped}; Terraform would change instance_type")).says(&doubled);
        });
        self.retype(&machine, "t3.large");

        let mut state = forgotten();
        instance(&mut state, "aws_instance", "node", &json!(second))["status"] = json!("tainted");
        self.refused_over("a machine to be replaced, another one to be doubled", &stack, state, || {
            let replaced = refusal(&second, "delete, create", "it would be destroyed and made anew");
            self.scale("scale-up", &["--to", "4"]).ends(5).says(&replaced).says(&doubled);
        });
    }

    /// While the stack has this state. Afterwards it has its own again.
    #[track_caller]
    fn refused_over(&self, what: &str, stack: &str, state: Value, act: impl Fn()) {
        let own = self.state(stack);
        self.put_state(stack, state);
        self.unchanged(what, act);
        self.put_state(stack, own);
    }

    fn state(&self, stack: &str) -> Value {
        let text = self.object(&format!("terraform/{stack}.tfstate")).expect("a state");
        serde_json::from_str(&text).expect("a state is JSON")
    }

    /// As `terraform state push` would: with a serial of its own.
    fn put_state(&self, stack: &str, mut state: Value) {
        let serial = self.state(stack)["serial"].as_u64().expect("a serial");
        state["serial"] = json!(serial + 1);
        let key = format!("{}/terraform/{stack}.tfstate", self.cluster);
        self.moto.put_object(REGION, BUCKET, &key, &state.to_string());
    }

    fn retype(&self, machine: &str, kind: &str) {
        let change = [("Action", "ModifyInstanceAttribute"), ("InstanceId", machine), ("InstanceType.Value", kind)];
        self.moto.call(REGION, "ec2", &change);
    }
}

fn instances<'a>(state: &'a mut Value, kind: &str, name: &str) -> &'a mut Vec<Value> {
    let resources = state["resources"].as_array_mut().expect("resources");
    let found = resources.iter_mut().find(|resource| resource["type"] == kind && resource["name"] == name);
    found.unwrap_or_else(|| panic!("the state has no {kind}.{name}"))["instances"].as_array_mut().expect("instances")
}

/// `key` is null for a resource that is there once.
fn instance<'a>(state: &'a mut Value, kind: &str, name: &str, key: &Value) -> &'a mut Value {
    let mine = |instance: &&mut Value| instance.get("index_key").unwrap_or(&Value::Null) == key;
    let found = instances(state, kind, name).iter_mut().find(mine);
    found.unwrap_or_else(|| panic!("the state has no {kind}.{name} {key}"))
}
