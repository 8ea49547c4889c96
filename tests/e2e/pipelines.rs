//! The examples for pipelines: their own shell lines, run as a runner would, in a folder with a cluster file. Only AWS'
//! command is not the real one: it hands out the lab's kubeconfig where theirs asks the Secrets Manager for it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::world::{Said, World};

const GITHUB: &str = include_str!("../../examples/ci/github-actions.yml");
const GITLAB: &str = include_str!("../../examples/ci/gitlab-ci.yml");
const JENKINS: &str = include_str!("../../examples/ci/Jenkinsfile");

/// The scripts of a pipeline that call `scaler`, in order: one that plans, and one that applies.
type Scripts = [String; 2];

fn github() -> Scripts {
    let pipeline: Value = serde_saphyr::from_str(GITHUB).expect("YAML");
    ["plan", "apply"].map(|job| {
        let steps = pipeline["jobs"][job]["steps"].as_array().expect("steps").iter();
        let lines: Vec<&str> = steps.filter_map(|step| step["run"].as_str()).collect();
        assert!(lines.iter().any(|line| line.contains("scaler ")), "{job} calls scaler");
        // GitHub runs each step in a shell of its own, with -e.
        lines.iter().map(|line| format!("bash -e <<'STEP'\n{line}\nSTEP\n")).collect()
    })
}

fn gitlab() -> Scripts {
    let pipeline: Value = serde_saphyr::from_str(GITLAB).expect("YAML");
    let lines = |job: &str, part: &str| -> Vec<String> {
        let lines = pipeline[job][part].as_array().expect("lines").iter();
        lines.map(|line| line.as_str().expect("a line").to_owned()).collect()
    };
    ["plan", "apply"].map(|job| {
        [lines(".cluster", "before_script"), lines(job, "script"), lines(".cluster", "after_script")]
            .concat()
            .join("\n")
    })
}

fn jenkins() -> Scripts {
    let blocks: Vec<&str> = JENKINS.split("sh '''").skip(1).filter_map(|rest| rest.split("'''").next()).collect();
    <[&str; 2]>::try_from(blocks).expect("two scripts").map(str::to_owned)
}

struct Runner {
    world: World,
    /// Where the runner keeps what outlives a step.
    files: tempfile::TempDir,
}

impl Runner {
    fn new() -> Runner {
        let world = World::new();
        let files = tempfile::tempdir().expect("a folder");
        let aws = files.path().join("aws");
        std::fs::write(&aws, format!("#!/bin/sh\nexec cat '{}'\n", world.k.kubeconfig().display())).expect("a command");
        let status = Command::new("chmod").arg("755").arg(&aws).status().expect("chmod");
        assert!(status.success());
        Runner { world, files }
    }

    fn run(&self, script: &str) -> Said {
        let scaler = Path::new(env!("CARGO_BIN_EXE_scaler")).parent().expect("a folder").display();
        let (files, path) = (self.files.path().display(), &self.world.program.environment["PATH"]);
        let mut command = Command::new("bash");
        command.args(["-e", "-c", script]).current_dir(self.world.folder()).env_clear();
        command.envs(self.world.program.environment.iter().filter(|(name, _)| *name != "KUBECONFIG"));
        command.env("PATH", format!("{scaler}:{files}:{path}")).env("RUNNER_TEMP", self.files.path());
        for variable in ["KUBECONFIG_SECRET", "OIDC_TOKEN", "ROLES", "ACCOUNT"] {
            command.env(variable, "x");
        }
        for file in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
            command.env(file, self.files.path().join(file));
        }
        Said::of(command.output().expect("bash"))
    }
}

fn makes_the_cluster(scripts: &Scripts) -> Runner {
    let runner = Runner::new();
    let [plan, apply] = scripts;
    runner.run(plan).ends(0);
    assert!(runner.world.sandbox.machines().is_empty(), "a plan changes nothing");
    runner.run(apply).ends(0);
    assert_eq!(runner.world.workers().len(), 1);
    for left in ["kubeconfig", ".login"] {
        assert!(!runner.world.folder().join(left).exists(), "{left} is left behind");
        assert!(!runner.files.path().join(left).exists(), "{left} is left behind");
    }
    // The plan was for a cluster that was not there: it is stale now.
    assert_ne!(runner.run(apply).code, 0);
    runner
}

#[test]
fn github_actions() {
    let runner = makes_the_cluster(&github());
    let output = std::fs::read_to_string(runner.files.path().join("GITHUB_OUTPUT")).expect("an output");
    assert_eq!(output, "changes=yes\n");
    runner.run(&github()[0]).ends(0);
    let output = std::fs::read_to_string(runner.files.path().join("GITHUB_OUTPUT")).expect("an output");
    assert_eq!(output, "changes=yes\nchanges=no\n");
}

#[test]
fn gitlab_ci() {
    makes_the_cluster(&gitlab());
}

#[test]
fn jenkins_pipeline() {
    makes_the_cluster(&jenkins());
}
