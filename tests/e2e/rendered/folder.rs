//! A cluster file, what `scaler render` made of it, and Terraform in there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use scaler_lab::Moto;
use serde_json::Value;

use crate::world::{Program, environment};

pub const REGION: &str = "eu-west-1";

const PUBLIC_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f t\n";

/// Keeps Terraform from the states that the rendered backend names.
const NO_BACKEND: &str = "terraform {\n  backend \"local\" {}\n}\n";

pub struct Rendered {
    program: Program,
}

impl Rendered {
    /// Of a cluster file. The files that it may name are there.
    pub fn of(text: &str, sets: &[&str]) -> Rendered {
        Rendered::with(text, sets, None)
    }

    /// Of a cluster that stands, as this record has it.
    pub fn recorded(text: &str, record: &Value) -> Rendered {
        Rendered::with(text, &[], Some(record))
    }

    fn with(text: &str, sets: &[&str], record: Option<&Value>) -> Rendered {
        let mut program = Program::new(environment(Path::new("/nonexistent")));
        let folder = program.folder.path().to_owned();
        program.environment.insert("HOME".to_owned(), folder.display().to_string());
        std::fs::create_dir(folder.join(".ssh")).expect("a folder");
        for (name, content) in [
            ("cluster.yml", text),
            (".ssh/demo.pub", PUBLIC_KEY),
            ("flannel.yml", "apiVersion: v1\nkind: Namespace\nmetadata: { name: kube-flannel }\n"),
        ] {
            std::fs::write(folder.join(name), content).expect("a file");
        }
        let mut args = vec!["render", "--out", "out"];
        args.extend(sets.iter().flat_map(|set| ["--set", set]));
        if let Some(record) = record {
            std::fs::write(folder.join("record.json"), record.to_string()).expect("a record");
            args.extend(["--record", "record.json"]);
        }
        program.run(&args).ends(0);
        Rendered { program }
    }

    pub fn folder(&self) -> PathBuf {
        self.program.folder.path().join("out")
    }

    /// The stacks, by name.
    pub fn stacks(&self) -> BTreeMap<String, PathBuf> {
        let listed = std::fs::read_dir(self.folder().join("terraform")).expect("stacks");
        let named = |entry: std::fs::DirEntry| (entry.file_name().to_string_lossy().into_owned(), entry.path());
        listed.map(|entry| named(entry.expect("an entry"))).collect()
    }

    /// Runs Terraform or OpenTofu, whichever is there; it must find nothing wrong. Gives its standard output.
    #[track_caller]
    pub fn terraform(&self, folder: &Path, login: &BTreeMap<String, String>, args: &[&str]) -> String {
        let tool = ["terraform", "tofu"].into_iter().find_map(scaler_lab::program).expect("Terraform or OpenTofu");
        let mut command = Command::new(&tool);
        command.args(args).current_dir(folder).env_clear().envs(&self.program.environment).envs(login);
        let output = command.stdin(Stdio::null()).output().expect("it starts");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{} {args:?} in {}:\n{out}\n{err}", tool.display(), folder.display());
        out.into_owned()
    }

    /// The plan of a stack from nothing, as JSON.
    #[track_caller]
    pub fn plan(&self, stack: &str, moto: &Moto) -> Value {
        let folder = self.stacks().remove(stack).expect("a stack of this name");
        let login: BTreeMap<String, String> =
            moto.environment(REGION).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        std::fs::write(folder.join("backend_override.tf"), NO_BACKEND).expect("an override");
        self.terraform(&folder, &login, &["init", "-input=false"]);
        self.terraform(&folder, &login, &["plan", "-input=false", "-out=it"]);
        let text = self.terraform(&folder, &login, &["show", "-json", "it"]);
        serde_json::from_str(&text).expect("a plan is JSON")
    }
}

/// The starter file of `scaler init aws`, with images that need no look-up.
pub fn starter() -> String {
    let program = Program::new(environment(Path::new("/nonexistent")));
    program.run(&["init", "aws"]).ends(0);
    let text = std::fs::read_to_string(program.folder.path().join("cluster.yml")).expect("a cluster file");
    text.replace("{ family: ubuntu-24.04 }", "{ id: ami-12c6146b }")
        .replace("machine: t3.medium", "machine: t3.medium\n  image: { id: ami-12c6146b }")
}
