//! When Terraform is initialised, and where its providers are kept.

use std::fs::File;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use scaler::ops::ports::terraform::{Stack, Terraform};

use super::rig::{Extra, NODES, Rig, rig_with};
use super::support::Fake;

/// A Terraform that notes each init with the folder of providers that it was given.
fn noting(notes: &Path) -> Fake {
    let fake = Fake::new("");
    fake.rewrite(&format!(
        "#!/bin/sh\ncase $1 in version) echo Terraform v1.11.4;;
        init) mkdir -p .terraform; echo \"$TF_PLUGIN_CACHE_DIR\" >> '{}';; esac",
        notes.display()
    ));
    fake
}

fn notes(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn with_values(rig: &Rig, values: &str) -> Stack {
    let mut stack = rig.stack(NODES);
    stack.files.insert("terraform.tfvars.json".into(), values.as_bytes().to_vec());
    stack
}

#[tokio::test]
async fn only_what_init_reads_makes_another_init() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes");
    let fake = noting(&path);
    let rig = rig_with(root.path(), "work", &Extra { path: Some(&fake.path("tool")), ..Extra::default() });
    for values in ["{}", r#"{"names": []}"#, r#"{"names": ["a"]}"#] {
        rig.cli.init(&with_values(&rig, values), None).await.unwrap();
        let written = root.path().join("work/pool-w/terraform.tfvars.json");
        assert_eq!(std::fs::read_to_string(written).unwrap(), values);
    }
    assert_eq!(notes(&path).len(), 1);
    rig.cli.init(&with_values(&rig, "{}"), Some("a lock file")).await.unwrap();
    assert_eq!(notes(&path).len(), 2);
    let mut other = with_values(&rig, "{}");
    other.files.insert("main.tf".into(), b"# another module".to_vec());
    rig.cli.init(&other, Some("a lock file")).await.unwrap();
    assert_eq!(notes(&path).len(), 3);
}

#[tokio::test]
async fn an_init_that_failed_is_made_again() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("notes");
    let fake = noting(&path);
    let sound = std::fs::read_to_string(fake.path("tool")).unwrap();
    fake.rewrite("#!/bin/sh\ncase $1 in version) echo Terraform v1.11.4;; *) exit 1;; esac");
    let rig = rig_with(root.path(), "work", &Extra { path: Some(&fake.path("tool")), ..Extra::default() });
    rig.cli.init(&rig.stack(NODES), None).await.unwrap_err();
    fake.rewrite(&sound);
    rig.init(NODES).await;
    assert_eq!(notes(&path).len(), 1);
}

#[tokio::test]
async fn providers_are_kept_in_the_users_cache_when_their_versions_are_known() {
    let root = tempfile::tempdir().unwrap();
    let (path, caches) = (root.path().join("notes"), root.path().join("caches"));
    let fake = noting(&path);
    let caches_text = caches.display().to_string();
    let variables = [("XDG_CACHE_HOME", caches_text.as_str())];
    let extra = |work: &'static str, variables: &[(&str, &str)], lock: Option<&'static str>| {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (root, tool) = (root.path().to_owned(), fake.path("tool"));
        async move {
            let variables: Vec<(&str, &str)> =
                variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let extra = Extra { path: Some(&tool), variables: &variables, ..Extra::default() };
            let rig = rig_with(&root, work, &extra);
            rig.cli.init(&rig.stack(NODES), lock).await.unwrap();
        }
    };
    let shared = caches.join("scaler/providers");
    let own = |work: &str| root.path().join(work).join("providers");
    extra("known", &variables, Some("a lock file")).await;
    extra("unknown", &variables, None).await;
    let taken = File::open(shared.join(".lock")).unwrap();
    flock(&taken, FlockOperation::LockExclusive).unwrap();
    extra("busy", &variables, Some("a lock file")).await;
    drop(taken);
    extra("users", &[("TF_PLUGIN_CACHE_DIR", "/users/own")], Some("a lock file")).await;
    let expected = [shared, own("unknown"), own("busy"), "/users/own".into()].map(|path| path.display().to_string());
    assert_eq!(notes(&path), expected);
}
