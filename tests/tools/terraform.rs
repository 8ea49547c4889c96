//! Terraform's whole life, with the real program, the built-in provider and states in a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scaler::adapters::process::{Environment, Host, Program};
use scaler::adapters::terraform::{Options, TerraformCli};
use scaler::model::failure::{Failure, Kind};
use scaler::model::names::StackId;
use scaler::model::record::Flavour;
use scaler::ops::interrupts::{Interrupter, channel};
use scaler::ops::ports::terraform::{Applied, PlanMode, Stack, State, Terraform};
use scaler::ops::ports::{Event, Progress};

use super::support::{Fake, SUPERVISOR, boot, lease, wait_until};

const LONG: Duration = Duration::from_secs(600);

#[derive(Default)]
struct Events(Mutex<Vec<Event>>);

impl Progress for Events {
    fn tell(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

/// A scaler with a folder of its own.
struct Rig {
    root: PathBuf,
    cli: TerraformCli,
    interrupter: Interrupter,
    events: Arc<Events>,
}

/// What else a rig may have.
#[derive(Default)]
struct Extra<'a> {
    path: Option<&'a Path>,
    variables: &'a [(&'a str, &'a str)],
    lock_timeout: Duration,
}

fn rig_with(root: &Path, work: &str, extra: &Extra) -> Rig {
    let own = [("TF_CLI_CONFIG_FILE", "/no/such/file")].into_iter().chain(extra.variables.iter().copied());
    let variables = std::env::vars_os().chain(own.map(|(name, value)| (name.into(), value.into())));
    let variables: BTreeMap<_, _> = variables.collect();
    let host = Arc::new(Host::new(Environment::clean(variables).0).supervised_by(SUPERVISOR));
    let (interrupter, interrupts) = channel();
    let events = Arc::new(Events::default());
    let cli = TerraformCli::new(Options {
        host,
        path: extra.path.map(Path::to_owned),
        flavour: None,
        work_dir: root.join(work),
        lock_timeout: extra.lock_timeout,
        interrupts,
        progress: Arc::clone(&events) as Arc<dyn Progress>,
    });
    Rig { root: root.to_owned(), cli, interrupter, events }
}

fn rig(root: &Path) -> Rig {
    rig_with(root, "work", &Extra::default())
}

fn id() -> StackId {
    StackId::Pool("w".into())
}

impl Rig {
    fn stack(&self, main: &str) -> Stack {
        let path = self.root.join("x.tfstate");
        let backend = serde_json::json!({ "terraform": { "backend": { "local": { "path": path } } } });
        let files = [("main.tf", main.as_bytes().to_vec()), ("backend.tf.json", backend.to_string().into_bytes())];
        Stack { id: id(), files: files.map(|(name, bytes)| (name.to_owned(), bytes)).into() }
    }

    async fn init(&self, main: &str) {
        assert_eq!(self.cli.init(&self.stack(main), None).await, Ok(String::new()));
    }

    async fn apply(&self, mode: PlanMode) -> Result<Applied, Failure> {
        let plan = self.cli.plan(&id(), mode, None).await?;
        let (lease, _hand) = lease(boot().after(LONG));
        self.cli.apply(plan, &lease).await
    }

    async fn done(&self, mode: PlanMode) -> State {
        match self.apply(mode).await {
            Ok(Applied::Done(state)) => state,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until an apply of [`SLOW`] is in the middle.
    async fn wait_until_slow(&self) {
        let path = self.root.join("slow");
        tokio::task::spawn_blocking(move || wait_until(|| path.exists().then_some(()))).await.unwrap();
    }

    fn locked(&self) -> bool {
        self.root.join(".x.tfstate.lock.info").exists()
    }
}

const NODES: &str = r#"
    variable "names" { default = ["d-w-1", "d-w-2"] }
    resource "terraform_data" "node" {
      for_each = toset(var.names)
      input    = { name = each.key }
    }
    output "made" { value = { for name, node in terraform_data.node : name => node.output.name } }
"#;

/// Hangs in the middle until it is interrupted. `FOLDER` stands for a folder in which the file `slow` then is.
const SLOW: &str = r#"
    resource "terraform_data" "first" { input = "x" }
    resource "terraform_data" "slow" {
      input = terraform_data.first.id
      provisioner "local-exec" { command = "touch FOLDER/slow; exec sleep 1000" }
    }
"#;

fn slow(root: &Path) -> String {
    SLOW.replace("FOLDER", root.to_str().unwrap())
}

#[tokio::test]
async fn a_stack_is_planned_applied_read_and_destroyed() {
    let root = tempfile::tempdir().unwrap();
    let rig = rig(root.path());
    assert!(matches!(rig.cli.tool().await.unwrap().flavour, Flavour::Terraform | Flavour::Opentofu));
    rig.init(NODES).await;
    assert_eq!(rig.cli.state(&id()).await, Ok(None));

    let look = rig.cli.plan(&id(), PlanMode::Look, None).await.unwrap();
    let changes = look.json()["resource_changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[0]["address"], "terraform_data.node[\"d-w-1\"]");
    assert_eq!(look.json()["errored"], false);
    assert_eq!(look.stack(), &id());

    let state = rig.done(PlanMode::Apply).await;
    let addresses: Vec<&String> = state.resources.keys().collect();
    assert_eq!(addresses, ["terraform_data.node[\"d-w-1\"]", "terraform_data.node[\"d-w-2\"]"]);
    assert_eq!(state.resources[addresses[1]]["output"], serde_json::json!({ "name": "d-w-2" }));
    assert_eq!(state.outputs["made"], serde_json::json!({ "d-w-1": "d-w-1", "d-w-2": "d-w-2" }));
    assert_eq!(rig.cli.state(&id()).await, Ok(Some(state.clone())));
    let events = std::mem::take(&mut *rig.events.0.lock().unwrap());
    for (action, word) in [("create", "planned"), ("create", "started"), ("create", "done")] {
        let event = Event::Resource {
            stack: id(),
            address: "terraform_data.node[\"d-w-1\"]".into(),
            action: action.into(),
            state: word.into(),
        };
        assert!(events.contains(&event), "{event:?}");
    }

    let look = rig.cli.plan(&id(), PlanMode::LookDestroy, None).await.unwrap();
    assert_eq!(look.json()["resource_changes"][0]["change"]["actions"], serde_json::json!(["delete"]));
    let after = rig.done(PlanMode::Destroy).await;
    assert!(after.resources.is_empty());
    assert_eq!(after.serial.lineage, state.serial.lineage);
    assert!(after.serial.serial > state.serial.serial);
}

#[tokio::test]
async fn a_plan_that_went_stale_is_not_applied() {
    let root = tempfile::tempdir().unwrap();
    let rig = rig(root.path());
    rig.init(NODES).await;
    let old = rig.cli.plan(&id(), PlanMode::Apply, None).await.unwrap();
    let state = rig.done(PlanMode::Apply).await;
    let (lease, _hand) = lease(boot().after(LONG));
    assert_eq!(rig.cli.apply(old, &lease).await, Ok(Applied::Stale));
    assert_eq!(rig.cli.state(&id()).await, Ok(Some(state)));
}

#[tokio::test]
async fn what_must_not_be_applied_is_not() {
    let root = tempfile::tempdir().unwrap();
    let rig = rig(root.path());
    rig.init(NODES).await;
    assert_eq!(rig.apply(PlanMode::Look).await.unwrap_err().kind, Kind::Refused);
    let plan = rig.cli.plan(&id(), PlanMode::Apply, None).await.unwrap();
    let (ended, _hand) = lease(boot());
    assert_eq!(rig.cli.apply(plan, &ended).await.unwrap_err().kind, Kind::Partial);
    assert_eq!(rig.cli.state(&id()).await, Ok(None));
}

#[tokio::test]
async fn the_first_signal_leaves_an_apply_alone_and_the_second_ends_it_in_order() {
    let root = tempfile::tempdir().unwrap();
    let rig = rig(root.path());
    rig.init(&slow(root.path())).await;
    let (result, ()) = tokio::join!(rig.apply(PlanMode::Apply), async {
        rig.wait_until_slow().await;
        rig.interrupter.interrupt();
        assert!(rig.locked());
        rig.interrupter.interrupt();
    });
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, Kind::Partial);
    assert_eq!(failure.what, "Terraform could not apply stack `pool-w`: it was interrupted");
    assert!(!rig.locked());
    let other = rig_with(root.path(), "other", &Extra::default());
    other.init(NODES).await;
    let state = other.cli.state(&id()).await.unwrap().unwrap();
    assert!(state.resources.contains_key("terraform_data.first"), "what was made before is in the state");
}

#[tokio::test]
async fn a_lost_lease_ends_an_apply_in_order() {
    let root = tempfile::tempdir().unwrap();
    let rig = rig(root.path());
    rig.init(&slow(root.path())).await;
    let plan = rig.cli.plan(&id(), PlanMode::Apply, None).await.unwrap();
    let (lease, hand) = lease(boot().after(LONG));
    let (result, ()) = tokio::join!(rig.cli.apply(plan, &lease), async {
        rig.wait_until_slow().await;
        hand.send_replace(scaler::ops::lease::Standing::Lost { why: "taken over".into() });
    });
    let failure = result.unwrap_err();
    assert_eq!(failure.kind, Kind::Partial);
    assert!(failure.what.contains("the cluster's lock was lost"), "{failure}");
    assert!(!rig.locked());
    assert!(rig.cli.state(&id()).await.unwrap().unwrap().resources.contains_key("terraform_data.first"));
}

#[tokio::test]
async fn the_holder_of_terraforms_lock_is_named() {
    let root = tempfile::tempdir().unwrap();
    let holder = rig(root.path());
    holder.init(&slow(root.path())).await;
    let waiting = Extra { lock_timeout: LONG, ..Extra::default() };
    let (other, patient) = (rig_with(root.path(), "b", &Extra::default()), rig_with(root.path(), "c", &waiting));
    let (held, ()) = tokio::join!(holder.apply(PlanMode::Apply), async {
        holder.wait_until_slow().await;
        let info = std::fs::read_to_string(root.path().join(".x.tfstate.lock.info")).unwrap();
        let info: serde_json::Value = serde_json::from_str(&info).unwrap();

        other.init(NODES).await;
        let failure = other.cli.plan(&id(), PlanMode::Apply, None).await.map(drop).unwrap_err();
        assert_eq!(failure.kind, Kind::Failed);
        assert!(failure.what.contains(info["Who"].as_str().unwrap()), "{failure}");
        assert!(failure.hints[0].contains(info["ID"].as_str().unwrap()), "{:?}", failure.hints);
        assert!(failure.causes[0].starts_with("Error acquiring the state lock\n"), "{:?}", failure.causes);
        assert!(other.cli.plan(&id(), PlanMode::Look, None).await.is_ok(), "to look needs no lock");

        patient.init(NODES).await;
        let stack = id();
        let (result, ()) = tokio::join!(patient.cli.plan(&stack, PlanMode::Apply, None), async {
            let events = Arc::clone(&patient.events);
            let waits = move || events.0.lock().unwrap().iter().any(|event| matches!(event, Event::StepNote { .. }));
            tokio::task::spawn_blocking(move || wait_until(|| waits().then_some(()))).await.unwrap();
            patient.interrupter.interrupt();
        });
        assert_eq!(result.map(drop).unwrap_err().kind, Kind::Interrupted);

        holder.interrupter.interrupt();
        holder.interrupter.interrupt();
    });
    assert!(held.is_err());
}

#[tokio::test]
async fn terraforms_own_words_come_out_without_secrets() {
    let root = tempfile::tempdir().unwrap();
    let secret = "very-secret-marker-0123456789";
    let rig = rig_with(root.path(), "work", &Extra { variables: &[("AWS_SESSION_TOKEN", secret)], ..Extra::default() });
    let main = r#"
        variable "image" { default = "unresolved" }
        resource "terraform_data" "a" {
          lifecycle {
            precondition {
              condition     = var.image != "unresolved"
              error_message = "the image was not resolved: SECRET"
            }
          }
        }"#;
    rig.init(&main.replace("SECRET", secret)).await;
    let failure = rig.cli.plan(&id(), PlanMode::Apply, None).await.map(drop).unwrap_err();
    assert_eq!(failure.what, "Terraform could not plan stack `pool-w`");
    assert!(failure.causes[0].ends_with("the image was not resolved: «redacted»"), "{:?}", failure.causes);
    assert!(failure.causes[0].contains("main.tf line 6"), "{:?}", failure.causes);

    let failure = rig.cli.init(&rig.stack("resource {"), None).await.unwrap_err();
    assert_eq!(failure.what, "Terraform could not initialise stack `pool-w`");
}

#[tokio::test]
async fn the_lock_file_of_providers_holds() {
    let root = tempfile::tempdir().unwrap();
    let mirror = root.path().join("mirror");
    let config = root.path().join("rc");
    let text = format!("provider_installation {{ filesystem_mirror {{ path = \"{}\" }} }}", mirror.display());
    std::fs::write(&config, text).unwrap();
    std::fs::create_dir_all(&mirror).unwrap();
    let variables = [("TF_CLI_CONFIG_FILE", config.to_str().unwrap())];
    let rig = rig_with(root.path(), "work", &Extra { variables: &variables, ..Extra::default() });
    let main = r#"
        terraform {
          required_providers {
            null = { source = "hashicorp/null" }
          }
        }
        resource "null_resource" "a" {}"#;
    let stack = rig.stack(main);

    let failure = rig.cli.init(&stack, None).await.unwrap_err();
    assert!(failure.what.ends_with("a provider of Terraform could not be had"), "{failure}");
    assert!(failure.to_string().contains("was not found in any of the search locations"), "{failure}");

    let platform = if cfg!(target_arch = "aarch64") { "linux_arm64" } else { "linux_amd64" };
    let put = |content: &str| {
        for registry in ["registry.terraform.io", "registry.opentofu.org"] {
            let folder = mirror.join(registry).join("hashicorp/null/3.2.9").join(platform);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("terraform-provider-null_v3.2.9"), content).unwrap();
        }
    };
    put("one");
    let lock = rig.cli.init(&stack, None).await.unwrap();
    assert!(lock.contains("3.2.9"), "{lock}");
    assert_eq!(rig.cli.init(&stack, Some(&lock)).await, Ok(lock.clone()));

    put("another");
    let elsewhere = rig_with(root.path(), "elsewhere", &Extra { variables: &variables, ..Extra::default() });
    let failure = elsewhere.cli.init(&stack, Some(&lock)).await.unwrap_err();
    assert!(failure.what.ends_with("a provider is not the one that the cluster was made with"), "{failure}");

    let empty = "# nothing recorded\n";
    let failure = elsewhere.cli.init(&stack, Some(empty)).await.unwrap_err();
    assert!(failure.what.contains("does not cover what this version of scaler asks for"), "{failure}");
    let warned = rig.events.0.lock().unwrap().iter().any(|event| matches!(event, Event::Warning { .. }));
    assert!(!warned, "nothing to warn of");
}

#[tokio::test]
async fn a_tool_that_is_missing_old_or_another_is_named_with_the_remedy() {
    let root = tempfile::tempdir().unwrap();
    let say = |text: &str| Fake::new(&format!("echo '{text}'"));
    let tool = async |work: &str, extra: Extra<'_>| {
        let failure = rig_with(root.path(), work, &extra).cli.tool().await.unwrap_err();
        assert!(failure.hints.iter().any(|hint| hint.contains("install Terraform 1.10")), "{:?}", failure.hints);
        failure.to_string()
    };
    let nowhere = [("PATH", "/no/such/folder")];
    let missing = tool("a", Extra { variables: &nowhere, ..Extra::default() }).await;
    assert!(missing.contains("`terraform` was not found") && missing.contains("`tofu` was not found"), "{missing}");

    let (old, other) = (say("Terraform v1.5.7"), say("Packer v1.6.6"));
    let old = tool("b", Extra { path: Some(&old.path("tool")), ..Extra::default() }).await;
    assert!(old.contains("Terraform 1.5.7 at"), "{old}");
    let other = tool("c", Extra { path: Some(&other.path("tool")), ..Extra::default() }).await;
    assert!(other.contains("is neither Terraform nor OpenTofu: it calls itself `Packer v1.6.6`"), "{other}");

    let fresh = say("OpenTofu v1.10.0");
    let rig = rig_with(root.path(), "d", &Extra { path: Some(&fresh.path("tool")), ..Extra::default() });
    assert_eq!(rig.cli.tool().await.unwrap().flavour, Flavour::Opentofu);
}

#[tokio::test]
async fn a_crash_comes_out_as_it_was_said() {
    let root = tempfile::tempdir().unwrap();
    let fake = Fake::new(
        "case $1 in version) echo Terraform v1.11.4;; init) mkdir -p .terraform; echo 'panic: oh'; echo 'goroutine 1' >&2; exit 11;; esac",
    );
    // The script changes to its own folder; what it prints is what counts.
    let rig = rig_with(root.path(), "work", &Extra { path: Some(&fake.path("tool")), ..Extra::default() });
    let failure = rig.cli.init(&rig.stack(NODES), None).await.unwrap_err();
    let text = failure.to_string();
    for part in ["exit code 11", "panic: oh", "goroutine 1"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_state_that_could_not_be_saved_is_kept_and_named() {
    let root = tempfile::tempdir().unwrap();
    let fake = Fake::new("");
    let error = r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Failed to persist state to backend","detail":""}}"#;
    let script = format!(
        "#!/bin/sh\ncase $1 in version) echo Terraform v1.11.4;; init) mkdir -p .terraform;; show) echo '{{}}';;
        apply) echo precious > errored.tfstate; echo '{error}'; exit 1;; esac"
    );
    std::fs::write(fake.path("tool"), script).unwrap();
    let rig = rig_with(root.path(), "work", &Extra { path: Some(&fake.path("tool")), ..Extra::default() });
    rig.init(NODES).await;
    let failure = rig.apply(PlanMode::Apply).await.unwrap_err();
    let kept = root.path().join("work/errored-pool-w-1.tfstate");
    assert_eq!(failure.kind, Kind::Partial);
    assert!(failure.hints[0].contains(kept.to_str().unwrap()), "{:?}", failure.hints);
    rig.init(NODES).await;
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "precious\n");
}

/// The variable that makes [`play_apply`] apply, and names its folder.
const PLAY: &str = "SCALER_TEST_APPLIES_IN";

/// Not a test by itself: the process that the next test kills.
#[tokio::test]
async fn play_apply() {
    let Some(root) = std::env::var_os(PLAY) else { return };
    let root = Path::new(&root);
    let rig = rig(root);
    rig.init(&slow(root)).await;
    let _ = rig.apply(PlanMode::Apply).await;
}

#[tokio::test]
async fn after_kill_9_terraform_ends_in_order_and_leaves_no_plan() {
    let root = tempfile::tempdir().unwrap();
    let mut player = Command::new(std::env::current_exe().unwrap());
    player.args(["--exact", "terraform::play_apply"]).env(PLAY, root.path());
    let mut player = player.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until(|| root.path().join("slow").exists().then_some(()));
    player.kill().unwrap();
    player.wait().unwrap();
    wait_until(|| (!root.path().join(".x.tfstate.lock.info").exists()).then_some(()));

    let rig = rig_with(root.path(), "later", &Extra::default());
    rig.init(NODES).await;
    let state = rig.cli.state(&id()).await.unwrap().unwrap();
    assert!(state.resources.contains_key("terraform_data.first"), "{state:?}");
    let files = Command::new("find").arg(root.path()).args(["-type", "f"]).output().unwrap();
    let files = String::from_utf8(files.stdout).unwrap();
    assert!(!files.lines().any(|file| file.contains("plan")), "{files}");
}

#[test]
fn a_bare_name_is_looked_up() {
    let (environment, _) = Environment::clean(std::env::vars_os());
    let host = Arc::new(Host::new(environment));
    let found = Program::find(&host, "terraform", Some(Path::new("sh"))).unwrap();
    assert!(found.path().is_absolute() && found.path().ends_with("sh"));
}
