//! `scaler plan` of a big cluster that stands, beside Terraform alone on the very same stacks.
//!
//! The cluster is the sandbox's: its machines, their states and its Kubernetes are real, its network is loopback. What a
//! cloud's API adds to Terraform's refresh is not in it, on either side.

use std::process::Command;

use scaler_lab::{Bridge, Kubernetes, Sandbox};
use serde_json::{Value, json};

use crate::case::{Row, Scale, compare, must};
use crate::folder::Folder;
use crate::peers;

/// How many nodes leave in the plan that is measured.
const LEAVING: usize = 2;

pub fn rows(scale: &Scale) -> Vec<Row> {
    // Terraform's own time grows much faster than a stack's machines: a thousand in one pool take too long.
    let (pools, each) = (scale.of(10, 2), scale.of(100, 4));
    let nodes = pools * each;
    let kubernetes = Kubernetes::start();
    let sandbox = Sandbox::start();
    let standing = Standing::make(scale, &kubernetes, &sandbox, pools, each);
    let folder = &standing.folder;
    let runs = scale.runs(5);
    let to = (each - LEAVING).to_string();
    let shrink = ["scale-down", "--pool", "p1", "--to", &to, "--dry-run"];
    let nothing = compare(
        format!("plan: nothing to do, {nodes} nodes in {pools} pools"),
        runs,
        // It would not succeed if there were changes.
        || drop(must(&mut folder.scaler(&["plan", "--detailed-exitcode"]))),
        format!("{} plan, in each stack", standing.terraform),
        || {
            for stack in &standing.stacks {
                standing.terraform_plan(stack, "No changes");
            }
        },
    );
    standing.forget_last(LEAVING);
    let leaving = format!("{LEAVING} to destroy");
    let fewer = compare(
        format!("scale-down --dry-run: {LEAVING} of a pool's {each}, of {nodes} nodes"),
        runs,
        || drop(must(&mut folder.scaler(&shrink))),
        format!("{} plan, in the pool's stack", standing.terraform),
        || standing.terraform_plan("pool-p1", &leaving),
    );
    vec![nothing, fewer]
}

/// A cluster that stands, and its stacks as Terraform alone would be run on them.
struct Standing {
    folder: Folder,
    terraform: &'static str,
    stacks: Vec<String>,
}

impl Standing {
    fn make(scale: &Scale, kubernetes: &Kubernetes, sandbox: &Sandbox, pools: usize, each: usize) -> Standing {
        let text = cluster_file(sandbox, pools, each, each);
        let kubeconfig = kubernetes.kubeconfig().display().to_string();
        let folder = Folder::new(scale, &text, &[("KUBECONFIG", kubeconfig), ("TF_IN_AUTOMATION", "1".to_owned())]);
        let bridge = Bridge::start(kubernetes, sandbox.source());
        must(&mut folder.scaler(&["apply", "--yes"]));
        // Machines that have joined need it no more, and it would only look at them again and again.
        bridge.leave();
        folder.write("cluster.yml", &cluster_file(sandbox, pools, 1, each));
        // Stored, so that nothing is to do for `plan`, not even that.
        must(&mut folder.scaler(&["apply", "--yes"]));
        must(&mut folder.scaler(&["render", "--record", "store/cluster.json", "--out", "."]));
        let names = (1..=pools).map(|number| format!("pool-p{number}"));
        let stacks = std::iter::once("foundation".to_owned()).chain(names).collect();
        let standing = Standing { folder, terraform: peers::terraform(), stacks };
        for stack in &standing.stacks {
            must(standing.terraform(stack).args(["init", "-input=false"]));
        }
        standing
    }

    fn terraform(&self, stack: &str) -> Command {
        let mut command = self.folder.tool(self.terraform);
        command.current_dir(self.folder.path().join("terraform").join(stack));
        command
    }

    fn terraform_plan(&self, stack: &str, outcome: &str) {
        let said = must(self.terraform(stack).args(["plan", "-input=false", "-no-color"]));
        assert!(said.contains(outcome), "{stack}: {said}");
    }

    /// Takes the last nodes out of what Terraform alone is told.
    fn forget_last(&self, count: usize) {
        let path = self.folder.path().join("terraform/pool-p1/terraform.tfvars.json");
        let text = std::fs::read(&path).expect("the pool's values");
        let mut values: Value = serde_json::from_slice(&text).expect("JSON");
        let nodes = values["nodes"].as_object_mut().expect("nodes");
        for _ in 0..count {
            let last = nodes.keys().next_back().expect("a node").clone();
            nodes.remove(&last);
        }
        std::fs::write(path, json!(values).to_string()).expect("the pool's values are written");
    }
}

fn cluster_file(sandbox: &Sandbox, pools: usize, min: usize, max: usize) -> String {
    let head = format!(
        "apiVersion: scaler/v1\nkind: Cluster\nname: bench\nprovider: sandbox\nregion: local\n\
         kubernetes: {{ version: 1.36.3 }}\nstore: {{ backend: local, path: store }}\n\
         network: {{ zones: [local-a, local-b] }}\nsandbox: {{ register: {} }}\n\
         controlPlane: {{ count: 1, machine: small, image: {{ id: base }} }}\npools:\n",
        sandbox.register().display(),
    );
    let pool =
        |number| format!("  - {{ name: p{number}, machine: small, image: {{ id: base }}, min: {min}, max: {max} }}\n");
    (1..=pools).map(pool).fold(head, |text, pool| text + &pool)
}
