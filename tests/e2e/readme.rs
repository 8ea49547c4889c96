//! The README's examples, in their order, in an empty folder.

use scaler_lab::{Bridge, Kubernetes, Sandbox};

use crate::world::{Program, environment};

/// The commands of the chapter "Commands".
fn examples() -> Vec<String> {
    let readme = include_str!("../../README.md");
    let commands = readme.split_once("## Commands").expect("a chapter of commands").1;
    commands.lines().filter_map(|line| line.strip_prefix("$ scaler ")).map(str::to_owned).collect()
}

#[test]
fn every_example_works_as_it_is_written() {
    // A cluster of its own: the examples' names are everybody's.
    let k = Kubernetes::start();
    let mut program = Program::new(environment(k.kubeconfig()));
    let home = program.folder.path().join("home");
    std::fs::create_dir_all(home.join(".kube")).expect("a home folder");
    std::fs::copy(k.kubeconfig(), home.join(".kube/demo")).expect("a kubeconfig");
    program.environment.insert("HOME".to_owned(), home.display().to_string());
    let register = program.folder.path().join(".sandbox");
    std::fs::create_dir_all(&register).expect("a register");
    let _bridge = Bridge::start(&k, Sandbox::at(&register).source());
    let examples = examples();
    assert!(examples.len() >= 10, "{examples:?}");
    for example in examples {
        let words: Vec<&str> = example.split_whitespace().collect();
        let said = program.run(&words);
        assert_eq!(said.code, 0, "scaler {example}\n{}\n{}", said.stdout, said.stderr);
    }
}

#[test]
fn results_are_documents_too() {
    let k = Kubernetes::shared();
    let program = Program::new(environment(k.kubeconfig()));
    program.run(&["init", "sandbox"]).ends(0);
    let plan = program.run(&["plan", "--output", "json"]).ends(0).json();
    assert_eq!(plan["changes"], true);
    assert_eq!(program.run(&["validate", "--output", "json"]).ends(0).json()["valid"], true);
    assert_eq!(program.run(&["status", "--output", "json"]).ends(0).json()["generation"], serde_json::Value::Null);
}
