//! A marker in every credential: it may be in no output, no file that stays, no argument list and no error text.

pub mod search;

use scaler_lab::{Fault, Matcher};

use crate::gates::on;
use crate::world::{Said, World, workload};
use search::Search;

/// Not a word that anything would say by itself. The kubeconfig's token is the lab's own, of the user `operator`.
const SECRETS: [(&str, &str); 7] = [
    ("AWS_ACCESS_KEY_ID", "AKIAQMARKERMARKERQ12"),
    ("AWS_SECRET_ACCESS_KEY", "q7marker/of+the-secret-key"),
    ("AWS_SESSION_TOKEN", "q7marker-of-the-session=="),
    ("TF_VAR_password", "q7marker-of-a-variable"),
    ("TF_CLI_ARGS", "-var=x=q7marker-of-the-arguments"),
    ("TF_CLI_ARGS_plan", "-var=y=q7marker-of-the-plan"),
    ("TF_TOKEN_registry_example_com", "q7marker-of-a-registry"),
];
const TOKEN: &str = "token-of-operator";
const PRIVATE_KEY: &str = "q7markerOfThePrivateKeyq7markerOfThePrivateKey";

fn markers() -> Vec<String> {
    let planted = SECRETS.iter().map(|(_, value)| value.rsplit('=').find(|part| !part.is_empty()).unwrap_or(value));
    planted.chain([TOKEN, PRIVATE_KEY]).map(str::to_owned).collect()
}

/// A world whose program has every secret, and whose way to the API server is a proxy's.
fn planted() -> (World, scaler_lab::FaultProxy) {
    let mut world = World::new();
    for (name, value) in SECRETS {
        world.program.environment.insert(name.to_owned(), value.to_owned());
    }
    let proxy = world.k.proxy();
    let kubeconfig = world.k.kubeconfig_through(&proxy);
    assert!(std::fs::read_to_string(&kubeconfig).expect("a kubeconfig").contains(TOKEN));
    world.program.environment.insert("KUBECONFIG".to_owned(), kubeconfig.display().to_string());
    let folder = world.folder().join("ssh");
    std::fs::create_dir(&folder).expect("a folder");
    let key = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{PRIVATE_KEY}\n-----END OPENSSH PRIVATE KEY-----\n");
    std::fs::write(folder.join("key"), key).expect("a key");
    std::fs::write(folder.join("key.pub"), "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemo demo\n").expect("a public key");
    world.write(&world.file("min: 1, max: 6", SSH).replace("timeout: 60s", "timeout: 6s"));
    (world, proxy)
}

const SSH: &str = "ssh: { user: ubuntu, privateKeyFile: ssh/key, publicKeyFile: ssh/key.pub }\n";

/// With the whole log, which is read too.
fn verbose(world: &World, args: &[&str]) -> Said {
    world.run(&[args, &["-vvv"]].concat())
}

#[test]
fn are_nowhere_when_all_goes_well() {
    let (world, _proxy) = planted();
    let search = Search::of(&world, markers());
    let run = |args: &[&str], code: i32| search.said(verbose(&world, args).ends(code), args);
    let said = run(&["apply", "--yes", "--work-dir", "work"], 0);
    assert!(said.stderr.contains("INFO tool: starts"), "the log is among what was said: {}", said.stderr);
    run(&["scale-up", "--pool", &world.pool, "--to", "3", "--yes", "--output", "json", "--progress", "json"], 0);
    run(&["plan", "--output", "json", "--out", "plan.json"], 0);
    run(&["status", "--output", "json"], 0);
    run(&["doctor", "--output", "json"], 0);
    run(&["doctor"], 0);
    run(&["render", "--out", "rendered"], 0);
    run(&["scale-down", "--pool", &world.pool, "--to", "2", "--yes", "--work-dir", "work"], 0);
    run(&["destroy", "--yes", "--name", &world.cluster], 0);
    search.ends(&["ssh/key"]);
}

#[test]
fn are_nowhere_when_a_drain_and_the_api_server_fail() {
    let (world, proxy) = planted();
    let search = Search::of(&world, markers());
    let run = |args: &[&str], code: i32| search.said(verbose(&world, args).ends(code), args);
    run(&["apply", "--yes"], 0);
    run(&["scale-up", "--pool", &world.pool, "--to", "2", "--yes"], 0);
    let namespace = world.k.namespace("told");
    world.k.apply(&workload(&namespace, &world.pool, 2, 1));
    world.wait_ready(&namespace, 2);
    let told = format!("the login {TOKEN} is not liked here, says {{\"Authorization\": \"Bearer {TOKEN}\"}}");
    let down = ["scale-down", "--pool", &world.pool, "--node", &world.node(1), "--yes", "--output", "json"];
    // The eviction's refusal is told while it is waited for, in the report, and in the journal.
    proxy.order(Fault::status(500, "InternalError", &told).when(Matcher::any().path("/eviction")).always());
    let said = run(&down, 5);
    assert!(said.stderr.contains("is not liked here"), "the server's words are told: {}", said.stderr);
    proxy.calm();
    for (code, reason) in [(401, "Unauthorized"), (403, "Forbidden"), (500, "InternalError")] {
        let failing = Fault::status(code, reason, &told).always();
        proxy.order(failing.clone().when(Matcher::any().path("/api/v1/nodes")));
        run(&["plan"], 0);
        run(&["plan", "--output", "json"], 0);
        let said = run(&["status", "--output", "json"], 0);
        proxy.order(failing.when(Matcher::any().path("/api/v1/namespaces/kube-system")));
        run(&["doctor"], 1);
        run(&down, 5);
        assert!(said.stdout.contains("is not liked here"), "{code}: the server's words are told: {}", said.stdout);
        proxy.calm();
    }
    search.ends(&["ssh/key"]);
}

#[test]
fn are_nowhere_when_tools_tell_them() {
    let (mut world, _proxy) = planted();
    let search = Search::of(&world, markers());
    let run = |world: &World, args: &[&str], code: i32| search.said(verbose(world, args).ends(code), args);
    run(&world, &["apply", "--yes"], 0);
    let bin = world.folder().join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    let path = world.program.environment["PATH"].clone();
    world.program.environment.insert("PATH".to_owned(), format!("{}:{path}", bin.display()));
    // A tool that puts its login into its error, as some providers do.
    let terraform = ["terraform", "tofu"].into_iter().find(|name| on(&path, name).is_some()).expect("Terraform");
    let real = on(&path, terraform).expect("Terraform");
    let tell = "echo \"wrong key: $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN\" >&2; exit 1";
    let script = format!("#!/bin/sh\n[ \"$1\" = version ] && exec {} version\n{tell}\n", real.display());
    crate::gates::put(&bin.join(terraform), &script);
    let said = run(&world, &["scale-up", "--pool", &world.pool, "--to", "2", "--yes"], 1);
    assert!(said.stderr.contains("wrong key: "), "the tool's words are told: {}", said.stderr);
    std::fs::remove_file(bin.join(terraform)).expect("the fake");
    let script = format!("#!/bin/sh\necho \"error: wrong key: {TOKEN}\" >&2\nexit 1\n");
    crate::gates::put(&bin.join("kubectl"), &script);
    let said = run(&world, &["status"], 0);
    assert!(said.stdout.contains("wrong key: "), "the tool's words are told: {}", said.stdout);
    run(&world, &["doctor", "--output", "json"], 1);
    search.ends(&["ssh/key", "bin/kubectl"]);
}

impl Search {
    /// Looks through what a run said.
    #[track_caller]
    fn said(&self, said: Said, args: &[&str]) -> Said {
        self.clean(&said.stdout, &format!("the result of {args:?}"));
        self.clean(&said.stderr, &format!("the progress of {args:?}"));
        said
    }
}
