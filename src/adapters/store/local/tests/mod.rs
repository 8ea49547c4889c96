//! The store in a folder.

mod processes;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;
use crate::ops::ports::Version;
use crate::ops::testing::conformance;

fn store() -> (tempfile::TempDir, LocalStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::new(folder.path().join("below/store"));
    (folder, store)
}

async fn create(store: &LocalStore, key: &str, text: &str) -> Version {
    match store.put(key, Bytes::from(text.to_owned()), Condition::Absent).await.unwrap() {
        Put::Written(version) => version,
        Put::Conflict => panic!("{key} is there already"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_a_store() {
    let (_folder, store) = store();
    conformance::all(Arc::new(store), 50).await;
}

#[tokio::test]
async fn nobody_else_can_read_it() {
    let (_folder, store) = store();
    create(&store, "journal/op/000001", "x").await;
    let mode = |path: &str| fs::metadata(store.path().join(path)).unwrap().permissions().mode() & 0o777;
    for (path, expected) in
        [("", 0o700), ("journal", 0o700), ("journal/op", 0o700), ("journal/op/000001", 0o600), (".scaler/guard", 0o600)]
    {
        assert_eq!(mode(path), expected, "{path}");
    }
}

#[tokio::test]
async fn a_reader_makes_nothing() {
    let (folder, store) = store();
    assert_eq!(store.get("x").await.unwrap(), None);
    assert_eq!(store.list("").await.unwrap(), Vec::<String>::new());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_age_is_by_the_file_systems_clock() {
    let (_folder, store) = store();
    create(&store, "x", "x").await;
    let file = fs::File::options().write(true).open(store.path().join("x")).unwrap();
    let written = file.metadata().unwrap().modified().unwrap();
    file.set_modified(written - Duration::from_secs(3600)).unwrap();
    let age = store.get("x").await.unwrap().unwrap().age.unwrap();
    assert!((3600..3660).contains(&age.as_secs()), "{age:?}");
}

#[tokio::test]
async fn what_is_not_ours_is_not_listed() {
    let (_folder, store) = store();
    create(&store, "terraform/x", "x").await;
    for foreign in [".hidden", "terraform/.x.lock.info", "a b"] {
        fs::write(store.path().join(foreign), "").unwrap();
    }
    assert_eq!(store.list("").await.unwrap(), ["terraform/x"]);
}

/// What a writer leaves that died before its rename.
#[tokio::test]
async fn a_draft_left_behind_does_no_harm() {
    let (_folder, store) = store();
    create(&store, "x", "whole").await;
    fs::write(store.path().join(".scaler/draft"), "ha").unwrap();
    assert_eq!(store.get("x").await.unwrap().unwrap().bytes, "whole");
    create(&store, "y", "whole too").await;
    assert_eq!(store.get("y").await.unwrap().unwrap().bytes, "whole too");
    assert!(!store.path().join(".scaler/draft").exists());
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let (folder, store) = store();
    fs::write(folder.path().join("below"), "a file").unwrap();
    let failure = store.put("x", Bytes::new(), Condition::Absent).await.unwrap_err();
    assert!(failure.what.contains(store.path().to_str().unwrap()), "{failure:?}");
}
