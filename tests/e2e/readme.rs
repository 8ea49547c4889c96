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
    for example in examples() {
        let words: Vec<&str> = example.split_whitespace().collect();
        let said = program.run(&words);
        assert_eq!(said.code, 0, "scaler {example}\n{}\n{}", said.stdout, said.stderr);
        if words[0] != "man" {
            assert!(!said.stdout.is_empty(), "scaler {example} has a result");
        }
    }
    let page = std::fs::read_to_string(program.folder.path().join("man/scaler.1")).expect("the manual's first page");
    assert!(page.contains(".TH scaler 1"), "{page}");
}

#[test]
fn every_command_has_an_example() {
    let program = Program::new(environment(Kubernetes::shared().kubeconfig()));
    let help = program.run(&["--help"]).ends(0).stdout;
    let commands = help.split_once("Commands:\n").expect("a list of commands").1;
    let commands = commands.lines().take_while(|line| line.starts_with("  "));
    // A line that goes on is further in.
    let names: Vec<&str> =
        commands.filter_map(|line| line[2..].split(' ').next()).filter(|name| !name.is_empty()).collect();
    assert!(names.contains(&"scale-down"), "{help}");
    let examples = examples();
    // What needs machines to log in to, or AWS, is shown without a prompt, and run in `provisioning` and `aws::images`.
    let elsewhere = ["provision", "kubeconfig", "build-image", "image"];
    let readme = include_str!("../../README.md");
    for name in elsewhere {
        assert!(readme.contains(&format!("\nscaler {name} ")), "the README has no example of `scaler {name}`");
    }
    for name in names.into_iter().filter(|name| *name != "help" && !elsewhere.contains(name)) {
        let shown = examples.iter().any(|example| example.split_whitespace().next() == Some(name));
        assert!(shown, "the README has no example of `scaler {name}`");
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
