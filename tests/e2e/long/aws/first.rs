//! The README's first cluster on AWS, as it is written there, as far as an emulator goes.

use std::path::Path;
use std::process::Command;

use scaler_lab::Moto;

use super::cluster::REGION;
use crate::gates::put;
use crate::world::{Program, environment};

/// The lines that a person types.
fn lines() -> Vec<&'static str> {
    let readme = include_str!("../../../../README.md");
    let chapter = readme.split_once("## A first cluster on AWS").expect("the chapter").1;
    let block = chapter.split_once("```sh\n").and_then(|(_, rest)| rest.split_once("\n```")).expect("the lines").0;
    block.lines().collect()
}

/// What the lines fetch from elsewhere is here.
const CURL: &str = "#!/bin/sh
case \"$*\" in
  *checkip*) echo 198.51.100.23 ;;
  *kube-flannel.yml) echo '{ apiVersion: v1, kind: Namespace, metadata: { name: kube-flannel } }' >kube-flannel.yml ;;
  *) exit 22 ;;
esac
";

/// A home with the profile `acme`, and a PATH with the program.
fn person(moto: &Moto) -> Program {
    let mut variables = environment(Path::new("/nonexistent"));
    variables.remove("KUBECONFIG");
    let mut program = Program::new(variables);
    let (bin, home) = (program.folder.path().join("bin"), program.folder.path().join("home"));
    for folder in [&bin, &home.join(".ssh"), &home.join(".aws")] {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    put(&bin.join("curl"), CURL);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_scaler"), bin.join("scaler")).expect("the program on the PATH");
    let keys = moto.credentials();
    let (key, secret) = (keys.access_key, keys.secret_key);
    let profile = format!("[acme]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n");
    std::fs::write(home.join(".aws/credentials"), profile).expect("a login");
    let path = format!("{}:{}", bin.display(), program.environment["PATH"]);
    program.environment.extend([
        ("PATH".to_owned(), path),
        ("HOME".to_owned(), home.display().to_string()),
        ("AWS_ENDPOINT_URL".to_owned(), moto.url()),
        ("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned()),
    ]);
    program
}

#[test]
fn the_lines_of_the_readme_lead_to_a_plan() {
    scaler_lab::needs!(Moto, AwsProvider);
    let lines = lines();
    assert_eq!(lines.len(), 10, "{lines:#?}");
    let moto = Moto::start();
    let mut program = person(&moto);
    let made = lines.iter().position(|line| *line == "scaler apply").expect("a line that makes it");
    // Nobody is here to be asked.
    let script = lines[..made].join("\n").replace("scaler state init", "scaler state init --yes");
    let mut shell = Command::new("sh");
    shell.args(["-euc", &script]).current_dir(program.folder.path()).env_clear().envs(&program.environment);
    let said = shell.output().expect("a shell");
    let text = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "{script}\n{text}");
    assert!(moto.ask_bucket(REGION, "acme-clusters", "versioning").contains("Enabled"), "{text}");

    program.environment.insert("AWS_PROFILE".to_owned(), "acme".to_owned());
    program.run(&["validate"]).ends(0);
    program.run(&["render", "--out", "out"]).ends(0);
    let rendered =
        std::fs::read_to_string(program.folder.path().join("out/terraform/foundation/terraform.tfvars.json"));
    let rendered = rendered.expect("the foundation's values");
    assert!(rendered.contains("198.51.100.23/32") && rendered.contains("ssh-ed25519"), "{rendered}");
    // The emulator has no image of Ubuntu's.
    let file = program.folder.path().join("cluster.yml");
    let text = std::fs::read_to_string(&file).expect("the cluster file");
    std::fs::write(&file, text.replace("{ family: ubuntu-24.04 }", "{ id: ami-12c6146b }")).expect("the cluster file");
    let plan = ["plan", "--set", "controlPlane.image.id=ami-12c6146b", "--output", "json"];
    let plan = program.run(&plan).ends(0).json();
    assert_eq!(plan["changes"], true, "{plan}");
    assert!(plan.to_string().contains("demo-workers-1"), "{plan}");

    let rest = lines[made..].iter().flat_map(|line| line.split(" && "));
    for command in rest.filter_map(|command| command.strip_prefix("scaler ")) {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        program.run(&words).ends(0);
    }
}
