//! What the Terraform adapter makes of tools that are missing, wrong or broken.

use std::path::Path;
use std::sync::Arc;

use scaler::adapters::process::{Environment, Host, Program};
use scaler::model::failure::Kind;
use scaler::model::record::Flavour;
use scaler::ops::ports::terraform::{Applied, PlanMode, Terraform};

use super::rig::{Extra, NODES, rig_with};
use super::support::Fake;

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
    fake.rewrite(&script);
    let rig = rig_with(root.path(), "work", &Extra { path: Some(&fake.path("tool")), ..Extra::default() });
    rig.init(NODES).await;
    let failure = rig.apply(PlanMode::Apply).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Partial);
    rig.init(NODES).await;
    let kept = std::fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().path());
    let kept = kept.filter(|path| path.extension().is_some_and(|extension| extension == "tfstate"));
    let [kept] = kept.collect::<Vec<_>>().try_into().unwrap();
    assert!(failure.hints[0].contains(kept.to_str().unwrap()), "{:?}", failure.hints);
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "precious\n");
}

#[tokio::test]
async fn an_apply_without_terraforms_lock_did_nothing() {
    let root = tempfile::tempdir().unwrap();
    let fake = Fake::new("");
    let error = r#"{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Error acquiring the state lock","detail":"x"}}"#;
    fake.rewrite(&format!(
        "#!/bin/sh\ncase $1 in version) echo Terraform v1.11.4;; init) mkdir -p .terraform;; show) echo '{{}}';;
        apply) echo '{error}'; exit 1;; esac"
    ));
    let rig = rig_with(root.path(), "work", &Extra { path: Some(&fake.path("tool")), ..Extra::default() });
    rig.init(NODES).await;
    match rig.apply(PlanMode::Apply).await {
        Ok(Applied::NotBegun(failure)) => assert_eq!(failure.kind, Kind::Failed),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bare_name_is_looked_up() {
    let (environment, _) = Environment::clean(std::env::vars_os());
    let host = Arc::new(Host::new(environment));
    let found = Program::find(&host, "terraform", Some(Path::new("sh"))).unwrap();
    assert!(found.path().is_absolute() && found.path().ends_with("sh"));
}
