//! `scaler render` of a big cluster, beside a script with Jinja2 that writes the same files.

use std::path::Path;

use serde_json::Value;

use crate::case::{Row, Scale, compare, must};
use crate::folder::Folder;
use crate::peers;

pub fn rows(scale: &Scale) -> Vec<Row> {
    let (pools, nodes) = (scale.of(100, 2), scale.of(100, 3));
    let folder = Folder::new(scale, &cluster_file(pools, nodes), &[]);
    folder.write("key.pub", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBench bench\n");
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let peer = |out: &str| {
        let mut command = folder.tool(peers::python().to_str().expect("a path in UTF-8"));
        command.arg(project.join("benches/peers/render.py")).arg(project.join("terraform/aws/pool"));
        must(command.args(["cluster.yml", out]));
    };
    let row = compare(
        format!("render: {} nodes in {pools} pools", pools * nodes),
        scale.runs(10),
        || drop(must(&mut folder.scaler(&["render", "--out", "ours"]))),
        "a script with Jinja2, the pools alone",
        || peer("theirs"),
    );
    for pool in 1..=pools {
        let stack = format!("pool-p{pool}");
        same_files(&folder.path().join("ours/terraform").join(&stack), &folder.path().join("theirs").join(&stack));
    }
    vec![row]
}

/// As values where they are JSON: another order of keys, or other spaces, are the same file to Terraform.
fn same_files(ours: &Path, theirs: &Path) {
    for file in std::fs::read_dir(ours).expect("our files") {
        let path = file.expect("a file").path();
        let other = theirs.join(path.file_name().expect("a name"));
        let [text, other] = [&path, &other].map(|path| std::fs::read_to_string(path).expect("both wrote it"));
        if path.extension().is_some_and(|extension| extension == "json") {
            let [text, other] = [&text, &other].map(|text| serde_json::from_str::<Value>(text).expect("JSON"));
            assert!(text == other, "{} differs", path.display());
        } else {
            assert_eq!(text.trim_end(), other.trim_end(), "{}", path.display());
        }
    }
}

fn cluster_file(pools: usize, nodes: usize) -> String {
    let head = "apiVersion: scaler/v1\nkind: Cluster\nname: bench\nprovider: aws\nregion: eu-west-1\n\
                kubernetes: { version: 1.36.3 }\n\
                store: { backend: s3, bucket: bench-clusters, prefix: bench }\n\
                ssh: { user: ubuntu, publicKeyFile: ./key.pub }\n\
                network: { cidr: 10.0.0.0/16, zones: [eu-west-1a, eu-west-1b, eu-west-1c], adminCidrs: [203.0.113.7/32] }\n\
                controlPlane: { count: 3, machine: m6i.large, image: { id: ami-0123456789abcdef0 } }\npools:\n";
    let pool = |number| {
        format!(
            "  - {{ name: p{number}, machine: m6i.large, image: {{ id: ami-0123456789abcdef0 }}, count: {nodes} }}\n"
        )
    };
    (1..=pools).map(pool).fold(head.to_owned(), |text, pool| text + &pool)
}
