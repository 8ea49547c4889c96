//! Terraform's whole life, with the real program, the built-in provider and states in a folder.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use scaler::model::failure::Kind;
use scaler::model::record::Flavour;
use scaler::ops::ports::Event;
use scaler::ops::ports::terraform::{Applied, PlanMode, Terraform};

use super::rig::{Extra, LONG, NODES, id, rig, rig_with, slow};
use super::support::{boot, lease, wait_until};

/// Runs each of these with Terraform and with OpenTofu.
macro_rules! with_each_tool {
    ($($test:ident)*) => {
        mod of_terraform {
            $(#[tokio::test]
            async fn $test() {
                scaler_lab::needs!(Terraform);
                super::$test(&scaler_lab::program("terraform").unwrap()).await;
            })*
        }
        mod of_opentofu {
            $(#[tokio::test]
            async fn $test() {
                scaler_lab::needs!(Opentofu);
                super::$test(&scaler_lab::program("tofu").unwrap()).await;
            })*
        }
    };
}

with_each_tool! {
    a_stack_is_planned_applied_read_and_destroyed
    a_plan_that_went_stale_is_not_applied
    what_must_not_be_applied_is_not
    the_first_signal_leaves_an_apply_alone_and_the_second_ends_it_in_order
    a_lost_lease_ends_an_apply_in_order
    the_holder_of_terraforms_lock_is_named
    terraforms_own_words_come_out_without_secrets
    the_lock_file_of_providers_holds
    after_kill_9_terraform_ends_in_order_and_leaves_no_plan
}

async fn a_stack_is_planned_applied_read_and_destroyed(tool: &Path) {
    let root = tempfile::tempdir().unwrap();
    let rig = rig(root.path(), tool);
    assert!(matches!(rig.cli.tool().await.unwrap().flavour, Flavour::Terraform | Flavour::Opentofu));
    rig.init(NODES).await;
    assert_eq!(rig.state(), None);

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
    assert_eq!(rig.state(), Some(state.clone()));
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

async fn a_plan_that_went_stale_is_not_applied(tool: &Path) {
    let root = tempfile::tempdir().unwrap();
    let rig = rig(root.path(), tool);
    rig.init(NODES).await;
    let old = rig.cli.plan(&id(), PlanMode::Apply, None).await.unwrap();
    let state = rig.done(PlanMode::Apply).await;
    let (lease, _hand) = lease(boot().after(LONG));
    assert_eq!(rig.cli.apply(old, &lease).await, Ok(Applied::Stale));
    assert_eq!(rig.state(), Some(state));
}

async fn what_must_not_be_applied_is_not(tool: &Path) {
    let root = tempfile::tempdir().unwrap();
    let rig = rig(root.path(), tool);
    rig.init(NODES).await;
    assert_eq!(rig.apply(PlanMode::Look).await.unwrap_err().kind, Kind::Refused);
    let plan = rig.cli.plan(&id(), PlanMode::Apply, None).await.unwrap();
    let (ended, _hand) = lease(boot());
    assert_eq!(rig.cli.apply(plan, &ended).await.unwrap_err().kind, Kind::Partial);
    assert_eq!(rig.state(), None);
}

async fn the_first_signal_leaves_an_apply_alone_and_the_second_ends_it_in_order(tool: &Path) {
    let root = tempfile::tempdir().unwrap();
    let rig = rig(root.path(), tool);
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
    let state = rig.state().unwrap();
    assert!(state.resources.contains_key("terraform_data.first"), "what was made before is in the state");
}

async fn a_lost_lease_ends_an_apply_in_order(tool: &Path) {
    let root = tempfile::tempdir().unwrap();
    let rig = rig(root.path(), tool);
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
    assert!(rig.state().unwrap().resources.contains_key("terraform_data.first"));
}

async fn the_holder_of_terraforms_lock_is_named(tool: &Path) {
    let root = tempfile::tempdir().unwrap();
    let holder = rig(root.path(), tool);
    holder.init(&slow(root.path())).await;
    let waiting = Extra { path: Some(tool), lock_timeout: LONG, ..Extra::default() };
    let (other, patient) = (
        rig_with(root.path(), "b", &Extra { path: Some(tool), ..Extra::default() }),
        rig_with(root.path(), "c", &waiting),
    );
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

async fn terraforms_own_words_come_out_without_secrets(tool: &Path) {
    let root = tempfile::tempdir().unwrap();
    let secret = "very-secret-marker-0123456789";
    let rig = rig_with(
        root.path(),
        "work",
        &Extra { path: Some(tool), variables: &[("AWS_SESSION_TOKEN", secret)], ..Extra::default() },
    );
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

async fn the_lock_file_of_providers_holds(tool: &Path) {
    let root = tempfile::tempdir().unwrap();
    let mirror = root.path().join("mirror");
    let config = root.path().join("rc");
    let text = format!("provider_installation {{ filesystem_mirror {{ path = \"{}\" }} }}", mirror.display());
    std::fs::write(&config, text).unwrap();
    std::fs::create_dir_all(&mirror).unwrap();
    let variables = [("TF_CLI_CONFIG_FILE", config.to_str().unwrap())];
    let rig = rig_with(root.path(), "work", &Extra { path: Some(tool), variables: &variables, ..Extra::default() });
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
    let elsewhere =
        rig_with(root.path(), "elsewhere", &Extra { path: Some(tool), variables: &variables, ..Extra::default() });
    let failure = elsewhere.cli.init(&stack, Some(&lock)).await.unwrap_err();
    assert!(failure.what.ends_with("a provider is not the one that the cluster was made with"), "{failure}");

    let empty = "# nothing recorded\n";
    let failure = elsewhere.cli.init(&stack, Some(empty)).await.unwrap_err();
    assert!(failure.what.contains("does not cover what this version of scaler asks for"), "{failure}");
    let warned = rig.events.0.lock().unwrap().iter().any(|event| matches!(event, Event::Warning { .. }));
    assert!(!warned, "nothing to warn of");
}

/// The variable that makes [`play_apply`] apply, and names its folder.
const PLAY: &str = "SCALER_TEST_APPLIES_IN";

/// The variable that names its tool.
const PLAY_WITH: &str = "SCALER_TEST_APPLIES_WITH";

/// Not a test by itself: the process that the next test kills.
#[tokio::test]
async fn play_apply() {
    let Some(root) = std::env::var_os(PLAY) else { return };
    let root = Path::new(&root);
    let rig = rig(root, Path::new(&std::env::var_os(PLAY_WITH).unwrap()));
    rig.init(&slow(root)).await;
    let _ = rig.apply(PlanMode::Apply).await;
}

async fn after_kill_9_terraform_ends_in_order_and_leaves_no_plan(tool: &Path) {
    let root = tempfile::tempdir().unwrap();
    let mut player = Command::new(std::env::current_exe().unwrap());
    player.args(["--exact", "terraform::play_apply"]).env(PLAY, root.path()).env(PLAY_WITH, tool);
    let mut player = player.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until(|| root.path().join("slow").exists().then_some(()));
    player.kill().unwrap();
    player.wait().unwrap();
    wait_until(|| (!root.path().join(".x.tfstate.lock.info").exists()).then_some(()));

    let rig = rig_with(root.path(), "later", &Extra { path: Some(tool), ..Extra::default() });
    let state = rig.state().unwrap();
    assert!(state.resources.contains_key("terraform_data.first"), "{state:?}");
    let files = Command::new("find").arg(root.path()).args(["-type", "f"]).output().unwrap();
    let files = String::from_utf8(files.stdout).unwrap();
    assert!(!files.lines().any(|file| file.contains("plan")), "{files}");
}
